"""Fits the hand model to what the detector saw in one image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import Side
from rhov_core.pose import exp_rotation, log_rotation
from rhov_perception.hand.detector import HandDetection
from rhov_perception.hand.size import palm_size
from rhov_perception.hand.skeleton import Skeleton, pose_keypoints
from rhov_perception.hand.solver import Expectation, HandState, Observation, Solution, solve

_KEYPOINT_ERROR = 0.026
"""Standard deviation of the detector's keypoints as a fraction of the hand's size in the image."""
_DEPTH_ERROR = 0.03
"""Standard deviation of the detector's relative depths [m]: in rendered clips of hands that hold things 0.013 at the
knuckles, 0.03 at the fingertips, 0.04 at the thumb."""
_LIMIT_SIGMA = 0.05
_MOTION_SIGMA = (0.03, 0.3, 0.3)
"""How far a hand moves from frame to frame at 30 Hz: wrist [m], wrist [rad], finger angles [rad]."""
_COLD_ITERATIONS, _WARM_ITERATIONS = 30, 12
_PALM = np.array([0, 1, 5, 9, 13, 17])


@dataclass(frozen=True)
class HandFit:
    """The fitted hand of one image."""

    state: HandState
    residual: float
    """Median reprojection residual [pixel]."""
    cost: float
    """Half the sum of squared normalised residuals."""
    wrist_covariance: FloatArray
    """(6, 6) for a left perturbation [translation m, rotation rad] of the wrist, as the residuals claim it."""

    def pose(self, skeleton: Skeleton) -> FloatArray:
        """(48,) axis-angle pose [rad]."""
        return np.concatenate([log_rotation(self.state.rotation), skeleton.finger_pose(self.state.angles)])


class HandFitter:
    """Levenberg-Marquardt on reprojection, relative depth, joint limits and the previous frame."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._focal = float(np.sqrt(camera.fx * camera.fy))

    def fit(
        self,
        detection: HandDetection,
        side: Side,
        skeleton: Skeleton,
        previous: HandState | None = None,
        frames_since: int = 1,
    ) -> HandFit:
        """Fits the hand.

        Args:
            detection: What the detector saw.
            side: Which hand it is; where the detector takes it for the other one, its depths are mirrored, because
                the same picture belongs to two mirrored hands.
            skeleton: The hand of that side.
            previous: The hand in an earlier frame, to start from and to stay near.
            frames_since: How many frames ago that was.
        """
        seen, landmarks = self._observe(detection, side, skeleton)
        if previous is None:
            start = _cold_start(landmarks, seen.rays, skeleton)
            best = solve(start, skeleton, seen, _no_expectation(start), _COLD_ITERATIONS)
        else:
            spread = np.sqrt(frames_since)
            before = Expectation(previous, *(spread * sigma for sigma in _MOTION_SIGMA))
            best = solve(previous, skeleton, seen, before, _WARM_ITERATIONS)
        return self._result(best, skeleton, seen)

    def _observe(self, detection: HandDetection, side: Side, skeleton: Skeleton) -> tuple[Observation, FloatArray]:
        """The observation, and the landmarks (21, 3) [m] in camera axes at the skeleton's size."""
        rays = self._camera.rays(detection.keypoints)[:, :2]
        direction = np.append(rays[[0, 5, 9, 17]].mean(0), 1.0)
        direction /= np.linalg.norm(direction)
        landmarks = detection.landmarks - detection.landmarks.mean(0)
        if detection.side != side:
            landmarks = landmarks * [1.0, 1.0, -1.0]
        # Landmarks are seen by a camera that looks straight at the hand: turn them to where the hand is.
        landmarks = landmarks @ _rotation_to(direction).T
        landmarks *= palm_size(skeleton.rest_points) / palm_size(landmarks)
        seen = Observation(
            rays=np.ascontiguousarray(rays),
            focal=self._focal,
            pixel_sigma=_KEYPOINT_ERROR * detection.size + 0.5,
            direction=direction,
            depths=landmarks @ direction,
            depth_sigma=_DEPTH_ERROR,
            limit_sigma=_LIMIT_SIGMA,
        )
        return seen, landmarks

    def _result(self, solution: Solution, skeleton: Skeleton, seen: Observation) -> HandFit:
        points, _ = pose_keypoints(*solution.state, skeleton)
        distances = np.linalg.norm(points[:, :2] / points[:, 2:] - seen.rays, axis=1) * self._focal
        covariance = np.linalg.inv(solution.hessian)[:6, :6]
        return HandFit(solution.state, float(np.median(distances)), solution.cost, (covariance + covariance.T) / 2)


def _no_expectation(state: HandState) -> Expectation:
    return Expectation(state, np.inf, np.inf, np.inf)


def _rotation_to(direction: FloatArray) -> FloatArray:
    """The smallest rotation (3, 3) that turns the optical axis to a unit vector."""
    axis = np.array([-direction[1], direction[0], 0.0])
    sine = np.linalg.norm(axis)
    return exp_rotation(axis / sine * np.arctan2(sine, direction[2])) if sine > 1e-12 else np.eye(3)


def _cold_start(landmarks: FloatArray, rays: FloatArray, skeleton: Skeleton) -> HandState:
    """The relaxed hand, its palm laid on the landmarks, moved to where the keypoints are seen."""
    relaxed, _ = pose_keypoints(np.eye(3), np.zeros(3), skeleton.relaxed, skeleton)
    model, seen = relaxed[_PALM] - relaxed[_PALM].mean(0), landmarks[_PALM] - landmarks[_PALM].mean(0)
    U, _, Vt = np.linalg.svd(seen.T @ model)
    rotation = U @ np.diag([1.0, 1.0, np.linalg.det(U @ Vt)]) @ Vt
    points = relaxed @ rotation.T
    # x / z = ray for each keypoint is linear in the translation.
    rows = np.zeros((42, 3))
    rows[:21, 0] = rows[21:, 1] = 1.0
    rows[:21, 2], rows[21:, 2] = -rays[:, 0], -rays[:, 1]
    right = np.concatenate([rays[:, 0] * points[:, 2] - points[:, 0], rays[:, 1] * points[:, 2] - points[:, 1]])
    translation = np.linalg.lstsq(rows, right, rcond=None)[0]
    translation[2] = max(translation[2], 0.1)
    return HandState(np.ascontiguousarray(rotation), translation, skeleton.relaxed.copy())
