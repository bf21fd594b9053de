"""A policy that learns in simulation to make an object follow a trajectory."""
