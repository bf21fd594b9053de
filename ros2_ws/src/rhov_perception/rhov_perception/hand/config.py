"""Settings of the hand estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rhov_core.config import check_ranges, setting
from rhov_core.errors import InputError


@dataclass(frozen=True)
class HandConfig:
    """What a user may change about hand estimation."""

    side: Literal["auto", "right", "left"] = setting(
        "auto", "which hand manipulates the object: right, left, or auto to vote over the track"
    )
    hand_model: str = setting("", "path of your own MANO_RIGHT.pkl; empty for the free model")
    hand_length: float = setting(
        0.0, "length of the hand from wrist to middle fingertip [m]; 0 for the mean adult (0.186)", low=0.0, high=0.3
    )
    model_complexity: int = setting(1, "landmark network: 0 lite, 1 full", low=0, high=1)
    detection_confidence: float = setting(0.3, "smallest palm detection score, 0 to 1", low=0.0, high=1.0)
    tracking_confidence: float = setting(
        0.3, "smallest landmark score before palms are searched again", low=0.0, high=1.0
    )
    correct_landmarks: bool = setting(
        True, "correct the detector's landmarks by what was learnt from rendered hands that hold things"
    )
    look_twice: bool = setting(
        True, "look at an image mirrored too where the first look is not sure: more hands are found, fingers are better"
    )
    sure_error: float = setting(
        0.05,
        "one look is enough where keypoints are expected to be off by less than this on average, as a fraction of the "
        "hand's size in the image, and the side is that of the vote; 0 always looks twice",
        low=0.0,
    )
    keep_mask: int = setting(15, "frames for which the last hand mask is kept when no hand is found", low=0)
    max_residual: float = setting(
        0.08, "largest median reprojection residual of a good fit, as a fraction of the hand's size in the image", low=0
    )
    mask_margin: float = setting(0.004, "how far the hand mask reaches beyond the fitted hand [m]", low=0.0, high=0.05)

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.side not in ("auto", "right", "left"):
            raise InputError(f"side is '{self.side}'", "'auto', 'right' or 'left'", "correct the side of the hand")
