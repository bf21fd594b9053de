"""How far human finger joints turn: a penalty for hand models without a pose prior."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import ArrayLike

from rhov_core.arrays import FloatArray
from rhov_core.hand.anatomy import finger_bones, joint_axes, palm_axes
from rhov_core.hand.layout import FINGER_JOINTS, FINGERS, PARENTS
from rhov_core.hand.model import HandModel, mirror_pose

# Ranges of motion [degree] of flexion, abduction and twist, rounded outwards from clinical goniometry; flexion of
# fingers is counted from the straight finger, everything of the thumb and all abduction from the model's rest pose.
_FINGER_RANGES = (
    ((-30, 95), (-22, 22), (-10, 10)),
    ((-8, 115), (-4, 4), (-6, 6)),
    ((-12, 85), (-4, 4), (-6, 6)),
)
_THUMB_RANGES = (
    ((-35, 45), (-35, 45), (-30, 40)),
    ((-25, 60), (-15, 15), (-10, 10)),
    ((-35, 75), (-5, 5), (-6, 6)),
)


@dataclass(frozen=True, eq=False)
class JointLimits:
    """Ranges of the fifteen finger joints about their anatomical axes.

    An angle is the component of a joint's rotation vector along one of its axes.
    """

    axes: FloatArray
    """(15, 3, 3) rows: flexion, abduction, twist axis of the joints 1 to 15 in the model's rest frame."""
    lower: FloatArray
    """(15, 3) smallest angles [rad], relative to the model's rest pose."""
    upper: FloatArray
    """(15, 3) largest angles [rad]."""

    @staticmethod
    @lru_cache(maxsize=4)
    def of(model: HandModel) -> JointLimits:
        """The limits of a model, from the bones of its rest pose."""
        mirror = model.side == "left"
        right = model.mirrored() if mirror else model
        joints, tips = right.joint_template, right.template[right.tip_vertices]
        ranges = np.zeros((15, 3, 2))
        for finger in FINGERS:
            table = _THUMB_RANGES if finger == "thumb" else _FINGER_RANGES
            for joint, row in zip(FINGER_JOINTS[finger], table, strict=True):
                ranges[joint - 1] = np.radians(row)
        ranges[:, 0] -= _rest_flexion(joints, tips)[:, None]
        axes = joint_axes(joints, tips)
        return JointLimits(mirror_pose(axes) if mirror else axes, ranges[..., 0], ranges[..., 1])

    def angles(self, pose: ArrayLike) -> FloatArray:
        """Angles (..., 15, 3) [rad] of poses (..., 48): flexion, abduction, twist."""
        theta = np.asarray(pose, np.float64)
        return np.einsum("jac,...jc->...ja", self.axes, theta.reshape(*theta.shape[:-1], 16, 3)[..., 1:, :])

    def pose_from_angles(self, angles: ArrayLike) -> FloatArray:
        """Finger poses (..., 45) [rad] of angles (..., 15, 3): the inverse of `angles`."""
        turned = np.einsum("jac,...ja->...jc", self.axes, np.asarray(angles, np.float64))
        return turned.reshape(*turned.shape[:-2], 45)

    def penalty(self, pose: torch.Tensor) -> torch.Tensor:
        """Sum (B,) over the joints of the squared angles beyond their limits [rad^2] of poses (B, 48)."""
        axes, lower, upper = (torch.as_tensor(a).to(pose) for a in (self.axes, self.lower, self.upper))
        angles = torch.einsum("jac,bjc->bja", axes, pose.reshape(-1, 16, 3)[:, 1:])
        beyond = torch.relu(angles - upper) + torch.relu(lower - angles)
        return (beyond * beyond).sum((1, 2))


def _rest_flexion(joints: FloatArray, tips: FloatArray) -> FloatArray:
    """(15,) how far each finger joint is bent at rest [rad]; zero for the thumb."""
    bones, axes = finger_bones(joints, tips), joint_axes(joints, tips)
    palmar, _ = palm_axes(joints)
    flexion = np.zeros(15)
    for finger in FINGERS[1:]:
        for joint in FINGER_JOINTS[finger]:
            parent = PARENTS[joint]
            previous = joints[joint] - joints[0] if parent == 0 else bones[parent]
            if parent == 0:  # the back of the hand is straight where it lies in the plane of the palm
                previous = previous - palmar * (previous @ palmar)
            flexion[joint - 1] = np.arctan2(
                np.cross(previous, bones[joint]) @ axes[joint - 1, 0], previous @ bones[joint]
            )
    return flexion
