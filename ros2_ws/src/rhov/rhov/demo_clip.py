"""The real clip of the demo as a request: OpenCV's sample data and what `config/demo_box.yaml` knows about it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from rhov.request import ReconstructRequest
from rhov_core.object_model import ObjectModel
from rhov_core.sample_clips import sample_clip


def demo_request(out: Path) -> ReconstructRequest:
    """The reconstruction of the real clip; writes the mesh of its box to the folder `out`.

    Raises:
        MissingDependencyError: If the clip is not on this machine and cannot be fetched.
    """
    settings: dict[str, Any] = yaml.safe_load((files("rhov") / "config" / "demo_box.yaml").read_text(encoding="utf-8"))
    video, mesh = sample_clip(settings["clip"]), out / "box.obj"
    ObjectModel.box(settings["size"], "box").save(mesh)
    x, y, width, height = settings["box"]
    return ReconstructRequest(video, mesh, out, focal=float(settings["focal"]), box=(x, y, width, height))
