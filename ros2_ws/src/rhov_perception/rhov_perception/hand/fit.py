"""Fits the hand model to what the detector saw in one image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import Side
from rhov_core.pose import exp_rotation, log_rotation
from rhov_perception.hand.corrector import LandmarkCorrector, Landmarks
from rhov_perception.hand.detector import HandDetection
from rhov_perception.hand.second_look import agreed
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
_DISTANCE_STEPS = 5


@dataclass(frozen=True)
class HandFit:
    """The fitted hand of one image."""

    state: HandState
    keypoints: FloatArray
    """(21, 2) that it was fitted to: those of the detector, corrected [pixel]."""
    residual: float
    """Median reprojection residual [pixel]."""
    cost: float
    """Half the sum of squared normalised residuals."""
    expected_error: float
    """How far off the keypoints that it was fitted to are expected to be on average [pixel]."""
    wrist_covariance: FloatArray
    """(6, 6) for a left perturbation [translation m, rotation rad] of the wrist, as the residuals claim it."""

    def pose(self, skeleton: Skeleton) -> FloatArray:
        """(48,) axis-angle pose [rad]."""
        return np.concatenate([log_rotation(self.state.rotation), skeleton.finger_pose(self.state.angles)])


class HandFitter:
    """Levenberg-Marquardt on reprojection, relative depth, joint limits and the previous frame.

    Args:
        camera: Of the images, without distortion.
        corrector: Corrects the detector's landmarks; None takes them as they are.
    """

    def __init__(self, camera: Camera, corrector: LandmarkCorrector | None = None) -> None:
        self._camera, self._corrector = camera, corrector
        self._focal = _focal(camera)

    def fit(
        self,
        detection: HandDetection,
        side: Side,
        skeleton: Skeleton,
        previous: HandState | None = None,
        frames_since: int = 1,
        again: HandDetection | None = None,
    ) -> HandFit:
        """Fits the hand.

        Args:
            detection: What the detector saw.
            side: Which hand it is; where the detector takes it for the other one, its depths are mirrored, because
                the same picture belongs to two mirrored hands.
            skeleton: The hand of that side.
            previous: The hand in an earlier frame, to start from and to stay near.
            frames_since: How many frames ago that was.
            again: The same hand in the same image at a second look; only a corrector knows what both are worth.
        """
        seen, keypoints, palm = self._observe(detection, side, skeleton, again)
        if previous is None:
            start = _cold_start(palm, seen.rays, skeleton)
            best = solve(start, skeleton, seen, _no_expectation(start), _COLD_ITERATIONS)
        else:
            spread = np.sqrt(frames_since)
            before = Expectation(previous, *(spread * sigma for sigma in _MOTION_SIGMA))
            best = solve(previous, skeleton, seen, before, _WARM_ITERATIONS)
        return self._result(best, skeleton, seen, keypoints)

    def expected_error(self, detection: HandDetection, side: Side) -> float:
        """How far off the keypoints of a detection are on average once they are corrected [pixel].

        Args:
            detection: What the detector saw.
            side: Which hand it is.
        """
        if self._corrector is None:
            return _KEYPOINT_ERROR * detection.size
        return float(self._corrector.correct(detection, side, self._camera).keypoint_spread.mean())

    def _observe(
        self, detection: HandDetection, side: Side, skeleton: Skeleton, again: HandDetection | None = None
    ) -> Seen:
        if self._corrector is None:
            return _as_detected(detection, side, skeleton, self._camera)
        landmarks = self._corrector.correct(detection, side, self._camera)
        if again is not None:
            landmarks = agreed(landmarks, self._corrector.correct(again, side, self._camera))
        return _as_corrected(landmarks, skeleton, self._camera)

    def _result(self, solution: Solution, skeleton: Skeleton, seen: Observation, keypoints: FloatArray) -> HandFit:
        points, _ = pose_keypoints(*solution.state, skeleton)
        distances = np.linalg.norm(points[:, :2] / points[:, 2:] - seen.rays, axis=1) * self._focal
        covariance = np.linalg.inv(solution.hessian)[:6, :6]
        covariance = (covariance + covariance.T) / 2
        residual, expected = float(np.median(distances)), float(seen.keypoint_sigma.mean())
        return HandFit(solution.state, keypoints, residual, solution.cost, expected, covariance)


class Seen(NamedTuple):
    """What one image says."""

    observation: Observation
    keypoints: FloatArray
    """(21, 2) [pixel]"""
    palm: FloatArray
    """(6, 3) the palm's landmarks in camera axes at the skeleton's size [m], anywhere."""


def _as_detected(detection: HandDetection, side: Side, skeleton: Skeleton, camera: Camera) -> Seen:
    """The detector's landmarks as they are."""
    rays = camera.rays(detection.keypoints)[:, :2]
    direction = np.append(rays[[0, 5, 9, 17]].mean(0), 1.0)
    direction /= np.linalg.norm(direction)
    landmarks = detection.landmarks - detection.landmarks.mean(0)
    if detection.side != side:
        landmarks = landmarks * [1.0, 1.0, -1.0]
    # Landmarks are seen by a camera that looks straight at the hand: turn them to where the hand is.
    landmarks = landmarks @ _rotation_to(direction).T
    landmarks *= palm_size(skeleton.rest_points) / palm_size(landmarks)
    observation = Observation(
        rays=np.ascontiguousarray(rays),
        focal=_focal(camera),
        keypoint_sigma=np.full(21, _KEYPOINT_ERROR * detection.size + 0.5),
        direction=direction,
        depths=landmarks @ direction,
        depth_sigma=np.full(21, _DEPTH_ERROR),
        limit_sigma=_LIMIT_SIGMA,
    )
    return Seen(observation, detection.keypoints, landmarks[_PALM])


