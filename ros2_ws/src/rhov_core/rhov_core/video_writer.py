"""Writing frames to H.264 video files."""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np

from rhov_core.arrays import ByteArray
from rhov_core.errors import InputError, MissingDependencyError, RhovError
from rhov_core.files import atomic_path

CLOSE_TIMEOUT = 120.0
"""How long the encoder may take for what it still holds at the end [s]."""
LAST_WORDS_TIMEOUT = 5.0
"""How long an encoder that has stopped reading may take to say why [s]."""


def ffmpeg_executable() -> str:
    """The path of an ffmpeg program.

    Raises:
        MissingDependencyError: If there is none.
    """
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise MissingDependencyError("imageio-ffmpeg", "writing videos", "pip install imageio-ffmpeg") from error


class VideoWriter:
    """Writes an H.264 mp4 that browsers play. The file appears under its name only when it is complete.

    Use it as a context manager; leaving it by an exception leaves no file behind.

    Args:
        path: The file to write, usually `*.mp4`.
        fps: Frame rate [1/s].
        size: (width, height) of the frames [pixel]. An odd size gains one black column or row.
        crf: Constant rate factor, 0 (lossless) to 51; 18 looks like the original.

    Raises:
        InputError: If the rate or size is impossible or the folder cannot be written.
        MissingDependencyError: If there is no ffmpeg.
    """

    def __init__(self, path: str | Path, fps: float, size: tuple[int, int], crf: int = 20) -> None:
        self.path, self.size, self.frames_written = Path(path), size, 0
        if not (np.isfinite(fps) and 0.1 <= fps <= 1000) or min(size) < 2:
            raise InputError(
                f"a video of {size[0]}x{size[1]} pixels at {fps:g} frames per second was asked for",
                "at least 2x2 pixels and 0.1 to 1000 frames per second",
                "correct the size or the rate",
            )
        self._command = [
            *(ffmpeg_executable(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y"),
            *("-f", "rawvideo", "-pixel_format", "bgr24", "-video_size", f"{size[0]}x{size[1]}"),
            *("-framerate", f"{fps:.6f}", "-i", "pipe:0", "-an", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2"),
            *("-c:v", "libx264", "-preset", "veryfast", "-crf", str(crf), "-pix_fmt", "yuv420p"),
            *("-threads", "1", "-movflags", "+faststart", "-f", "mp4"),
        ]
        self._stack = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> VideoWriter:
        with ExitStack() as stack:
            partial = stack.enter_context(atomic_path(self.path))
            # A file, not a pipe: nobody reads a pipe while frames are being written.
            self._log: IO[bytes] = stack.enter_context(tempfile.TemporaryFile())
            self._process = subprocess.Popen(
                [*self._command, str(partial)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._log
            )
            stack.callback(self._stop)
            self._stack = stack.pop_all()
        return self

    def write(self, image: ByteArray) -> None:
        """Appends a frame (H, W, 3) BGR.

        Raises:
            InputError: If the frame has another size or type than the video.
            RhovError: If the encoder has failed.
        """
        width, height = self.size
        if image.shape != (height, width, 3) or image.dtype != np.uint8:
            raise InputError(
                f"a frame is {image.dtype} {image.shape}", f"uint8 {(height, width, 3)}", "convert or resize it"
            )
        assert self._process is not None and self._process.stdin is not None, "use VideoWriter in a with statement"
        try:
            self._process.stdin.write(np.ascontiguousarray(image).data)
        except OSError as error:
            raise self._failure() from error
        self.frames_written += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            self._finish()

    def _finish(self) -> None:
        if self.frames_written == 0:
            raise InputError(f"no frame was given for '{self.path}'", "at least one frame", "check the frame range")
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.close()
            status = self._process.wait(CLOSE_TIMEOUT)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise self._failure() from error
        if status != 0:
            raise self._failure()

    def _failure(self) -> RhovError:
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(LAST_WORDS_TIMEOUT)
        self._log.seek(0)
        lines = self._log.read().decode("utf-8", "replace").strip().splitlines()
        reason = lines[-1] if lines else "it gave no reason"
        return RhovError(f"ffmpeg could not write '{self.path}' after {self.frames_written} frames: {reason}.")

    def _stop(self) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
        if process is not None and process.stdin is not None and not process.stdin.closed:
            with suppress(OSError):  # what the encoder had not read is lost
                process.stdin.close()
