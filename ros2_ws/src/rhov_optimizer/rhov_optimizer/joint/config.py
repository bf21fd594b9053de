"""Settings of the joint optimisation."""

from __future__ import annotations

from dataclasses import dataclass

from rhov_core.config import check_ranges, setting
from rhov_core.device import DEVICES
from rhov_core.errors import InputError

OBJECT_SOLVERS = ("gauss_newton", "adam")


@dataclass(frozen=True)
class JointConfig:
    """Settings of `optimise_trajectory`."""

    object_solver: str = setting(
        "gauss_newton",
        "what improves the object's poses: 'gauss_newton' over the whole clip first, or 'adam' with all terms (paper)",
    )
    device: str = setting(
        "auto", "where the terms are evaluated: 'cpu', 'cuda', or 'auto' for a GPU that torch can use, else the CPU"
    )
    iterations: int = setting(60, "steps of Adam with all terms", low=0)
    resolution: int = setting(64, "silhouettes are compared in square regions of this many pixels a side", low=16)
    object_faces: int = setting(500, "the object's mesh is decimated to this many faces for the terms", low=4)
    hand_faces: int = setting(400, "the hand's mesh is decimated to this many faces for the terms", low=50)
    part: int = setting(64, "frames evaluated at once: bounds the memory, changes no result [frames]", low=8)

    object_step: float = setting(0.004, "first step size of the object's poses [m, rad]", low=0.0)
    scale_step: float = setting(0.005, "first step size of the object's relative size", low=0.0)
    hand_pose_step: float = setting(0.01, "first step size of the hand's joints [rad]", low=0.0)
    hand_translation_step: float = setting(0.002, "first step size of the hand's position [m]", low=0.0)
    last_step: float = setting(0.02, "the step sizes shrink to this fraction of the first", low=0.0, high=1.0)

    contact_distance: float = setting(0.03, "a fingertip nearer to the object than this is held to touch it [m]", low=0)
    grasp_prior: str = setting(
        "closing",
        "what proposes grasps halfway: 'closing' closes the fingers on the object; or the path of a network in ONNX",
    )
    align_depths: bool = setting(
        True, "move the hand along its viewing rays to where it touches the object, within the detector's uncertainty"
    )
    hand_size_range: float = setting(
        1.25, "largest factor by which the hand is resized to meet an object of known size", low=1.0
    )
    focal_sigma: float = setting(
        0.0,
        "relative standard deviation of the focal length, for the covariance: 0 for a calibrated camera",
        low=0.0,
        high=1.0,
    )
    couple_frames: bool = setting(
        True,
        "besides the terms, let frames inform each other: bridge those that show nothing, steady the fingers, align "
        "depths over time",
    )
    couple_hand_object: bool = setting(
        True,
        "besides the terms, let hand and object inform each other: bring them to one size, align their depths at "
        "contact, carry a hidden hand with the object that it holds",
    )

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.device not in DEVICES:
            raise InputError(f"device is '{self.device}'", " or ".join(DEVICES), "choose one of these")
        if self.object_solver not in OBJECT_SOLVERS:
            raise InputError(
                f"object_solver is '{self.object_solver}'", " or ".join(OBJECT_SOLVERS), "choose one of these"
            )
