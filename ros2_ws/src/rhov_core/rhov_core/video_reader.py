"""Reading frames from video files."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from rhov_core.arrays import ByteArray
from rhov_core.errors import InputError

# The decoder's complaints about single frames would flood the terminal; the reader counts those frames itself.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

ACCEPTED = "a video file that ffmpeg can decode (mp4, mov, mkv, webm, avi)"
REORDER_DEPTH = 32
"""Packets that lie between a frame's place in the file and its place in time: H.264 and H.265 allow 16."""
READ_ATTEMPTS = 16
FALLBACK_RATE = 30.0
SMALLEST_STEP = 1e-4
"""What separates two stamps that the container claims to be equal [s]."""


class VideoFrame(NamedTuple):
    """One decoded picture."""

    frame_index: int
    """Its place among the decodable frames of the file, from 0."""
    stamp: float
    """Its time after the first frame [s]; strictly increasing."""
    image: ByteArray
    """(H, W, 3) BGR, upright."""


@dataclass(frozen=True)
class VideoProperties:
    """What a video file says about itself."""

    width: int
    """[pixel], after applying the rotation in the file's metadata."""
    height: int
    """[pixel], after applying the rotation in the file's metadata."""
    fps: float
    """Mean frame rate [1/s]."""
    frames_announced: int
    """By the container, 0 if it does not say; how many really decode is known only at the end."""


class VideoReader:
    """The frames of a video file, in order. Frames that cannot be decoded are left out, not fatal.

    Args:
        path: The video file.
        start: Index of the first frame to return.
        count: How many frames to return at most; None for all.

    Raises:
        InputError: If the file is missing, empty, no video, damaged beyond its first frame, or the range is impossible.
    """

    def __init__(self, path: str | Path, start: int = 0, count: int | None = None) -> None:
        self.path = Path(path)
        if start < 0 or (count is not None and count < 1):
            raise InputError(
                f"the frames {count} from {start} on were asked for", "start >= 0 and count >= 1", "correct the range"
            )
        self.start, self.count = start, count
        self.frames_read = 0
        """Frames decoded by the latest iteration so far, those before `start` included."""
        _require_video_file(self.path)
        capture = _open(self.path)
        image = _next_image(capture)
        if image is None:
            raise InputError(f"no frame of '{path}' can be decoded", ACCEPTED, "re-encode it or record it again")
        fps, announced = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
        capture.release()
        if not (np.isfinite(fps) and 1 <= fps <= 500):
            fps = _measured_rate(self.path)
        height, width = image.shape[:2]
        frames = int(announced) if 0 < announced < 2**31 else 0
        self.info = VideoProperties(width, height, float(fps), frames)

    @property
    def frames_skipped(self) -> int:
        """Announced frames that the latest complete iteration to the end of the file did not find."""
        return max(0, self.info.frames_announced - self.frames_read)

    def __iter__(self) -> Iterator[VideoFrame]:
        capture = _open(self.path)
        stamps = _stamps(self.path, self.info.fps)
        self.frames_read = 0
        try:
            while self.count is None or self.frames_read < self.start + self.count:
                index = self.frames_read
                image = _next_image(capture, decode=index >= self.start)
                if image is None:
                    break
                self.frames_read += 1
                stamp = next(stamps)
                if index >= self.start:
                    yield VideoFrame(index, stamp, self._sized(image))
        finally:
            capture.release()
        if self.frames_read <= self.start:
            raise InputError(
                f"frame {self.start} was asked for but '{self.path}' has {self.frames_read} frames",
                f"a start below {self.frames_read}",
                "choose an earlier start",
            )

    def _sized(self, image: ByteArray) -> ByteArray:
        if image.shape[:2] != (self.info.height, self.info.width):
            raise InputError(
                f"'{self.path}' changes its picture size from {self.info.width}x{self.info.height} to "
                f"{image.shape[1]}x{image.shape[0]} at frame {self.frames_read - 1}",
                "a video of one size",
                "re-encode it at one size",
            )
        return image


def _require_video_file(path: Path) -> None:
    if not path.exists():
        raise InputError(f"there is no file '{path}'", ACCEPTED, "check the path")
    if not path.is_file():
        raise InputError(f"'{path}' is not a file", ACCEPTED, "give the video file itself")
    if not os.access(path, os.R_OK):
        raise InputError(f"'{path}' may not be read", ACCEPTED, "change its permissions")
    if path.stat().st_size == 0:
        raise InputError(f"'{path}' is empty", ACCEPTED, "copy or record it again")
    if cv2.haveImageReader(str(path)) and path.suffix.lower() != ".gif":
        raise InputError(f"'{path}' is a single picture", ACCEPTED, "give a video")


def _open(path: Path) -> cv2.VideoCapture:
    capture = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise InputError(
            f"'{path}' cannot be opened as a video", ACCEPTED, "check that it plays, and re-encode it if it was cut off"
        )
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return capture


def _next_image(capture: cv2.VideoCapture, decode: bool = True) -> ByteArray | None:
    """The next frame, or None at the end; a skipped frame (`decode` False) gives an empty array."""
    for _ in range(READ_ATTEMPTS):
        if capture.grab():
            if not decode:
                return np.zeros((0, 0, 3), np.uint8)
            ok, image = capture.retrieve()
            if ok and image is not None and image.ndim == 3:
                return np.asarray(image, np.uint8)
    return None


def _packet_times(path: Path) -> Iterator[float]:
    """Presentation times of the video's packets [s], in file order, without decoding any."""
    packets = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG, [cv2.CAP_PROP_FORMAT, -1])
    try:
        while packets.isOpened() and packets.grab():
            yield packets.get(cv2.CAP_PROP_POS_MSEC) / 1e3
    finally:
        packets.release()


def _stamps(path: Path, fps: float) -> Iterator[float]:
    """Times after the first frame [s], in the order of display, without end.

    The time that OpenCV reports for a decoded frame belongs to the packet that was read last, which is another
    frame's where frames are stored out of order. Hence the packets' own times are sorted here.
    """
    times = _packet_times(path)
    window = list(islice(times, REORDER_DEPTH))
    trusted = len(set(window)) == len(window) > 1
    heapq.heapify(window)
    first = window[0] if window else 0.0
    step = 1.0 / fps
    last = -step
    while True:
        if trusted and window:
            following = next(times, None)
            t = heapq.heappop(window) if following is None else heapq.heappushpop(window, following)
            last = max(t - first, last + SMALLEST_STEP)
        else:
            last += step
        yield last


def _measured_rate(path: Path) -> float:
    times = sorted(islice(_packet_times(path), 10 * REORDER_DEPTH))
    steps = np.diff(times)
    steps = steps[steps > SMALLEST_STEP]
    return float(1 / np.mean(steps)) if len(steps) else FALLBACK_RATE
