"""Fits grasps from above to low objects: level fingers, as high over the table as the pads allow."""

from __future__ import annotations

import numpy as np

from franka_imitation.gripper_bounds import GripperBounds
from franka_imitation.start_pose import TIP_CLEARANCE, pickable
from rhov_core.arrays import FloatArray
from rhov_core.pose import exp_rotation

_MOST_TILTED = 0.2
"""A closing axis that is less inclined than this is made level: the friction of the pads bears it [rad]."""
_FRONT = 0.65
"""Part of the pads' reach beyond the tool centre point that may be all that touches the object."""
_ROOM = 5e-4
"""More than the clearance, so that rounding does not matter [m]."""


def fitted_to_table(
    T_object_tcp: FloatArray, opening: FloatArray, T_table_object: FloatArray, gripper: GripperBounds
) -> FloatArray:
    """Turns and raises those grasps that would bring the open hand into the table.

    An object of 15 mm is held by the front of the pads only, and of one that lies on a round side hardly any closing
    axis is level by itself.

    Args:
        T_object_tcp: (G, 4, 4) grasps that come about from above.
        opening: (G,) distance of the open fingers [m].
        T_table_object: (4, 4) how the object stands.
        gripper: Size of the finger tips.

    Returns:
        (G, 4, 4) the same grasps; those that stay in the table are as given.
    """
    tools = T_table_object @ T_object_tcp
    inclined = np.arcsin(np.clip(tools[:, 2, 1], -1, 1))
    low = ~pickable(T_object_tcp, opening, T_table_object[None], gripper) & (np.abs(inclined) < _MOST_TILTED)
    turned = tools.copy()
    turned[:, :3, :3] = tools[:, :3, :3] @ exp_rotation(inclined[:, None] * np.array([1.0, 0.0, 0.0]))
    sag = np.abs(turned[:, 2, 0]) * gripper.tip[0] + np.abs(turned[:, 2, 1]) * (opening / 2 + gripper.tip[1])
    lowest = turned[:, 2, 3] + turned[:, 2, 2] * gripper.tip[2] - sag
    rise = np.maximum(TIP_CLEARANCE + _ROOM - lowest, 0.0)
    turned[:, 2, 3] += rise
    fits = low & (rise < _FRONT * gripper.tip[2])
    fitted = np.linalg.inv(T_table_object) @ turned
    return np.where(fits[:, None, None], fitted, T_object_tcp)