def _as_corrected(landmarks: Landmarks, skeleton: Skeleton, camera: Camera) -> Seen:
    """Landmarks that know their own errors."""
    size = palm_size(skeleton.rest_points)
    rays = camera.rays(landmarks.keypoints)
    observation = Observation(
        rays=np.ascontiguousarray(rays[:, :2]),
        focal=_focal(camera),
        keypoint_sigma=landmarks.keypoint_spread,
        direction=landmarks.direction,
        depths=size * landmarks.depths,
        depth_sigma=size * landmarks.depth_spread,
        limit_sigma=_LIMIT_SIGMA,
    )
    along = rays / (rays @ landmarks.direction)[:, None]
    # At this distance the palm, were it flat, would look as large as it does.
    distance = size / max(palm_size(along), 1e-9)
    for _ in range(_DISTANCE_STEPS):  # but it is not: its depths make up for a part of its size
        points = along * (distance + observation.depths)[:, None]
        distance *= float(np.clip(size / palm_size(points), 0.5, 2.0))
    points = along * (distance + observation.depths)[:, None]
    return Seen(observation, landmarks.keypoints, points[_PALM])


def _focal(camera: Camera) -> float:
    return float(np.sqrt(camera.fx * camera.fy))


def _no_expectation(state: HandState) -> Expectation:
    return Expectation(state, np.inf, np.inf, np.inf)


def _rotation_to(direction: FloatArray) -> FloatArray:
    """The smallest rotation (3, 3) that turns the optical axis to a unit vector."""
    axis = np.array([-direction[1], direction[0], 0.0])
    sine = np.linalg.norm(axis)
    return exp_rotation(axis / sine * np.arctan2(sine, direction[2])) if sine > 1e-12 else np.eye(3)


def _cold_start(palm: FloatArray, rays: FloatArray, skeleton: Skeleton) -> HandState:
    """The relaxed hand, its palm laid on the landmarks (6, 3) of the palm, moved to where the keypoints are seen."""
    relaxed, _ = pose_keypoints(np.eye(3), np.zeros(3), skeleton.relaxed, skeleton)
    model, seen = relaxed[_PALM] - relaxed[_PALM].mean(0), palm - palm.mean(0)
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
