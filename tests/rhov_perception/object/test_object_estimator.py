import dataclasses

import cv2
import numpy as np
import pytest
from moving_card import HEIGHT, SKIN, WIDTH, box_of, overlap, pose, render

from rhov_core.camera import Camera
from rhov_core.errors import InputError
from rhov_perception.object import ObjectEstimator, ObjectEstimatorConfig, mask_track

CAMERA = Camera.from_focal(300, WIDTH, HEIGHT)
FRAMES = 20


@pytest.fixture(scope="module")
def clip():
    return [render(k) for k in range(FRAMES)]


def follow(frames, seed=None, config=None):
    estimator = ObjectEstimator(CAMERA, config)
    first = frames[0]
    seed = box_of(first.silhouette) if seed is None else seed
    cues = [estimator.start(first.image, 0, 0.0, seed, None, first.hand_mask)]
    cues += [estimator.step(f.image, k, k / 30, None, f.hand_mask) for k, f in enumerate(frames[1:], 1)]
    return estimator, cues


@pytest.fixture(scope="module")
def followed(clip):
    return follow(clip)


def test_mask_follows_the_visible_object(clip, followed):
    overlaps = [overlap(cues.object_mask, frame.visible) for cues, frame in zip(followed[1], clip, strict=True)]
    assert min(overlaps) > 0.98


def test_flow_is_that_of_the_object(clip, followed):
    errors = []
    for cues, frame in zip(followed[1][1:], clip[1:], strict=True):
        A, t = frame.motion[:, :2], frame.motion[:, 2]
        errors.append(cues.flow_target - (cues.flow_source @ A.T + t))
        assert 200 <= len(errors[-1]) <= 400
    lengths = np.linalg.norm(np.concatenate(errors), axis=1)
    assert np.median(lengths) < 0.1 and np.percentile(lengths, 95) < 0.25
    assert np.abs(np.concatenate(errors).mean(axis=0)).max() < 0.02, "flow must not be biased"


def test_no_flow_comes_from_the_hand(clip, followed):
    for k, cues in enumerate(followed[1][1:], 1):
        for points, frame in ((cues.flow_source, clip[k - 1]), (cues.flow_target, clip[k])):
            x, y = np.rint(points).astype(int).T
            assert frame.visible[y, x].all() and not frame.hand_mask[y, x].any()


def on_card(frame, k, x, y, radius):
    """A disc at a place (x, y) of the card [pixel of the card], as a mask of the image."""
    disc = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(disc, tuple(int(v) for v in np.rint(pose(k) @ [x, y, 1])), radius, 1, -1)
    return disc > 0


def test_hidden_fingers_drawn_on_the_object_take_nothing_from_its_mask_nor_its_flow():
    frames = [render(k, hand=False) for k in range(8)]
    drawn = [on_card(f, k, 70, 30, 16) & (k % 3 > 0) for k, f in enumerate(frames)]  # every third frame has no hand
    frames = [dataclasses.replace(f, hand_mask=hand) for f, hand in zip(frames, drawn, strict=True)]
    _, cues = follow(frames)
    for k, (cue, frame) in enumerate(zip(cues, frames, strict=True)):
        assert overlap(cue.object_mask, frame.visible) > 0.98
        if k > 0:
            x, y = np.rint(cue.flow_source).astype(int).T
            drawn_before = frames[k - 1].hand_mask
            assert len(x) > 100 and drawn_before[y, x].any() == drawn_before.any()


def test_fingers_in_front_of_the_middle_are_left_out_of_the_mask():
    frames = []
    for k in range(8):
        plain = render(k, hand=False)
        finger = on_card(plain, k, 70, 40, 14)
        image = plain.image.copy()
        image[finger] = SKIN
        frames.append(dataclasses.replace(plain, image=image, hand_mask=finger, visible=plain.visible & ~finger))
    _, cues = follow(frames)
    for cue, frame in zip(cues, frames, strict=True):
        assert cue.object_mask[frame.hand_mask].mean() < 0.2
        assert overlap(cue.object_mask, frame.visible) > 0.95


