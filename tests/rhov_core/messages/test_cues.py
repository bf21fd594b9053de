from dataclasses import replace

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from rhov_core.cues import FrameCues, HandEstimate
from rhov_core.errors import InputError
from rhov_core.messages import frame_cues_from_msg, hand_from_msg, hand_mask_from_msg, hand_to_msg, object_cues_to_msg
from rhov_core.picture_crop import PictureCrop

SIZE = (64, 48)
HEADER = Header(frame_id="camera_optical_frame", stamp=Time(sec=3, nanosec=250_000_000))


@pytest.fixture
def hand():
    rng = np.random.default_rng(1)
    return HandEstimate(
        side="left",
        score=0.75,
        keypoints=rng.uniform(5, 40, (21, 2)),
        pose=rng.normal(size=48),
        shape=rng.normal(size=10),
        translation=rng.normal(size=3),
        joints=rng.normal(size=(21, 3)),
        wrist_covariance=np.diag(rng.random(6)),
        model="anny_right_hand16",
    )


@pytest.fixture
def cues():
    rng = np.random.default_rng(2)
    mask = np.zeros(SIZE[::-1], bool)
    mask[10:20, 30:45] = True
    return FrameCues(
        frame_index=17,
        stamp=3.25,
        image_size=SIZE,
        object_mask=mask,
        cover_mask=np.roll(mask, 7, axis=1),
        mask_score=0.5,
        flow_source=rng.uniform(0, 40, (6, 2)),
        flow_target=rng.uniform(0, 40, (6, 2)),
        feature_positions=rng.uniform(0, 40, (4, 2)),
        feature_descriptors=rng.integers(0, 256, (4, 32), np.uint8),
        crop=PictureCrop(rng.integers(0, 256, (7, 9, 3), np.uint8), 20, 5, 3),
    )


def test_hand_survives(hand):
    mask = np.random.default_rng(3).random(SIZE[::-1]) < 0.5
    message = hand_to_msg(hand, HEADER, 17, SIZE, mask)
    assert (message.frame_index, message.detected, message.header) == (17, True, HEADER)
    back = hand_from_msg(message)
    assert (back.side, back.score, back.model) == ("left", 0.75, "anny_right_hand16")
    np.testing.assert_allclose(back.keypoints, hand.keypoints, atol=1e-5)
    for name in ("pose", "shape", "translation", "joints", "wrist_covariance"):
        np.testing.assert_array_equal(getattr(back, name), getattr(hand, name))
    np.testing.assert_array_equal(hand_mask_from_msg(message), mask)


def test_box_of_the_hand_is_cut_at_the_border(hand):
    keypoints = np.array(hand.keypoints)
    keypoints[0], keypoints[1] = (-20, 7), (30, 500)
    box = hand_to_msg(replace(hand, keypoints=keypoints), HEADER, 0, SIZE).box
    assert (box.x_offset, box.y_offset + box.height) == (0, 48)


def test_no_hand_survives():
    message = hand_to_msg(None, HEADER, 5, SIZE)
    assert message.frame_index == 5
    assert hand_from_msg(message) is None
    assert hand_mask_from_msg(message) is None


def test_bad_hands_are_refused(hand):
    for name, value in (("side", "both"), ("score", 1.5), ("score", float("nan"))):
        message = hand_to_msg(hand, HEADER, 0, SIZE)
        setattr(message, name, value)
        with pytest.raises(InputError, match=name):
            hand_from_msg(message)
    message = hand_to_msg(hand, HEADER, 0, SIZE)
    message.joints[4] = np.nan
    with pytest.raises(InputError, match="joints"):
        hand_from_msg(message)


def test_object_cues_survive(cues, hand):
    message = object_cues_to_msg(cues, HEADER)
    box = message.box
    assert (box.x_offset, box.y_offset, box.width, box.height) == (30, 10, 15, 10)
    mask = np.ones(SIZE[::-1], bool)
    back = frame_cues_from_msg(message, hand_to_msg(hand, HEADER, 17, SIZE, mask))
    assert (back.frame_index, back.stamp, back.image_size, back.mask_score) == (17, 3.25, SIZE, 0.5)
    np.testing.assert_array_equal(back.object_mask, cues.object_mask)
    np.testing.assert_array_equal(back.cover_mask, cues.cover_mask)
    np.testing.assert_array_equal(back.feature_descriptors, cues.feature_descriptors)
    for name in ("flow_source", "flow_target", "feature_positions"):
        np.testing.assert_allclose(getattr(back, name), getattr(cues, name), atol=1e-5)
    np.testing.assert_array_equal(back.crop.pixels, cues.crop.pixels)
    assert (back.crop.x0, back.crop.y0, back.crop.step) == (20, 5, 3)
    assert back.hand.side == "left"
    assert back.hand_mask.all()


def test_empty_object_cues_survive():
    back = frame_cues_from_msg(object_cues_to_msg(FrameCues(frame_index=0, stamp=3.25, image_size=SIZE), HEADER))
    assert back.object_mask is None
    assert back.crop is None
    assert back.hand is None
    assert back.flow_source.shape == (0, 2)
    assert back.feature_descriptors.shape == (0, 32)


def test_object_cues_that_do_not_fit_together_are_refused(cues, hand):
    for name, change in (
        ("flow_target", lambda values: values[:-2]),
        ("flow_source", lambda values: values[:-1]),
        ("feature_descriptors", lambda values: values[:-1]),
        ("feature_positions", lambda values: type(values)("f", [float("nan"), *values[1:]])),
        ("image_width", lambda width: width + 1),
        ("image_height", lambda height: 0),
        ("mask_score", lambda score: -1.0),
    ):
        message = object_cues_to_msg(cues, HEADER)
        setattr(message, name, change(getattr(message, name)))
        with pytest.raises(InputError):
            frame_cues_from_msg(message)
    other = hand_to_msg(hand, Header(stamp=Time(sec=4)), 18, SIZE)
    with pytest.raises(InputError, match="same frame"):
        frame_cues_from_msg(object_cues_to_msg(cues, HEADER), other)
