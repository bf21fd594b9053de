"""The manipulating hand, frame by frame: detect, choose, fit, draw."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rhov_core.arrays import BoolArray, ByteArray, checked
from rhov_core.camera import Camera
from rhov_core.cues import HandEstimate, Side
from rhov_core.hand import HandModel
from rhov_perception.hand.config import HandConfig
from rhov_perception.hand.corrector import LandmarkCorrector
from rhov_perception.hand.detector import HandDetection, HandDetector
from rhov_perception.hand.fit import HandFit, HandFitter
from rhov_perception.hand.mask import rendered_mask, skeleton_mask
from rhov_perception.hand.side import SideVote
from rhov_perception.hand.size import shape_of_length
from rhov_perception.hand.skeleton import make_skeleton
from rhov_perception.hand.track import HandTrack
from rhov_perception.hand.uncertainty import calibrated

_REJECTIONS = 5
"""After this many frames with nothing but implausible hands the detector is made to search for palms again."""


@dataclass(frozen=True)
class HandObservation:
    """What one image says about the hand."""

    estimate: HandEstimate | None
    """None where no hand was found that could be fitted: nothing is guessed."""
    mask: BoolArray | None
    """(H, W) where the hand is *drawn*: the rendered fit, else thick bones around the keypoints, else for some frames
    the last mask; None without any. Hidden fingers are drawn on top of what hides them, so treat these pixels as
    probably hand, never as certainly not object."""
    residual: float = float("nan")
    """Median distance of the fitted keypoints to the detected ones [pixel]; NaN without a detection."""


class HandEstimator:
    """Follows one hand through the images of one camera and fits the hand model to it in each.

    Args:
        camera: Of the images, which are expected without lens distortion.
        config: Settings.

    Raises:
        InputError: If the hand model cannot be loaded.
        MissingDependencyError: If MediaPipe is not installed.
    """

    def __init__(self, camera: Camera, config: HandConfig | None = None) -> None:
        self._camera, self._config = camera.rectified(), config or HandConfig()
        model = HandModel.load(Path(self._config.hand_model) if self._config.hand_model else None)
        self._models: dict[Side, HandModel] = {"right": model, "left": model.mirrored()}
        self._detector = HandDetector(self._config)
        corrector = LandmarkCorrector.load() if self._config.correct_landmarks else None
        self._fitter = HandFitter(self._camera, corrector)
        length = self._config.hand_length
        self._shape = shape_of_length(model, length) if length > 0 else np.zeros(10)
        self._skeletons = {side: make_skeleton(m, self._shape) for side, m in self._models.items()}
        self.reset()

    def reset(self) -> None:
        """Forgets the hand that was followed."""
        given = None if self._config.side == "auto" else self._config.side
        self._vote, self._track = SideVote(given), HandTrack(given)
        self._fit: tuple[int, Side, HandFit] | None = None
        self._mask: tuple[int, BoolArray] | None = None
        self._rejected = 0
        self._detector.forget()

    @property
    def frames_remembered(self) -> int:
        """How many of the last images a copy made by pickling has to `look_again` at before it goes on."""
        return self._detector.frames_remembered

    def look_again(self, image: ByteArray) -> None:
        """Gives a copy the memory of an image (H, W, 3) that was estimated already."""
        self._detector.look_again(image)

    def model(self, side: Side) -> HandModel:
        """The hand model of a side, to which the estimates' parameters belong."""
        return self._models[side]

    def estimate(self, image: ByteArray, frame_index: int) -> HandObservation:
        """Estimates the hand in the next image.

        Args:
            image: (H, W, 3) BGR, without lens distortion.
            frame_index: Index of the source frame, larger than the last one.

        Raises:
            InputError: If the image has another size than the camera's.
        """
        height, width = self._camera.height, self._camera.width
        pixels = checked("the image", image, (height, width, 3), np.uint8)
        detections = self._detector.detect(pixels)
        detection = self._track.choose(detections, frame_index)
        self._search_again(rejected=bool(detections) and detection is None)
        if detection is None:
            return HandObservation(None, self._kept_mask(frame_index))
        self._vote.add(detection, pixels, self._advantage(detection))
        fit, side = self._fitted(detection, frame_index)
        if fit.residual > self._config.max_residual * detection.size:
            mask = skeleton_mask(detection.keypoints, width, height)
            return HandObservation(None, self._remember(frame_index, mask), fit.residual)
        self._track.accept(detection, frame_index)
        self._fit = (frame_index, side, fit)
        estimate, mask = self._result(detection, side, fit)
        return HandObservation(estimate, self._remember(frame_index, mask), fit.residual)

    def close(self) -> None:
        """Frees the detector."""
        self._detector.close()

    def _fitted(self, detection: HandDetection, frame_index: int) -> tuple[HandFit, Side]:
        side = self._vote.side
        skeleton = self._skeletons[side]
        if self._fit is None or self._fit[1] != side:
            return self._fitter.fit(detection, side, skeleton), side
        last, _, fit = self._fit
        return self._fitter.fit(detection, side, skeleton, fit.state, frame_index - last), side

    def _advantage(self, detection: HandDetection) -> float:
        """By how much a right hand fits a detection better than a left one, whatever was seen before."""
        if self._config.side != "auto":
            return 0.0
        right, left = (self._fitter.fit(detection, side, self._skeletons[side]).cost for side in ("right", "left"))
        return left - right

    def _result(self, detection: HandDetection, side: Side, fit: HandFit) -> tuple[HandEstimate, BoolArray]:
        model, shape = self._models[side], self._shape
        skeleton = self._skeletons[side]
        pose = fit.pose(skeleton)
        translation = fit.state.translation - skeleton.joints[0]
        hand = model.forward_numpy(pose, shape, translation)
        estimate = HandEstimate(
            side=side,
            score=detection.score,
            keypoints=fit.keypoints,
            pose=pose,
            shape=shape,
            translation=translation,
            joints=hand.joints[0],
            wrist_covariance=calibrated(fit),
            model=model.name,
        )
        mask = rendered_mask(hand.vertices[0], model.faces, self._camera, self._config.mask_margin)
        return estimate, mask

    def _search_again(self, *, rejected: bool) -> None:
        self._rejected = self._rejected + 1 if rejected else 0
        if self._rejected >= _REJECTIONS:
            self._detector.forget()
            self._rejected = 0

    def _remember(self, frame_index: int, mask: BoolArray) -> BoolArray:
        self._mask = (frame_index, mask)
        return mask

    def _kept_mask(self, frame_index: int) -> BoolArray | None:
        if self._mask is None or frame_index - self._mask[0] > self._config.keep_mask:
            return None
        return self._mask[1]
