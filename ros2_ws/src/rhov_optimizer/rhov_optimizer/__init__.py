"""Object pose tracking and joint optimisation of hand and object over time."""