def with_skin(frame, skin, drawn):
    """The frame with something of the skin's colour in it, of which only a part is drawn as hand."""
    image = frame.image.copy()
    image[skin] = np.clip(np.array(SKIN) + np.random.default_rng(0).normal(0, 3, (skin.sum(), 3)), 0, 255)
    return dataclasses.replace(frame, image=image, hand_mask=drawn, visible=frame.visible & ~skin)


def test_a_forearm_in_the_box_is_not_the_object():
    frames = []
    for k in range(8):
        plain = render(k, hand=False)
        arm, hand = np.zeros((2, HEIGHT, WIDTH), np.uint8)
        x, y = (int(v) for v in pose(k) @ [45, 40, 1])
        cv2.line(arm, (x, y), (x - 20, 239), 1, 26)
        cv2.line(hand, (x, y), (x - 4, y + 30), 1, 22)
        frames.append(with_skin(plain, arm > 0, hand > 0))
    _, cues = follow(frames, seed=(*box_of(frames[0].silhouette)[:3], 130))
    for cue, frame in zip(cues, frames, strict=True):
        assert overlap(cue.object_mask, frame.visible) > 0.95


def test_fingers_beside_where_they_are_drawn_are_left_out():
    frames = []
    for k in range(8):
        plain = render(k, hand=False)
        finger = on_card(plain, k, 30, 0, 14) | on_card(plain, k, 30, 14, 14)
        frames.append(with_skin(plain, finger, np.roll(finger, -9, 1)))
    _, cues = follow(frames)
    for cue, frame in zip(cues, frames, strict=True):
        assert overlap(cue.object_mask, frame.visible) > 0.95


def test_an_arm_across_the_object_leaves_both_parts():
    frames = []
    for k in range(8):
        plain = render(k, hand=False)
        across = np.zeros((HEIGHT, WIDTH), np.uint8)
        top, bottom = (tuple(int(v) for v in pose(k) @ [70, y, 1]) for y in (-40, 120))
        cv2.line(across, top, bottom, 1, 18)
        frames.append(with_skin(plain, across > 0, across > 0))
    _, cues = follow(frames)
    for cue, frame in zip(cues, frames, strict=True):
        assert overlap(cue.object_mask, frame.visible) > 0.95


def test_features_lie_on_the_object_and_match_themselves(clip, followed):
    for cues, frame in zip(followed[1], clip, strict=True):
        x, y = np.rint(cues.feature_positions).astype(int).T
        assert len(x) > 150 and frame.visible[y, x].mean() > 0.9
        assert cues.feature_descriptors.shape == (len(x), 32)


def test_score_tells_separable_from_alike_colours(clip, followed):
    assert followed[1][-1].mask_score > 0.6
    gray = [dataclasses.replace(f, image=np.random.default_rng(k).integers(90, 110, f.image.shape, np.uint8))
            for k, f in enumerate(clip[:2])]  # fmt: skip
    _, cues = follow(gray, seed=clip[0].visible)
    assert cues[0].mask_score < 0.35


def test_same_input_gives_the_same_output(clip, followed):
    _, again = follow(clip[:6])
    for a, b in zip(again, followed[1], strict=False):
        for field in dataclasses.fields(a):
            np.testing.assert_equal(_plain(a, field.name), _plain(b, field.name), err_msg=field.name)


def _plain(cues, name):
    """A cue as arrays and numbers."""
    value = getattr(cues, name)
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) else value


def test_seed_from_a_silhouette_ignores_what_the_hand_covers(clip):
    estimator, cues = follow(clip[:1], seed=clip[0].silhouette)
    assert overlap(cues[0].object_mask, clip[0].visible) > 0.97
    assert estimator.notes == ()


@pytest.mark.parametrize(("side", "cut"), [("left", (25, 0, -25, 0)), ("right", (0, 0, -25, 0)),
                                           ("top", (0, 20, 0, -20)), ("bottom", (0, 0, 0, -20))])  # fmt: skip
