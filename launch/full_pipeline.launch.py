"""The whole way: a video (or a camera topic) and a mesh in, a robot that follows the object out."""

from rhov.launch_file import launch_description


def generate_launch_description():
    """Called by `ros2 launch rhov full_pipeline.launch.py`; `--show-args` lists the arguments."""
    return launch_description("perception", "optimizer", "imitation", "replay", "coordination")
