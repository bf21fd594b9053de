"""The embedded grasp prior: each finger near the object closes, or opens, until it touches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.hand import HandModel, JointLimits
from rhov_core.hand.layout import FINGER_JOINTS, FINGERS
from rhov_optimizer.joint.contact import fingertip_gaps, signed_distances
from rhov_optimizer.joint.grasp.prior import Grasps, GraspScene

CURLS = np.linspace(-0.6, 0.9, 16)
"""Turns of a finger's joints that are tried [rad]; positive closes."""
FINE = np.linspace(-0.08, 0.08, 5)
"""Turns around the best of these that are tried next [rad]."""
JOINTS = np.array([1.0, 1.0, 0.7])
"""How much of it each joint of a finger takes: the last joint bends with the middle one, and less."""
THUMB_JOINTS = np.array([0.3, 1.0, 1.0])
TOUCH = 0.003
"""A gap, or a depth inside, that counts one [m]."""
SKIN = 0.001
"""Skin gives way: this deep is free [m]."""
CURL = 0.5
"""A turn that counts one [rad]."""
FAR = 0.03
"""Gaps beyond this count as this [m]: closing that far is no improvement."""


class ClosingGrasp:
    """Searches for each finger the turn about its flexion axes with which its pad just touches the object."""

    def refusal(self, hand_model: HandModel) -> str | None:
        """See `GraspPrior`: any hand has fingers."""
        return None

    def propose(self, scene: GraspScene) -> Grasps:
        """See `GraspPrior`."""
        vertices = scene.hand_model.forward_numpy(scene.pose, scene.shape, scene.translation).vertices
        signed = signed_distances(scene.distance, scene.T, scene.scale, vertices)
        near = fingertip_gaps(signed, scene.hand_model) < scene.near
        frames = np.flatnonzero(near.any(1))
        fingers = scene.pose[:, 3:].copy()
        proposed = np.zeros((len(fingers), 15))
        if not len(frames):
            return Grasps(fingers, proposed)
        search = _Search(scene, frames)
        curl = search.best(np.zeros((len(frames), len(FINGERS))), CURLS)
        curl = search.best(curl, FINE)
        moved = search.closed(curl)[:, 3:].reshape(len(frames), 15, 3)
        for place, finger in enumerate(FINGERS):
            joints = np.array(FINGER_JOINTS[finger]) - 1
            proposed[np.ix_(frames, joints)] = near[frames, place, None]
        chosen = np.repeat(proposed[frames] > 0, 3, axis=1)
        fingers[frames] = np.where(chosen, moved.reshape(len(frames), 45), fingers[frames])
        return Grasps(fingers, proposed)


class _Search:
    """Tries turns in some frames of a scene; every finger by itself."""

    def __init__(self, scene: GraspScene, frames: NDArray[np.int64]) -> None:
        self._scene, self._frames = scene, frames
        self._limits = JointLimits.of(scene.hand_model)
        part = scene.hand_model.weights.argmax(1)
        self._of_finger = [np.isin(part, FINGER_JOINTS[finger]) for finger in FINGERS]

    def closed(self, curl: FloatArray) -> FloatArray:
        """Poses (n, 48) with each finger turned by `curl` (n, 5) [rad], as far as its joints allow."""
        pose = self._scene.pose[self._frames].copy()
        angles = self._limits.angles(pose)
        before = angles.copy()
        for place, finger in enumerate(FINGERS):
            share = THUMB_JOINTS if finger == "thumb" else JOINTS
            joints = np.array(FINGER_JOINTS[finger]) - 1
            angles[:, joints, 0] += curl[:, place, None] * share
        # A joint already past its limit is not pulled back here: that is the joint limit term's affair.
        low = np.minimum(self._limits.lower[:, 0], before[..., 0])
        high = np.maximum(self._limits.upper[:, 0], before[..., 0])
        turn = np.zeros_like(angles)
        turn[..., 0] = np.clip(angles[..., 0], low, high) - before[..., 0]
        pose[:, 3:] += self._limits.pose_from_angles(turn)
        return pose

    def best(self, start: FloatArray, offsets: FloatArray) -> FloatArray:
        """The turns (n, 5) of least cost among `start` (n, 5) plus one of the offsets (K,)."""
        cost = np.stack([self._cost(start + offset) for offset in offsets])
        return start + offsets[cost.argmin(0)]

    def _cost(self, curl: FloatArray) -> FloatArray:
        """(n, 5) gap, depth inside and the turn itself."""
        scene, at = self._scene, self._frames
        hands = scene.hand_model.forward_numpy(self.closed(curl), scene.shape, scene.translation[at])
        signed = signed_distances(scene.distance, scene.T[at], scene.scale, hands.vertices)
        gap = np.minimum(fingertip_gaps(signed, scene.hand_model), FAR)
        depth = np.stack([np.clip(-signed[:, own] - SKIN, 0, None).max(1) for own in self._of_finger], 1)
        return np.square(gap / TOUCH) + np.square(depth / TOUCH) + np.square(curl / CURL)
