"""Hand estimates, frame cues and object estimates check what they are given."""

import numpy as np
import pytest

from rhov_core.cues import FrameCues, HandEstimate
from rhov_core.errors import InputError
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.trajectory import ObjectState


def hand(**changes):
    values = {
        "side": "right",
        "score": 0.9,
        "keypoints": np.zeros((21, 2)),
        "pose": np.zeros(48),
        "shape": np.zeros(10),
        "translation": np.zeros(3),
        "joints": np.zeros((21, 3)),
        "wrist_covariance": np.eye(6),
        "model": "anny",
    }
    return HandEstimate(**(values | changes))


def cues(**changes):
    return FrameCues(**({"frame_index": 3, "stamp": 0.1, "image_size": (8, 6)} | changes))


def estimate(**changes):
    values = {
        "frame_index": 3,
        "stamp": 0.1,
        "T_camera_object": np.eye(4),
        "covariance": np.eye(6),
        "state": ObjectState.TRACKED,
    }
    return ObjectEstimate(**(values | changes))


@pytest.mark.parametrize(
    "bad",
    [
        {"side": "both"},
        {"score": float("nan")},
        {"keypoints": np.zeros((20, 2))},
        {"pose": np.full(48, np.nan)},
        {"shape": np.zeros(11)},
        {"translation": [0, 0, np.inf]},
        {"joints": np.zeros((21, 2))},
        {"wrist_covariance": np.zeros((3, 3))},
    ],
)
def test_bad_hands_are_refused(bad):
    hand()
    with pytest.raises(InputError):
        hand(**bad)


def test_missing_cues_are_empty():
    empty = cues()
    assert empty.hand is None and empty.object_mask is None and empty.depth is None
    assert empty.flow_source.shape == (0, 2) and empty.feature_descriptors.shape == (0, 32)


def test_cues_are_kept_and_frozen():
    mask = np.zeros((6, 8), np.uint8)
    mask[2, 3] = 255
    made = cues(
        hand=hand(),
        object_mask=mask,
        flow_source=[[1, 2]],
        flow_target=[[2, 3]],
        feature_positions=np.ones((5, 2)),
        feature_descriptors=np.ones((5, 64), np.uint8),
        depth=np.full((6, 8), np.nan),
    )
    assert made.object_mask.dtype == np.bool_ and made.object_mask.sum() == 1 and made.object_mask[2, 3]
    assert np.isnan(made.depth).all()
    for array in (made.object_mask, made.flow_source, made.feature_descriptors, made.depth, made.hand.pose):
        assert not array.flags.writeable
    mask[:] = 255
    assert made.object_mask.sum() == 1


@pytest.mark.parametrize(
    "bad",
    [
        {"object_mask": np.zeros((8, 6))},
        {"hand_mask": np.zeros((6, 8, 3))},
        {"cover_mask": np.zeros((8, 6), bool)},
        {"flow_source": [[1, 2]]},
        {"flow_source": [[1, np.nan]], "flow_target": [[1, 2]]},
        {"flow_source": [[1, 2]], "flow_target": [[1, 2], [3, 4]]},
        {"feature_positions": [[1, 2]]},
        {"feature_positions": [[1, 2]], "feature_descriptors": np.zeros((2, 32), np.uint8)},
        {"feature_positions": [[1, 2]], "feature_descriptors": np.full((1, 32), 0.5)},
        {"depth": np.zeros((8, 6))},
        {"stamp": float("nan")},
        {"mask_score": float("nan")},
    ],
)
def test_bad_cues_are_refused(bad):
    with pytest.raises(InputError):
        cues(**bad)


def test_with_object_mask():
    old = cues(mask_score=0.4, flow_source=[[1, 2]], flow_target=[[2, 3]])
    new = old.with_object_mask(np.ones((6, 8), bool), 0.8)
    assert new.object_mask.all() and new.mask_score == pytest.approx(0.8) and old.object_mask is None
    np.testing.assert_array_equal(new.flow_source, old.flow_source)
    assert old.with_object_mask(np.ones((6, 8), bool)).mask_score == pytest.approx(0.4)
    with pytest.raises(InputError):
        old.with_object_mask(np.ones((3, 3), bool))


@pytest.mark.parametrize(
    "bad",
    [
        {"T_camera_object": np.eye(3)},
        {"T_camera_object": np.full((4, 4), np.nan)},
        {"T_camera_object": np.diag([1, 1, -1, 1])},
        {"covariance": np.eye(3)},
        {"covariance": np.full((6, 6), np.inf)},
        {"stamp": float("inf")},
    ],
)
def test_bad_object_estimates_are_refused(bad):
    assert np.isnan(estimate().mask_iou)
    with pytest.raises(InputError):
        estimate(**bad)


def test_what_covers_the_object_is_the_hand_unless_more_is_known():
    hand, cover = np.zeros((2, 6, 8), bool)
    hand[1, 1] = cover[2, 2] = True
    assert FrameCues(0, 0.0, (8, 6)).covered is None
    np.testing.assert_array_equal(FrameCues(0, 0.0, (8, 6), hand_mask=hand).covered, hand)
    np.testing.assert_array_equal(FrameCues(0, 0.0, (8, 6), hand_mask=hand, cover_mask=cover).covered, cover)
