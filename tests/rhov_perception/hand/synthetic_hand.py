"""Detections of the free hand model, with known truth: what the detector would say if it were right but for noise."""

from dataclasses import dataclass

import numpy as np

from rhov_core.camera import Camera
from rhov_core.hand import HandModel
from rhov_core.pose import exp_rotation, log_rotation
from rhov_perception.hand.detector import HandDetection
from rhov_perception.hand.fit import _rotation_to
from rhov_perception.hand.skeleton import make_skeleton, pose_keypoints
from rhov_perception.hand.solver import HandState

CAMERA = Camera.from_focal(620.0, 640, 480)
MODELS = {"right": HandModel.load(), "left": HandModel.load(side="left")}
SKELETONS = {side: make_skeleton(model, np.zeros(10)) for side, model in MODELS.items()}
PALM_TO_CAMERA = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])
"""Fingers up (-x to -y of the image), palm (-y) towards the camera (-z), thumb (+z) to the right."""


@dataclass(frozen=True)
class Truth:
    side: str
    state: HandState
    pose: np.ndarray
    joints: np.ndarray
    vertices: np.ndarray


def make_truth(rng, side="right", view=None, position=None):
    """A hand with natural angles in front of the camera."""
    skeleton, model = SKELETONS[side], MODELS[side]
    covariance = np.linalg.inv(skeleton.prior)
    angles = np.clip(rng.multivariate_normal(skeleton.relaxed, 0.5 * covariance), skeleton.lower, skeleton.upper)
    rotation = exp_rotation(rng.normal(scale=0.6, size=3)) @ PALM_TO_CAMERA if view is None else view
    if position is None:
        position = np.array([rng.uniform(-0.1, 0.1), rng.uniform(-0.02, 0.12), rng.uniform(0.45, 0.8)])
    state = HandState(np.ascontiguousarray(rotation), position, angles)
    pose = np.concatenate([log_rotation(rotation), skeleton.finger_pose(angles)])
    hand = model.forward_numpy(pose, np.zeros(10), position)
    return Truth(side, state, pose, hand.joints[0], hand.vertices[0])


def detect(truth, rng=None, pixel_noise=0.0, depth_noise=0.0, says=None, score=0.95, size=1.0):
    """What the detector says about the hand: keypoints, and landmarks of a camera that looks straight at it."""
    points, _ = pose_keypoints(*truth.state, SKELETONS[truth.side])
    keypoints = CAMERA.project(points)
    direction = np.append(CAMERA.rays(keypoints)[[0, 5, 9, 17], :2].mean(0), 1.0)
    landmarks = (points - points.mean(0)) @ _rotation_to(direction / np.linalg.norm(direction)) * size
    if rng is not None:
        keypoints = keypoints + rng.normal(scale=pixel_noise, size=keypoints.shape)
        landmarks = landmarks + rng.normal(scale=depth_noise, size=landmarks.shape)
    side = says or truth.side
    if side != truth.side:  # the detector takes it for the mirrored hand that looks the same
        landmarks = landmarks * [1, 1, -1]
    return HandDetection(side, score, keypoints, landmarks)
