"""The hand as the fit sees it: 21 keypoints moved by 28 numbers.

The numbers are the wrist's translation (3) and rotation (3, perturbing from the left about the wrist) and 22 finger
angles: each finger bends at three joints and spreads at its base; the thumb's base turns about three axes.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.hand import FINGER_JOINTS, FINGERS, PARENTS, HandModel, JointLimits
from rhov_perception.hand.grasp_angles import grasp_angles
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
    """(A,) the most likely angles, of a hand that holds something [rad]."""
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
    above, prior = grasp_angles()
    return Skeleton(
        joints=joints,
        points=points,
        point_joint=KEYPOINT_JOINT,
        angle_joint=joint,
        angle_axis=np.ascontiguousarray(limits.axes[joint - 1, kind]),
        lower=limits.lower[joint - 1, kind],
        upper=limits.upper[joint - 1, kind],
        relaxed=limits.lower[joint - 1, kind] + above,
        prior=prior,
    )


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
    points, jacobian = np.empty((21, 3)), np.zeros((21, 3, 6 + len(angles)))
    frames, axes = np.empty((16, 3, 4)), np.empty((len(angles), 3))
    frames[0, :, :3], frames[0, :, 3] = rotation, translation
    _pose_joints(angles, skeleton.joints, skeleton.angle_joint, skeleton.angle_axis, PARENTS, frames, axes)
    _place_keypoints(
        frames, axes, skeleton.points, skeleton.point_joint, skeleton.angle_joint, PARENTS, points, jacobian
    )
    return points, jacobian


# The compiled loops below are plain on purpose: array expressions take ten times as long to compile.


@njit(cache=True)
def _pose_joints(angles, joints, angle_joint, angle_axis, parents, frames, axes):  # type: ignore[no-untyped-def]
    """Fills the frames (16, 3, 4) of the joints, [R t], and the turning axes (A, 3) of the angles, in the camera."""
    w, R, left = np.empty(3), np.empty((3, 3)), np.empty((3, 3))
    for j in range(1, 16):
        p = parents[j]
        w[:] = 0.0
        for i in range(len(angles)):
            if angle_joint[i] == j:
                for c in range(3):
                    w[c] += angles[i] * angle_axis[i, c]
        _rotation_and_left_jacobian(w, R, left)
        for a in range(3):
            frames[j, a, 3] = frames[p, a, 3]
            for b in range(3):
                frames[j, a, 3] += frames[p, a, b] * (joints[j, b] - joints[p, b])
                frames[j, a, b] = 0.0
                for c in range(3):
                    frames[j, a, b] += frames[p, a, c] * R[c, b]
        for i in range(len(angles)):
            if angle_joint[i] == j:
                for a in range(3):
                    axes[i, a] = 0.0
                    for b in range(3):
                        for c in range(3):
                            axes[i, a] += frames[p, a, b] * left[b, c] * angle_axis[i, c]


@njit(cache=True)
def _rotation_and_left_jacobian(w, R, left):  # type: ignore[no-untyped-def]
    """Fills exp(w) and its left Jacobian: d exp(w) = [left dw]x exp(w)."""
    angle2 = w[0] * w[0] + w[1] * w[1] + w[2] * w[2]
    a, b, c = 1.0, 0.5, 1.0 / 6.0
    if angle2 > 1e-10:
        angle = math.sqrt(angle2)
        a, b = math.sin(angle) / angle, (1 - math.cos(angle)) / angle2
        c = (1 - a) / angle2
    for i in range(3):
        for j in range(3):
            square = w[i] * w[j] - (angle2 if i == j else 0.0)
            cross = 0.0 if i == j else (w[3 - i - j] if (i - j) % 3 == 1 else -w[3 - i - j])
            R[i, j] = (1.0 if i == j else 0.0) + a * cross + b * square
            left[i, j] = (1.0 if i == j else 0.0) + b * cross + c * square


@njit(cache=True)
def _place_keypoints(frames, axes, local, point_joint, angle_joint, parents, points, jacobian):  # type: ignore[no-untyped-def]
    """Fills the keypoints (21, 3) and their derivatives (21, 3, 6 + A)."""
    for k in range(len(local)):
        j = point_joint[k]
        for a in range(3):
            points[k, a] = frames[j, a, 3]
            for b in range(3):
                points[k, a] += frames[j, a, b] * local[k, b]
        for a in range(3):
            jacobian[k, a, a] = 1.0
            b, c = (a + 1) % 3, (a + 2) % 3  # (w x arm) along a is w_b arm_c - w_c arm_b
            jacobian[k, a, 3 + b] = points[k, c] - frames[0, c, 3]
            jacobian[k, a, 3 + c] = -(points[k, b] - frames[0, b, 3])
        while j > 0:
            for i in range(len(axes)):
                if angle_joint[i] == j:
                    for a in range(3):
                        b, c = (a + 1) % 3, (a + 2) % 3
                        arm_b, arm_c = points[k, b] - frames[j, b, 3], points[k, c] - frames[j, c, 3]
                        jacobian[k, a, 6 + i] = axes[i, b] * arm_c - axes[i, c] * arm_b
            j = parents[j]
