"""A joint trajectory controller and a gripper controller without ROS: goals in, set-points out."""
