"""Settings of the object tracker."""

from __future__ import annotations

from dataclasses import dataclass

from rhov_core.config import check_ranges, setting


@dataclass(frozen=True)
class TrackerConfig:
    """Settings of `ObjectTracker`. Defaults were measured on a real clip of 640x480 pixels."""

    resegment: bool = setting(
        True, "segment again from the predicted silhouette instead of taking the mask in the cues"
    )
    band: int = setting(11, "how far the mask's border may move from the predicted silhouette [pixel]", low=1)
    hand_margin: int = setting(4, "the hand's mask is widened by this before contours are compared [pixel]", low=0)
    max_faces: int = setting(2000, "the mesh is decimated to this many faces for tracking", low=4)
    iterations: int = setting(10, "Gauss-Newton steps of the last solve of a frame", low=1)

    contour_points: int = setting(150, "points on the silhouette and on the mask's border", low=10)
    contour_sigma: float = setting(
        1.5, "largest standard deviation of a mask's border; the residuals show how far it is below [pixel]", low=0.1
    )
    contour_least_sigma: float = setting(
        0.5, "smallest standard deviation that residuals at the border are credited with [pixel]", low=0.05
    )
    contour_weight: float = setting(1.0, "weight of a contour point; they are not independent", low=0.0)
    contour_interval: int = setting(3, "the silhouette is drawn again after this many steps", low=1)
    flow_points: int = setting(250, "tracks of optical flow that are used", low=0)
    flow_sigma: float = setting(1.0, "standard deviation of the flow [pixel]", low=0.1)
    flow_least_sigma: float = setting(
        0.5, "smallest standard deviation that tracks of optical flow are credited with [pixel]", low=0.05
    )
    flow_weight: float = setting(
        0.05, "weight of a flow track: neighbours err alike, most where the surface is plain", low=0.0
    )
    feature_sigma: float = setting(1.5, "standard deviation of a keyframe feature [pixel]", low=0.1)
    feature_weight: float = setting(0.3, "weight of a keyframe feature; they are not independent", low=0.0)

    feature_gate: float = setting(40.0, "a feature must lie this near to its prediction [pixel]", low=1.0)
    feature_ratio: float = setting(0.8, "a match's distance relative to the next best candidate's", low=0.1, high=1.0)
    keyframes_matched: int = setting(3, "keyframes, besides the first, that a frame is matched with", low=1)
    keyframe_angle: float = setting(0.21, "a frame turned this far from all keyframes becomes one [rad]", low=0.01)
    keyframe_features: int = setting(400, "features that a keyframe keeps", low=10)
    keyframe_cosine: float = setting(
        0.25, "features seen more obliquely than this cosine are not kept", low=0.0, high=1
    )

    least_inliers: int = setting(15, "with fewer agreeing features the object counts as lost", low=4)
    least_iou: float = setting(
        0.75, "below this overlap of silhouette and mask the object counts as lost", low=0, high=1
    )
    least_mask_score: float = setting(
        0.1, "without features, a mask whose score is below this is no evidence", low=0.0, high=1.0
    )
    witness_iou: float = setting(
        0.6, "without features, least overlap with the mask in the cues while the object is followed", low=0.0, high=1.0
    )
    followed_iou: float = setting(
        0.9,
        "with known features missing, least overlap with both masks, that in the cues and the last one, to go on",
        low=0.0,
        high=1.0,
    )
    carried_cover: float = setting(
        0.9, "least part of the mask under the silhouette of a pose that the flow carries on", low=0.0, high=1.0
    )
    carried_iou: float = setting(
        0.6, "or least overlap with the mask of a pose that the flow carries on", low=0.0, high=1.0
    )
    most_hand_off: float = setting(
        3.0, "without features, largest distance from the depth of the hand that holds it [standard deviations]", low=0
    )
    search_iou: float = setting(
        0.9, "without features, least overlap with the mask in the cues to find a lost object again", low=0.0, high=1.0
    )
    search_interval: int = setting(
        5, "an object that was not found yet is searched for again after this many frames", low=1
    )

    hypotheses: int = setting(10, "poses of the first frame that are followed until the video tells them apart", low=1)
    hypothesis_frames: int = setting(20, "after this many frames the best of them is kept", low=1)
    hypothesis_gap: float = setting(
        0.2, "poses whose overlap with the first mask is this much less than the best one's are left out", low=0.0
    )

    frames_remembered: int = setting(
        30, "newest frames that a pose which is found late can replace; fewer than the estimator's frames_held", low=10
    )
    doubtful: float = setting(
        0.95,
        "other poses are looked for while the last frames are explained with a lower mean score",
        low=0,
    )
    challenge_interval: int = setting(8, "frames between the end of one such search and the next", low=1)

    covariance_floor_translation: float = setting(0.002, "smallest standard deviation of the position [m]", low=0.0)
    covariance_floor_rotation: float = setting(0.01, "smallest standard deviation of the rotation [rad]", low=0.0)
    lost_drift_translation: float = setting(0.03, "growth of the position's deviation per sqrt(lost frame) [m]", low=0)
    lost_drift_rotation: float = setting(0.2, "growth of the rotation's deviation per sqrt(lost frame) [rad]", low=0)

    def __post_init__(self) -> None:
        check_ranges(self)
