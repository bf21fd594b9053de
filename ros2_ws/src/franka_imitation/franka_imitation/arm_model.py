"""The arm as a MuJoCo model: the Panda, or another arm of the same kinematics with its own shapes and inertias."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import mujoco
import yaml

from franka_imitation.robot import Robot
from rhov_core.errors import InputError

PANDA = "panda"
_MODELS = Path(str(resources.files("franka_imitation") / "models"))
_BASE, _HAND = "link0", "hand"


def panda_model_path() -> Path:
    """Path of the Panda's MJCF file."""
    return _MODELS / PANDA / "panda.xml"


def arm_spec(robot: Robot) -> mujoco.MjSpec:
    """The arm with the Franka hand, not yet compiled.

    Another arm is a folder in `models/` with `arm.yaml` and a convex mesh for each link, link0.stl to link7.stl. What
    is seen in videos stays the Panda.

    Args:
        robot: Names its model.

    Raises:
        InputError: If there is no such model.
    """
    spec = mujoco.MjSpec.from_file(str(panda_model_path()))
    if robot.model != PANDA:
        _lay_over(spec, _MODELS / robot.model)
    return spec


def _lay_over(spec: mujoco.MjSpec, folder: Path) -> None:
    try:
        links: list[dict[str, Any]] = yaml.safe_load((folder / "arm.yaml").read_text(encoding="utf-8"))["links"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        known = sorted(path.parent.name for path in _MODELS.glob("*/arm.yaml"))
        raise InputError(
            f"there is no model '{folder.name}' of an arm ({error})", ", ".join([PANDA, *known]), "correct `model`"
        ) from error
    for number, link in enumerate(links):
        body = spec.body(f"link{number}")
        for geom in list(body.geoms):
            if geom.classname.name != "visual":
                spec.delete(geom)
        name = f"{folder.name}_link{number}"
        spec.add_mesh(name=name, file=str(folder / f"link{number}.stl"))
        body.add_geom(name=f"{name}_collision", type=mujoco.mjtGeom.mjGEOM_MESH, meshname=name, mass=0.0)
        body.mass, body.ipos, body.fullinertia = link["mass"], link["centre"], link["inertia"]
        body.explicitinertial = True
