"""How fast hands move things: poses that are further apart do not follow from each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.pose import difference
from rhov_core.trajectory import ObjectState
from rhov_optimizer.initialise.candidates import nearest_symmetric
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.tracking.config import TrackerConfig
from rhov_optimizer.tracking.doubt import Revision
from rhov_optimizer.tracking.fit import FrameFit
from rhov_optimizer.tracking.memory import Remembered
from rhov_optimizer.tracking.uncertainty import nothing_known, while_lost

FASTEST_TURN = 15.0
"""Nothing turns faster in a hand [rad/s]: 860 degrees a second."""
FASTEST_APPROACH = 2.0
"""Nor moves faster towards the camera or away from it [m/s]; where a mask misses a part of the object, an outline fits
it further away. Movements across the image are seen well."""
SHORTEST_STEP = 1 / 30
"""Frames that follow each other faster than this [s] are taken to be so far apart: poses are not exact."""


def follows_from(T: FloatArray, last: FloatArray, seconds: float) -> bool:
    """Whether hands can have moved the object from one pose to another.

    Args:
        T: (4, 4) of the centred mesh.
        last: (4, 4) the same, before or after.
        seconds: The time between them.
    """
    seconds = max(abs(seconds), SHORTEST_STEP)
    turn = float(np.linalg.norm(difference(T, last)[3:]))
    return turn <= FASTEST_TURN * seconds and abs(float(T[2, 3] - last[2, 3])) <= FASTEST_APPROACH * seconds


def lost_in_between(
    found: ObjectEstimate,
    before: Sequence[Remembered],
    mesh: CentredMesh,
    symmetries: FloatArray,
    config: TrackerConfig,
) -> tuple[Revision, ...]:
    """The frames just before a pose that another one took the place of, from which it cannot have come there.

    One of the two must be wrong: the object is lost in these frames.

    Args:
        found: The first estimate of the pose that is believed now.
        before: The frames before, oldest first, with what was believed.
        mesh: The object.
        symmetries: (S, 4, 4) of the object.
        config: Settings.

    Returns:
        Lost estimates and records without claims of the newest of them, oldest first.
    """
    T_found = mesh.centred(found.T_camera_object)
    wrong: list[Remembered] = []
    good: ObjectEstimate | None = None
    for frame in reversed(before):
        one = frame.said[0]
        if one.state != ObjectState.LOST:
            T = mesh.centred(nearest_symmetric(one.T_camera_object, found.T_camera_object, symmetries))
            if follows_from(T_found, T, found.stamp - one.stamp):
                good = one
                break
        wrong.insert(0, frame)
    while wrong and wrong[0].said[0].state == ObjectState.LOST:
        wrong.pop(0)
    return tuple(_lost(frame, i, good, found, config) for i, frame in enumerate(wrong, 1))


def _lost(
    frame: Remembered, count: int, good: ObjectEstimate | None, found: ObjectEstimate, config: TrackerConfig
) -> Revision:
    """A frame in which the object is lost, the `count`-th since a good one, if there is one."""
    guess = found.T_camera_object if good is None else good.T_camera_object
    spread = nothing_known() if good is None else while_lost(good.covariance, count, config)
    estimate = replace(
        frame.said[0],
        T_camera_object=guess,
        covariance=spread,
        state=ObjectState.LOST,
        mask_iou=float("nan"),
        feature_inliers=0,
        residual=float("nan"),
    )
    return estimate, FrameFit.nothing().record(frame.cues)
