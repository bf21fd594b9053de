"""The trajectory optimiser alone; cues come from the perception nodes."""

from rhov.launch_file import launch_description


def generate_launch_description():
    """Called by `ros2 launch rhov optimizer.launch.py`; `--show-args` lists the arguments."""
    return launch_description("optimizer")
