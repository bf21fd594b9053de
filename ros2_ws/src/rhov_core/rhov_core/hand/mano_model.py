"""MANO from a user's own licensed file (https://mano.is.tue.mpg.de; its licence forbids commercial use)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import checked
from rhov_core.errors import InputError
from rhov_core.hand.layout import PARENTS
from rhov_core.hand.mano_file import read_mano_arrays
from rhov_core.hand.model import HandModel
from rhov_core.hand.surface import capped, fingertip_pads

MANO_NAME: Final = "mano"
TIP_VERTICES: Final = np.array([745, 317, 444, 556, 673], np.int64)
"""Vertices of MANO's mesh that serve as fingertips: thumb, index, middle, ring, little."""

_SHAPES: Final[dict[str, tuple[tuple[int, ...], type]]] = {
    "v_template": ((778, 3), np.float64),
    "shapedirs": ((778, 3, 10), np.float64),
    "posedirs": ((778, 3, 135), np.float64),
    "J_regressor": ((16, 778), np.float64),
    "weights": ((778, 16), np.float64),
    "f": ((1538, 3), np.int32),
    "kintree_table": ((2, 16), np.uint32),
    "hands_mean": ((45,), np.float64),
    "hands_components": ((45, 45), np.float64),
}
_ACCEPTED, _TODO = "MANO_RIGHT.pkl of mano.is.tue.mpg.de", "give the file as you downloaded it"


def load_mano_model(path: Path) -> HandModel:
    """MANO's right hand.

    Poses are relative to the flat rest hand: `hands_mean` is kept as the prior's mean and not added.

    Args:
        path: MANO_RIGHT.pkl, or an .npz with its keys.

    Raises:
        InputError: If the file is missing, holds anything but MANO's arrays, or is the left hand.
    """
    found = read_mano_arrays(path, tuple(_SHAPES))
    if missing := [name for name in _SHAPES if name not in found]:
        raise InputError(f"'{path}' lacks {', '.join(missing)}", _ACCEPTED, _TODO)
    data: dict[str, NDArray[Any]] = {
        name: checked(f"{name} of '{path}'", found[name], shape, kind) for name, (shape, kind) in _SHAPES.items()
    }
    template, weights, regressor, shape = (data[k] for k in ("v_template", "weights", "J_regressor", "shapedirs"))
    parents = data["kintree_table"][0].astype(np.int64)
    if not np.array_equal(parents[1:], PARENTS[1:]):
        raise InputError(f"the joints of '{path}' are not in MANO's order", _ACCEPTED, _TODO)
    joints = regressor @ template
    if joints[4, 0] > joints[0, 0]:  # the right hand's fingers lie towards -x of its wrist, the left hand's towards +x
        raise InputError(f"'{path}' is a left hand", _ACCEPTED, "give the right hand; RHOV mirrors it for left ones")
    faces = capped(data["f"])
    return HandModel(
        name=MANO_NAME,
        side="right",
        template=template,
        faces=faces,
        weights=weights,
        joint_template=joints,
        shape_directions=shape,
        joint_shape_directions=np.einsum("jv,vck->jck", regressor, shape),
        tip_vertices=TIP_VERTICES,
        fingertip_vertices=fingertip_pads(template, faces, weights, joints, TIP_VERTICES),
        pose_directions=data["posedirs"],
        prior_mean=data["hands_mean"],
        prior_components=data["hands_components"],
    )
