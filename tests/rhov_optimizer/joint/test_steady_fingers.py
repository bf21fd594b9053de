"""Fingers agree with those of the moments around."""

import numpy as np
import pytest

from rhov_optimizer.joint.hand_track import HandTrack
from rhov_optimizer.joint.steady_fingers import steadied

NOISE = 0.1
STAMPS = np.arange(90) / 30


def track(
    pose: np.ndarray,
    valid: np.ndarray | None = None,
    mirrored: np.ndarray | None = None,
    certainty: np.ndarray | None = None,
) -> HandTrack:
    count = len(pose)
    return HandTrack(
        side="right",
        pose=pose,
        shape=np.zeros(10),
        translation=np.zeros((count, 3)),
        valid=np.ones(count, np.bool_) if valid is None else valid,
        keypoints=np.zeros((count, 21, 2)),
        depth_spread=np.ones(count),
        mirrored=np.zeros(count, np.bool_) if mirrored is None else mirrored,
        certainty=np.ones(count) if certainty is None else certainty,
    )


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(4).normal(0, NOISE, (count, 48))


def test_a_grasp_that_stands_still_is_found_through_noise_and_wild_frames() -> None:
    true = np.random.default_rng(0).normal(0, 0.5, 48)
    seen = true + noise(90)
    seen[::9, 3:] += 1.5
    found = steadied(track(seen), STAMPS).pose
    usual = np.setdiff1d(np.arange(90), np.arange(0, 90, 9))
    assert np.abs(found - true)[usual, 3:].mean() < 0.4 * np.abs(seen - true)[usual, 3:].mean()
    np.testing.assert_array_equal(found[:, :3], seen[:, :3])


def test_fingers_that_open_are_not_slowed_down() -> None:
    """An opening of 0.9 rad in a third of a second, with the noise of single images on it."""
    true = np.zeros((90, 48))
    true[:, 3 : 3 + 9 * 4 : 3] = np.clip((STAMPS[:, None] - 1.4) * 2.7, 0, 0.9)
    seen = true + noise(90)
    found = steadied(track(seen), STAMPS).pose
    opening = (STAMPS > 1.3) & (STAMPS < 1.85)
    assert np.abs(found - true)[opening, 3:].mean() < np.abs(seen - true)[opening, 3:].mean()
    assert np.abs(found - true)[~opening, 3:].mean() < 0.5 * np.abs(seen - true)[~opening, 3:].mean()


def test_fingers_know_nothing_of_one_another() -> None:
    seen = noise(90)
    other = seen.copy()
    other[40:50, 3:12] += 0.7  # MANO's first finger is the index
    one, two = steadied(track(seen), STAMPS).pose, steadied(track(other), STAMPS).pose
    np.testing.assert_array_equal(one[:, 12:], two[:, 12:])
    assert np.abs(one - two).max() > 0.05


@pytest.mark.parametrize("shown", [0, 1])
def test_what_is_not_shown_is_left_alone(shown: int) -> None:
    hand = track(noise(90), np.arange(90) < shown)
    np.testing.assert_array_equal(steadied(hand, STAMPS).pose, hand.pose)


def test_hidden_frames_are_neither_changed_nor_asked() -> None:
    seen, valid = noise(90), np.arange(90) % 3 != 0
    wild = seen.copy()
    wild[~valid] += 5
    np.testing.assert_array_equal(steadied(track(wild, valid), STAMPS).pose[~valid], wild[~valid])
    np.testing.assert_array_equal(
        steadied(track(wild, valid), STAMPS).pose[valid], steadied(track(seen, valid), STAMPS).pose[valid]
    )


def test_frames_that_saw_the_other_hand_learn_from_those_that_did_not() -> None:
    true, mirrored = np.zeros((90, 48)), np.arange(90) % 10 < 6
    seen = true + noise(90)
    seen[mirrored, 3:] += 0.3
    told, untold = (np.abs(steadied(track(seen, None, m), STAMPS).pose - true)[:, 3:].mean() for m in (mirrored, None))
    assert told < 0.6 * untold


def test_moments_long_apart_have_nothing_to_do_with_each_other() -> None:
    hand = track(noise(5))
    np.testing.assert_allclose(steadied(hand, np.arange(5) * 2.0).pose, hand.pose, atol=1e-12)
    together = steadied(hand, np.arange(5) / 30)
    assert np.ptp(together.pose[:, 3:], axis=0).max() < 0.5 * np.ptp(hand.pose[:, 3:], axis=0).max()


def test_a_long_clip_is_steadied_as_its_parts_are() -> None:
    seen = np.concatenate([noise(90)] * 4)
    stamps = np.arange(360) / 30
    middle = slice(150, 200)
    part = slice(100, 250)
    whole = steadied(track(seen), stamps).pose[middle]
    alone = steadied(track(seen[part]), stamps[part]).pose[50:100]
    np.testing.assert_allclose(whole, alone, atol=1e-5)


def test_frames_that_are_not_sure_learn_from_those_that_are() -> None:
    true, unsure = np.zeros((90, 48)), np.arange(90) % 10 < 6
    seen = true + noise(90)
    seen[unsure, 3:] += 0.3
    found = [steadied(track(seen, certainty=c), STAMPS).pose[:, 3:] for c in (None, np.where(unsure, 0.1, 0.4))]
    assert np.abs(found[1]).mean() < 0.5 * np.abs(found[0]).mean()


def test_a_hand_of_no_certainty_at_all_is_steadied_like_any() -> None:
    seen = noise(90)
    none, full = (steadied(track(seen, certainty=np.full(90, c)), STAMPS).pose for c in (0.0, 1.0))
    np.testing.assert_allclose(none, full, atol=1e-12)
