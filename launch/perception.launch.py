"""Hand and object cues of a video or of an image topic."""

from rhov.launch_file import launch_description


def generate_launch_description():
    """Called by `ros2 launch rhov perception.launch.py`; `--show-args` lists the arguments."""
    return launch_description("perception")