def test_box_that_cuts_the_object_is_noted(side, cut):
    frame = render(0, hand=False)
    x, y, w, h = np.add(box_of(frame.silhouette), cut)
    estimator = ObjectEstimator(CAMERA)
    estimator.start(frame.image, 0, 0.0, (x, y, w, h))
    assert len(estimator.notes) == 1 and f"the {side} side" in estimator.notes[0]


def test_good_boxes_are_not_noted():
    frame = render(0, hand=False)
    for margin in (1, 4, 10, 20):
        estimator = ObjectEstimator(CAMERA)
        estimator.start(frame.image, 0, 0.0, box_of(frame.silhouette, margin))
        assert estimator.notes == ()


def test_segment_finds_the_border_near_a_wrong_silhouette(clip, followed):
    estimator, _ = followed
    newest = FRAMES - 1
    wrong = np.roll(clip[newest].silhouette, (4, -3), (0, 1))
    mask = estimator.segment(newest, wrong, 11)
    assert overlap(wrong, clip[newest].visible) < 0.9 < 0.96 < overlap(mask, clip[newest].visible)


def test_segment_keeps_to_its_band(clip, followed):
    estimator, _ = followed
    wrong = np.roll(clip[FRAMES - 1].silhouette, 30, 1)
    mask = estimator.segment(FRAMES - 1, wrong, 5)
    beyond = cv2.distanceTransform((~wrong).astype(np.uint8), cv2.DIST_L2, 5)[mask]
    assert 3 < beyond.max() <= 5.5, "outside the band nothing is the object, whatever its colours"
    middle = cv2.distanceTransform(wrong.astype(np.uint8), cv2.DIST_L2, 5) > 6
    assert mask[middle & ~clip[FRAMES - 1].hand_mask].all(), "nor is the middle something else"


def test_segment_does_not_change_what_is_followed(clip):
    _, plain = follow(clip[:4])
    other = ObjectEstimator(CAMERA)
    other.start(clip[0].image, 0, 0.0, box_of(clip[0].silhouette), None, clip[0].hand_mask)
    for k in (1, 2, 3):
        cues = other.step(clip[k].image, k, k / 30, None, clip[k].hand_mask)
        other.segment(k, np.roll(clip[k].silhouette, 8, 1), 9)
    np.testing.assert_array_equal(cues.object_mask, plain[-1].object_mask)


def test_segment_gives_the_same_for_a_frame_whenever_it_is_asked(clip):
    near = np.roll(clip[3].silhouette, 6, 1)
    early, late = (follow(clip[:count])[0].segment(3, near, 12) for count in (4, 9))
    np.testing.assert_array_equal(early, late)


def test_only_recent_frames_are_held(clip):
    estimator, _ = follow(clip[:9], config=ObjectEstimatorConfig(frames_held=6))
    assert [k for k in range(9) if estimator.segment(k, clip[k].silhouette, 9) is not None] == [3, 4, 5, 6, 7, 8]
    assert estimator.segment(99, clip[0].silhouette, 9) is None


def test_lost_object_is_found_again_where_it_was(clip):
    estimator, _ = follow(clip[:3])
    blank = np.full_like(clip[0].image, 70)
    for k in (3, 4):
        cues = estimator.step(blank, k, k / 30)
        assert cues.object_mask is None and cues.mask_score == 0 and len(cues.flow_source) == 0
    cues = estimator.step(clip[5].image, 5, 0.17, None, clip[5].hand_mask)
    assert overlap(cues.object_mask, clip[5].visible) > 0.97 and len(cues.flow_source) == 0
    cues = estimator.step(clip[6].image, 6, 0.2, None, clip[6].hand_mask)
    assert overlap(cues.object_mask, clip[6].visible) > 0.97 and len(cues.flow_source) > 100


