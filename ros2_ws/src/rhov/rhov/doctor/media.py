"""Video, the sample clip and optional models."""

from __future__ import annotations

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from rhov.doctor.finding import Finding
from rhov_core.errors import RhovError
from rhov_core.sample_clips import PACKAGE, cached_clip

MANO_VARIABLE = "RHOV_MANO"
OPTIONAL = {
    "pytorch3d": "`./run bench renderer` would compare with it",
    "viser": "a 3-D viewer in the browser",
    "pylibfranka": "replay on a real Franka without franka_ros2",
}


def media_findings() -> list[Finding]:
    """Reading and writing video, the clip of the demo, hand models and optional packages."""
    return [_codec(), _clip(), _mano(), *[_optional(name, use) for name, use in OPTIONAL.items()]]


def _codec() -> Finding:
    from rhov_core.video import VideoReader, VideoWriter

    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "probe.mp4"
            with VideoWriter(path, 10.0, (32, 24)) as writer:
                for shade in (40, 200):
                    writer.write(np.full((24, 32, 3), shade, np.uint8))
            shades = [int(frame[2].mean()) for frame in VideoReader(path)]
    except RhovError as error:
        return Finding("H.264 video", False, str(error), "videos cannot be written", required=True)
    right = len(shades) == 2 and shades[0] < 60 and shades[1] > 180
    return Finding("H.264 video", right, "written and read back" if right else f"reads back as {shades}", required=True)


def _clip() -> Finding:
    path = cached_clip("box")
    if path is not None:
        return Finding("clip of the demo", True, str(path))
    means = f"the demo fetches it from the package {PACKAGE}; if it cannot, it renders a clip of its own"
    return Finding("clip of the demo", False, "not in the cache", means)


def _mano() -> Finding:
    from rhov_core.hand import HandModel

    given = os.environ.get(MANO_VARIABLE)
    if not given:
        detail = f"{MANO_VARIABLE} names no file"
        return Finding("MANO", False, detail, "the free hand model is used; MANO needs a licence of your own")
    try:
        HandModel.load(given)
    except RhovError as error:
        return Finding("MANO", False, str(error), "the free hand model is used")
    return Finding("MANO", True, given, f"use it with the parameter hand_model:={given}")


def _optional(name: str, use: str) -> Finding:
    found = find_spec(name) is not None
    return Finding(name, found, use if found else f"not installed; optional: {use}")
