"""What is trained in a folder, so that it is not continued as something else."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from franka_imitation.placement import Placement
from rhov_core.errors import InputError
from rhov_core.files import read_json, write_json
from rhov_core.object_model import ObjectModel
from rhov_core.trajectory import HandObjectTrajectory

SETTINGS = "settings.json"


def claim(folder: Path, settings: dict[str, Any], defaults: dict[str, Any]) -> None:
    """Notes what is trained here.

    Args:
        folder: Where.
        settings: Of `fingerprint`.
        defaults: Of `flat`; what a training of an earlier version does not name had these values.

    Raises:
        InputError: If something else was.
    """
    path = folder / SETTINGS
    if not path.is_file():
        write_json(path, settings)
        return
    there = {**defaults, **read_json(path)}
    different = sorted(key for key in settings.keys() | there.keys() if settings.get(key) != there.get(key))
    if different:
        raise InputError(
            f"'{folder}' holds a training that differs in {', '.join(different)}",
            "the same settings, to go on with it",
            "choose another folder with --out",
        )


def fingerprint(
    trajectory: HandObjectTrajectory, object_model: ObjectModel, config: dict[str, Any], placement: Placement | None
) -> dict[str, Any]:
    """All that the result of a training depends on; `config` is a TrainConfig as a dictionary."""

    def digest(*arrays: Any) -> str:
        whole = hashlib.sha256()
        for array in arrays:
            whole.update(np.ascontiguousarray(array).tobytes())
        return whole.hexdigest()[:16]

    place = [] if placement is None else [placement.T_table_camera, placement.T_table_object_start]
    return {
        **flat(config),
        "trajectory": digest(trajectory.T_camera_object, trajectory.stamp, trajectory.object_scale),
        "object": digest(object_model.vertices, object_model.faces, object_model.mass, object_model.friction),
        "placement": digest(*(array for array in place if array is not None)),
    }


def flat(config: dict[str, Any]) -> dict[str, Any]:
    """A TrainConfig as a dictionary without nesting, without what changes nothing."""
    settings = {name: value for name, value in config.items() if name != "threads"}
    content = {
        f"{part}.{name}": value
        for part, values in settings.items()
        if isinstance(values, dict)
        for name, value in values.items()
    }
    content.update({name: value for name, value in settings.items() if not isinstance(value, dict)})
    return {name: list(value) if isinstance(value, tuple) else value for name, value in content.items()}
