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
from rhov_perception.hand.second_look import MirroredDetector, is_same_hand
from rhov_perception.hand.side import SideVote
from rhov_perception.hand.side_network import SideNetwork
from rhov_perception.hand.size import shape_of_length
from rhov_perception.hand.skeleton import make_skeleton
from rhov_perception.hand.track import HandTrack
from rhov_perception.hand.uncertainty import calibrated

_REJECTIONS = 5
"""After this many frames with nothing but implausible hands the detector is made to search for palms again."""
_LEAST_ERROR = 0.01
"""Keypoints are never known better, as a fraction of the hand's size in the image: such a hand has a score of 1."""
_JUMP = 8.0
"""A hand that is fitted without regard to the frame before must cost so much less: it may have turned around since."""


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
        self._second = MirroredDetector(self._config) if self._config.look_twice else None
        corrector = LandmarkCorrector.load() if self._config.correct_landmarks else None
        self._fitter, self._side_network = HandFitter(self._camera, corrector), SideNetwork.load()
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
        self._forget()

    @property
    def frames_remembered(self) -> int:
        """How many of the last images a copy made by pickling has to `look_again` at before it goes on."""
        return max(detector.frames_remembered for detector in self._detectors)

    def look_again(self, image: ByteArray, frames_left: int) -> None:
        """Gives a copy the memory of an image (H, W, 3) that was estimated already.

        Args:
            image: The image.
            frames_left: How many such images are left, this one included.
        """
        for detector in self._detectors:
            if frames_left <= detector.frames_remembered:
                detector.look_again(image)

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
        detection, again = self._looked(pixels, frame_index)
        if detection is None:
            return HandObservation(None, self._kept_mask(frame_index))
        fresh = self._fresh(detection, again)
        self._vote.add(
            detection,
            pixels,
            said=self._said_side(detection, again),
            advantage=fresh["left"].cost - fresh["right"].cost if len(fresh) > 1 else 0.0,
            expected_error=min(self._fitter.expected_error(detection, side) for side in fresh) / detection.size,
        )
        side = self._vote.side
        fit = self._followed(fresh[side], detection, again, side, frame_index)
        if fit.residual > self._config.max_residual * detection.size:
            mask = skeleton_mask(detection.keypoints, width, height)
            return HandObservation(None, self._remember(frame_index, mask), fit.residual)
        self._track.accept(detection, frame_index)
        self._fit = (frame_index, side, fit)
        estimate, mask = self._result(detection, side, fit)
        return HandObservation(estimate, self._remember(frame_index, mask), fit.residual)

    def close(self) -> None:
        """Frees the detector."""
        for detector in self._detectors:
            detector.close()

    @property
    def _detectors(self) -> list[HandDetector | MirroredDetector]:
        return [self._detector] if self._second is None else [self._detector, self._second]

    def _looked(self, pixels: ByteArray, frame_index: int) -> tuple[HandDetection | None, HandDetection | None]:
        """The followed hand in an image, and the same hand at a second look; each None if it was not found."""
        found = [self._detector.detect(pixels)]
        chosen = [self._track.choose(found[0], frame_index)]
        if self._second is not None and self._is_sure(chosen[0]):
            self._second.forget()  # what it remembers would be of an earlier image when it is asked again
        elif self._second is not None:
            found.append(self._second.detect(pixels))
            chosen.append(self._track.choose(found[1], frame_index))
        seen = [detection for detection in chosen if detection is not None]
        self._search_again(rejected=any(found) and not seen)
        if not seen:
            return None, None
        return seen[0], seen[1] if len(seen) > 1 and is_same_hand(*seen) else None

    def _is_sure(self, detection: HandDetection | None) -> bool:
        """Whether one look at an image is enough."""
        if detection is None or detection.side != self._vote.side:
            return False
        expected = self._fitter.expected_error(detection, detection.side)
        return expected < self._config.sure_error * detection.size

    def _forget(self) -> None:
        for detector in self._detectors:
            detector.forget()

    def _fresh(self, detection: HandDetection, again: HandDetection | None) -> dict[Side, HandFit]:
        """The hands of the sides in question, whatever was seen before."""
        given = self._config.side
        sides: tuple[Side, ...] = ("right", "left") if given == "auto" else (given,)
        return {side: self._fitter.fit(detection, side, self._skeletons[side], again=again) for side in sides}

    def _said_side(self, detection: HandDetection, again: HandDetection | None) -> float:
        """Logarithm of the odds of a right hand, as its landmarks at both looks say on average."""
        looks = [detection] if again is None else [detection, again]
        return float(np.mean([self._side_network.log_odds(look, self._camera) for look in looks]))

    def _followed(
        self, fresh: HandFit, detection: HandDetection, again: HandDetection | None, side: Side, frame_index: int
    ) -> HandFit:
        """The hand near where it was before, unless an image contradicts that too much."""
        if self._fit is None or self._fit[1] != side:
            return fresh
        last, _, fit = self._fit
        near = self._fitter.fit(detection, side, self._skeletons[side], fit.state, frame_index - last, again)
        return near if near.cost < fresh.cost + _JUMP else fresh

    def _result(self, detection: HandDetection, side: Side, fit: HandFit) -> tuple[HandEstimate, BoolArray]:
        model, shape = self._models[side], self._shape
        skeleton = self._skeletons[side]
        pose = fit.pose(skeleton)
        translation = fit.state.translation - skeleton.joints[0]
        hand = model.forward_numpy(pose, shape, translation)
        estimate = HandEstimate(
            side=side,
            score=_certainty(fit.expected_error / detection.size),
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
            self._forget()
            self._rejected = 0

    def _remember(self, frame_index: int, mask: BoolArray) -> BoolArray:
        self._mask = (frame_index, mask)
        return mask

    def _kept_mask(self, frame_index: int) -> BoolArray | None:
        if self._mask is None or frame_index - self._mask[0] > self._config.keep_mask:
            return None
        return self._mask[1]


def _certainty(expected_error: float) -> float:
    """0 to 1, inversely proportional to the expected error of the keypoints as a fraction of the hand's size.

    In the precision of messages, so that the library and the nodes compute with the same numbers.
    """
    return float(np.float32(min(1.0, _LEAST_ERROR / max(expected_error, 1e-9))))
