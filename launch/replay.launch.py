"""Replay of a planned motion, with the simulated controller unless simulate:=false."""

from rhov.launch_file import launch_description


def generate_launch_description():
    """Called by `ros2 launch rhov replay.launch.py`; `--show-args` lists the arguments."""
    return launch_description("replay")
