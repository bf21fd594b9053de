"""The robot behind the controllers: one interface, one file per kind of robot, one set of protections for all."""