def test_object_that_jumped_is_found_by_its_colours(clip):
    estimator, _ = follow(clip[:3])
    jumped = np.roll(clip[3].image, (80, 100), (0, 1))
    cues = estimator.step(jumped, 3, 0.1)
    assert overlap(cues.object_mask, np.roll(clip[3].visible, (80, 100), (0, 1))) > 0.9
    other = jumped[..., ::-1].copy()  # something else is there, of other colours
    assert follow(clip[:3])[0].step(other, 3, 0.1).object_mask is None


def test_object_lost_elsewhere_is_followed_again_after_segment(clip, monkeypatch):
    monkeypatch.setattr(mask_track, "like_colored", lambda *args: None)  # as if its colours were everywhere
    estimator, _ = follow(clip[:3])
    jump = [np.roll(frame.image, (80, 100), (0, 1)) for frame in clip[:8]]
    there = [np.roll(frame.silhouette, (80, 100), (0, 1)) for frame in clip[:8]]
    for k in (3, 4):
        cues = estimator.step(jump[k], k, k / 30)
        assert cues.object_mask is None, "the table at the old place must not be taken for the object"
    assert len(cues.feature_positions) > 100, "features must be looked for everywhere"
    assert overlap(estimator.segment(4, there[4], 9), there[4]) > 0.85
    cues = estimator.step(jump[5], 5, 0.17)
    assert overlap(cues.object_mask, there[5]) > 0.85 and len(cues.flow_source) > 100


def test_start_forgets_the_object_before(clip):
    estimator, plain = follow(clip[:5])
    first = clip[0]
    cues = estimator.start(first.image, 50, 2.0, box_of(first.silhouette), None, first.hand_mask)
    np.testing.assert_array_equal(cues.object_mask, plain[0].object_mask)
    assert len(cues.flow_source) == 0 and estimator.segment(4, first.silhouette, 9) is None


def test_the_callers_buffer_may_be_used_again(clip):
    estimator = ObjectEstimator(CAMERA)
    buffer = clip[0].image.copy()
    estimator.start(buffer, 0, 0.0, box_of(clip[0].silhouette), None, clip[0].hand_mask)
    buffer[:] = 0
    assert overlap(estimator.segment(0, clip[0].silhouette, 9), clip[0].visible) > 0.97


def test_refusals(clip):
    frame, estimator = clip[0], ObjectEstimator(CAMERA)
    image = frame.image
    cases = {
        "before the first": lambda: estimator.step(image, 0, 0.0),
        "outside": lambda: estimator.start(image, 0, 0.0, (250, 100, 100, 50)),
        "outside the": lambda: estimator.start(image, 0, 0.0, (-1, 100, 100, 50)),
        "too small": lambda: estimator.start(image, 0, 0.0, (100, 100, 5, 50)),
        "whole image": lambda: estimator.start(image, 0, 0.0, (0, 0, WIDTH, HEIGHT)),
        "stands out": lambda: estimator.start(np.full_like(image, 80), 0, 0.0, (100, 100, 60, 50)),
        "seed mask has": lambda: estimator.start(image, 0, 0.0, np.zeros((HEIGHT, WIDTH), bool)),
        "seed mask": lambda: estimator.start(image, 0, 0.0, np.zeros((HEIGHT, 9), bool)),
        "size of the camera": lambda: estimator.start(image[:-1], 0, 0.0, box_of(frame.silhouette)),
        "float64": lambda: estimator.start(image / 255, 0, 0.0, box_of(frame.silhouette)),
        "hand mask": lambda: estimator.start(image, 0, 0.0, box_of(frame.silhouette), None, np.zeros((3, 3), bool)),
        "silhouette": lambda: estimator.segment(0, np.zeros((3, 3), bool), 9),
        "the band is 0": lambda: estimator.segment(0, frame.silhouette, 0),
    }
    for text, call in cases.items():
        with pytest.raises(InputError, match=text):
            call()


def test_hand_over_the_whole_box_is_refused(clip):
    everywhere = np.ones((HEIGHT, WIDTH), bool)
    with pytest.raises(InputError, match="stands out"):
        ObjectEstimator(CAMERA).start(clip[0].image, 0, 0.0, box_of(clip[0].silhouette), None, everywhere)
