"""A planned motion sent to a robot through trajectory goals and gripper goals, recorded and judged."""
