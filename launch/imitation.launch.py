"""The imitation node: plans a robot motion for a trajectory, on request."""

from rhov.launch_file import launch_description


def generate_launch_description():
    """Called by `ros2 launch rhov imitation.launch.py`; `--show-args` lists the arguments."""
    return launch_description("imitation")
