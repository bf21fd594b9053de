"""Video files: `VideoReader` gives their frames, `VideoWriter` makes them."""

from rhov_core.video_reader import VideoFrame, VideoProperties, VideoReader
from rhov_core.video_writer import VideoWriter, ffmpeg_executable

__all__ = ["VideoFrame", "VideoProperties", "VideoReader", "VideoWriter", "ffmpeg_executable"]
