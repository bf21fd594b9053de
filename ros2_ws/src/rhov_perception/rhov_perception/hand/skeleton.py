"""The hand as the fit sees it: 21 keypoints moved by 28 numbers.

The numbers are the wrist's translation (3) and rotation (3, perturbing from the left about the wrist) and 22 finger
angles: each finger bends at three joints and spreads at its base; the thumb's base turns about three axes.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.hand import FINGER_JOINTS, FINGERS, PARENTS, HandModel, JointLimits
from rhov_perception.hand.keypoint_offsets import KEYPOINT_JOINT, keypoint_offsets

_FLEXION, _ABDUCTION, _TWIST = 0, 1, 2
_FINGER_ANGLES: Final = ((0, _FLEXION), (0, _ABDUCTION), (1, _FLEXION), (2, _FLEXION))
_THUMB_ANGLES: Final = ((0, _FLEXION), (0, _ABDUCTION), (0, _TWIST), (1, _FLEXION), (1, _ABDUCTION), (2, _FLEXION))
ANGLES: Final = tuple(
    (FINGER_JOINTS[finger][joint], kind)
    for finger in FINGERS
    for joint, kind in (_THUMB_ANGLES if finger == "thumb" else _FINGER_ANGLES)
)
"""(joint, kind) of the 22 finger angles, thumb first."""

# Relaxed hand and its spread [degree], by place in the finger: flexion at the base, in the middle, at the end.
_RELAXED_FLEXION, _FLEXION_SPREAD = (10.0, 15.0, 9.0), (35.0, 35.0, 12.0)
_ABDUCTION_SPREAD, _THUMB_BASE_SPREAD = 8.0, 20.0
_END_TO_MIDDLE = 0.6
"""The last joint cannot bend by itself: it follows the middle one by about this fraction."""


class Skeleton(NamedTuple):
    """Constants of one hand of one shape; A = 22 angles."""

    joints: FloatArray
    """(16, 3) at rest [m]."""
    points: FloatArray
    """(21, 3) keypoints of the detector at rest, relative to the joint that each moves with [m]."""
    point_joint: NDArray[np.int64]
    """(21,) that joint."""
    angle_joint: NDArray[np.int64]
    """(A,) the joint that each angle bends."""
    angle_axis: FloatArray
    """(A, 3) the axis about which."""
    lower: FloatArray
    """(A,) smallest angles [rad]."""
    upper: FloatArray
    """(A,) largest angles [rad]."""
    relaxed: FloatArray
    """(A,) the most likely angles [rad]."""
    prior: FloatArray
    """(A, A) inverse covariance of the angles about them [1/rad^2]."""

    @property
    def rest_points(self) -> FloatArray:
        """(21, 3) keypoints of the detector at rest [m]."""
        return self.joints[self.point_joint] + self.points

    def finger_pose(self, angles: FloatArray) -> FloatArray:
        """(45,) axis-angle pose of the finger joints [rad] of angles (A,)."""
        pose = np.zeros((16, 3))
        np.add.at(pose, self.angle_joint, self.angle_axis * angles[:, None])
        return pose[1:].ravel()


def make_skeleton(model: HandModel, shape: FloatArray) -> Skeleton:
    """The skeleton of a model's hand of the given shape (10,)."""
    joints = model.joint_template + model.joint_shape_directions @ shape
    tips = (model.template + model.shape_directions @ shape)[model.tip_vertices]
    growth = np.linalg.norm(joints[4] - joints[0])
    growth /= np.linalg.norm(model.joint_template[4] - model.joint_template[0])
    points = keypoint_offsets(model) * growth
    points[4::4] += tips - joints[KEYPOINT_JOINT[4::4]]
    limits = JointLimits.of(model)
    joint, kind = np.array(ANGLES).T
    relaxed, prior = _angle_prior()
    return Skeleton(
        joints=joints,
        points=points,
        point_joint=KEYPOINT_JOINT,
        angle_joint=joint,
        angle_axis=np.ascontiguousarray(limits.axes[joint - 1, kind]),
        lower=limits.lower[joint - 1, kind],
        upper=limits.upper[joint - 1, kind],
        relaxed=relaxed,
        prior=prior,
    )


