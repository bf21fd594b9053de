"""Motions that no arm of this size can follow at this table, whatever the grasp: said before anything is searched."""

from __future__ import annotations

import numpy as np

from franka_imitation.config import ImitationConfig
from franka_imitation.demonstration import Demonstration
from franka_imitation.kinematics import Kinematics
from franka_imitation.shape import ConvexShape
from rhov_core.arrays import FloatArray
from rhov_core.errors import PlanningError
from rhov_core.pose import transform_points


def refuse_impossible(
    demonstration: Demonstration,
    T_table_camera: FloatArray,
    shape: ConvexShape,
    kinematics: Kinematics,
    config: ImitationConfig,
) -> None:
    """Checks a motion with the camera at a given place.

    Args:
        demonstration: What the object should do.
        T_table_camera: (4, 4)
        shape: The object.
        kinematics: Of the arm.
        config: Clearance over the table.

    Raises:
        PlanningError: If the object would be in the table, or farther off than the arm is long; names the frame, the
            distance and its limit.
    """
    corners = transform_points(T_table_camera @ demonstration.smooth, shape.corners)
    lowest = corners[..., 2].min(axis=1)
    worst = int(lowest.argmin())
    if lowest[worst] < config.clearance:
        higher = 1e3 * (config.clearance - lowest[worst])
        raise PlanningError(
            f"In frame {demonstration.frame_index[worst]} the lowest point of the object would be at "
            f"{1e3 * lowest[worst]:.0f} mm over the table, where at least {1e3 * config.clearance:.0f} mm are kept: "
            f"place the camera at least {higher:.0f} mm higher, or leave the placement out to have one searched."
        )
    nearest = np.linalg.norm(corners - kinematics.shoulder, axis=2).min(axis=1)
    worst = int(nearest.argmax())
    if nearest[worst] > kinematics.length:
        raise PlanningError(
            f"In frame {demonstration.frame_index[worst]} the object would be out of reach: "
            f"{1e2 * nearest[worst]:.0f} cm from the shoulder of an arm of {1e2 * kinematics.length:.0f} cm: place the "
            "camera nearer to the robot, or leave the placement out to have one searched."
        )
