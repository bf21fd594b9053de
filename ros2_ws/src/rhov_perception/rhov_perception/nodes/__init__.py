"""The ROS nodes of this package; each translates between messages and the library."""