def _angle_prior() -> tuple[FloatArray, FloatArray]:
    """Relaxed angles (A,) and inverse covariance (A, A)."""
    count = len(ANGLES)
    relaxed, spread, combine = np.zeros(count), np.zeros(count), np.eye(count)
    place = {joint: (finger, i) for finger, chain in FINGER_JOINTS.items() for i, joint in enumerate(chain)}
    for row, (joint, kind) in enumerate(ANGLES):
        finger, i = place[joint]
        if finger == "thumb":
            spread[row] = _ABDUCTION_SPREAD if (i, kind) == (1, _ABDUCTION) else _THUMB_BASE_SPREAD
        elif kind == _FLEXION:
            relaxed[row], spread[row] = _RELAXED_FLEXION[i], _FLEXION_SPREAD[i]
            if i == 2:
                combine[row, row - 1] = -_END_TO_MIDDLE
        else:
            spread[row] = _ABDUCTION_SPREAD
    weighted = combine / np.radians(spread)[:, None]
    return np.radians(relaxed), weighted.T @ weighted


@njit(cache=True)
def _rotation_and_jacobian(w: FloatArray) -> tuple[FloatArray, FloatArray]:
    """exp(w) and its left Jacobian: d exp(w) = [Jl dw]x exp(w)."""
    angle2 = w @ w
    if angle2 < 1e-10:
        a, b, c = 1.0, 0.5, 1.0 / 6.0
    else:
        angle = np.sqrt(angle2)
        a, b, c = np.sin(angle) / angle, (1 - np.cos(angle)) / angle2, (1 - np.sin(angle) / angle) / angle2
    K = np.array([[0.0, -w[2], w[1]], [w[2], 0.0, -w[0]], [-w[1], w[0], 0.0]])
    KK = K @ K
    return np.eye(3) + a * K + b * KK, np.eye(3) + b * K + c * KK


@njit(cache=True)
def pose_keypoints(
    rotation: FloatArray, translation: FloatArray, angles: FloatArray, skeleton: Skeleton
) -> tuple[FloatArray, FloatArray]:
    """Keypoints (21, 3) in the camera frame [m] and their derivatives (21, 3, 28).

    Args:
        rotation: (3, 3) of the wrist.
        translation: (3,) the wrist's position [m].
        angles: (22,) [rad].
        skeleton: The hand.
    """
    count = len(angles)
    G, o = np.empty((16, 3, 3)), np.empty((16, 3))
    G[0], o[0] = rotation, translation
    axes = np.empty((count, 3))
    for j in range(1, 16):
        p = PARENTS[j]
        w = np.zeros(3)
        for i in range(count):
            if skeleton.angle_joint[i] == j:
                w += angles[i] * skeleton.angle_axis[i]
        R, Jl = _rotation_and_jacobian(w)
        for i in range(count):
            if skeleton.angle_joint[i] == j:
                axes[i] = G[p] @ (Jl @ skeleton.angle_axis[i])
        G[j] = G[p] @ R
        o[j] = o[p] + G[p] @ (skeleton.joints[j] - skeleton.joints[p])
    points, jacobian = np.empty((21, 3)), np.zeros((21, 3, 6 + count))
    for k in range(21):
        j = skeleton.point_joint[k]
        points[k] = o[j] + G[j] @ skeleton.points[k]
        for a in range(3):
            jacobian[k, a, a] = 1.0
        arm = points[k] - translation
        jacobian[k, 0, 4], jacobian[k, 0, 5] = arm[2], -arm[1]
        jacobian[k, 1, 3], jacobian[k, 1, 5] = -arm[2], arm[0]
        jacobian[k, 2, 3], jacobian[k, 2, 4] = arm[1], -arm[0]
        while j > 0:
            for i in range(count):
                if skeleton.angle_joint[i] == j:
                    jacobian[k, :, 6 + i] = np.cross(axes[i], points[k] - o[j])
            j = PARENTS[j]
    return points, jacobian
