"""How fast hands move things: poses that are further apart do not follow from each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
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
FASTEST_APPROACH = 1.5
"""Nor moves faster towards the camera or away from it [m/s]; where a mask misses a part of the object, an outline fits
it further away. Movements across the image are seen well."""
SHORTEST_STEP = 1 / 30
"""Frames that follow each other faster than this [s] are taken to be so far apart: stamps are not exact."""
BORDER_ERROR = 2.0
"""By how much borders of masks may differ in size from one frame to another [pixel]: far away a pixel is much depth."""


@dataclass(frozen=True)
class MotionLimit:
    """What hands can have done to an object.

    Args:
        mesh: The object.
        camera: That sees it.
    """

    mesh: CentredMesh
    camera: Camera

    def allows(self, T: FloatArray, last: FloatArray, seconds: float) -> bool:
        """Whether hands can have moved the object from one pose to another.

        Args:
            T: (4, 4) of the centred mesh.
            last: (4, 4) the same, before or after.
            seconds: The time between them.
        """
        seconds = max(abs(seconds), SHORTEST_STEP)
        turn = float(np.linalg.norm(difference(T, last)[3:]))
        pixel = max(T[2, 3], last[2, 3]) ** 2 / (self.camera.fx * self.mesh.diameter / 2)
        nearer = abs(float(T[2, 3] - last[2, 3]))
        return turn <= FASTEST_TURN * seconds and nearer <= FASTEST_APPROACH * seconds + BORDER_ERROR * pixel


def lost_in_between(
    found: Sequence[Revision],
    before: Sequence[Remembered],
    limit: MotionLimit,
    symmetries: FloatArray,
    config: TrackerConfig,
) -> tuple[Revision, ...]:
    """The frames just before a pose that took the place of another, from which the object cannot have come there.

    One of the two must be wrong: the object is lost in these frames.

    Args:
        found: What is believed now, oldest first.
        before: The frames before, oldest first, with what was believed.
        limit: What can have happened.
        symmetries: (S, 4, 4) of the object.
        config: Settings.

    Returns:
        Lost estimates and records without claims of the newest frames of `before`, oldest first.
    """
    mesh = limit.mesh
    first = next((estimate for estimate, _ in found if estimate.state != ObjectState.LOST), None)
    if first is None:
        return ()
    T_first = mesh.centred(first.T_camera_object)
    good: ObjectEstimate | None = None
    count = 0
    while count < len(before):
        one = before[-1 - count].said[0]
        if one.state != ObjectState.LOST:
            T = mesh.centred(nearest_symmetric(one.T_camera_object, first.T_camera_object, symmetries))
            if limit.allows(T_first, T, first.stamp - one.stamp):
                good = one
                break
        count += 1
    newest = before[len(before) - count :]
    seen = next((i for i, frame in enumerate(newest) if frame.said[0].state != ObjectState.LOST), count)
    return tuple(_lost(frame, i, good, first, mesh, config) for i, frame in enumerate(newest[seen:], seen + 1))


def _lost(
    frame: Remembered,
    count: int,
    good: ObjectEstimate | None,
    first: ObjectEstimate,
    mesh: CentredMesh,
    config: TrackerConfig,
) -> Revision:
    """A frame in which the object is lost, the `count`-th since a good one, if there is one."""
    guess = first.T_camera_object if good is None else good.T_camera_object
    spread = nothing_known() if good is None else while_lost(np.zeros((6, 6)), count, config)
    covariance = mesh.covariance_in_file_frame(mesh.centred(guess), spread)
    estimate = replace(
        frame.said[0],
        T_camera_object=guess,
        covariance=covariance if good is None else good.covariance + covariance,
        state=ObjectState.LOST,
        mask_iou=float("nan"),
        feature_inliers=0,
        residual=float("nan"),
    )
    return estimate, FrameFit.nothing().record(frame.cues)
