"""Settings of the object estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rhov_core.config import check_ranges, setting


@dataclass(frozen=True)
class ObjectEstimatorConfig:
    """Every number that a user may want to change."""

    network: bool = setting(
        True,
        "whether a network that was taught with rendered pictures helps to find the object in its box and to follow it",
    )
    lessons: int = setting(
        50, "steps in which the network is taught the object in its first frame, 0.1 s each; 0: none", low=0, high=1000
    )
    flow_preset: Literal["ultrafast", "fast", "medium"] = setting(
        "ultrafast", "dense optical flow: ultrafast, fast or medium (about 3, 5 and 23 ms per frame)"
    )
    flow_tracks: int = setting(280, "points on the object that are followed from frame to frame", low=0, high=5000)
    flow_tolerance: float = setting(1.0, "largest error of the way there and back [pixel]", low=0.05, high=10.0)
    flow_margin: int = setting(48, "how far around the object the flow is computed [pixel]", low=8, high=400)
    mask_band: int = setting(7, "how far the mask's border may move beyond what the flow says [pixel]", low=2, high=60)
    color_memory: float = setting(
        0.7, "share of the colours seen so far against those of this frame when following", low=0.0, high=1.0
    )
    color_memory_at_pose: float = setting(
        0.3, "the same when segmenting at the silhouette of a pose, which is nearer to the truth", low=0.0, high=1.0
    )
    color_rate: float = setting(0.05, "share of each new frame in the colours seen so far", low=0.0, high=1.0)
    features: int = setting(1000, "largest number of features in a frame", low=0, high=10000)
    feature_threshold: int = setting(20, "least contrast of a feature [grey levels]", low=1, high=100)
    feature_margin: int = setting(24, "how far around the object features are looked for [pixel]", low=0, high=400)
    least_area: float = setting(
        0.1, "the object is lost when its mask is smaller than this part of the first one", low=0.0, high=1.0
    )
    least_resemblance: float = setting(
        0.5, "the object is lost when its colours are less like those seen so far, 0 to 1", low=0.0, high=1.0
    )
    frames_held: int = setting(
        40, "recent frames that can be segmented again, more than the tracker's frames_remembered", low=1, high=1000
    )

    def __post_init__(self) -> None:
        check_ranges(self)
