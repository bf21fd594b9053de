import numpy as np
import pytest

from rhov_optimizer.tracking.gated_matcher import GatedMatcher

RNG = np.random.default_rng(0)
PIXELS = RNG.uniform(0, 600, (300, 2))
DESCRIPTORS = RNG.integers(0, 256, (300, 32), dtype=np.uint8)


def flipped(descriptors, bits, seed=1):
    """The descriptors with so many of the 256 bits flipped in each."""
    rng = np.random.default_rng(seed)
    flips = np.zeros((len(descriptors), 256), np.uint8)
    for row in flips:
        row[rng.choice(256, bits, replace=False)] = 1
    return descriptors ^ np.packbits(flips, axis=1)


def matcher(pixels=PIXELS, descriptors=DESCRIPTORS, gate=40.0, ratio=0.8):
    return GatedMatcher(pixels, descriptors, gate, ratio)


def test_features_find_themselves_in_any_order():
    order = RNG.permutation(300)
    partner = matcher().match(PIXELS[order] + RNG.uniform(-20, 20, (300, 2)), flipped(DESCRIPTORS[order], 30))
    assert np.array_equal(partner, order)


def test_nothing_outside_the_gate_is_matched():
    shift = np.array([[41.0, 0], [0, 41.0], [39.0, -39.0]])
    partner = matcher().match(PIXELS[:3] + shift, DESCRIPTORS[:3])
    assert partner.tolist() == [-1, -1, 2]


def test_partners_that_differ_too_much_are_refused():
    bits = 256 * 3 // 10
    assert matcher(PIXELS[:1], DESCRIPTORS[:1]).match(PIXELS[:1], flipped(DESCRIPTORS[:1], bits)) == [0]
    assert matcher(PIXELS[:1], DESCRIPTORS[:1]).match(PIXELS[:1], flipped(DESCRIPTORS[:1], bits + 1)) == [-1]


def test_ambiguous_partners_are_refused_unless_they_are_one_corner():
    query = DESCRIPTORS[:1]
    twins = np.concatenate([flipped(query, 20, 2), flipped(query, 22, 3)])
    for gap, expected in ((10.0, -1), (2.0, 0)):
        pixels = np.array([[100.0, 100.0], [100.0 + gap, 100.0]])
        assert matcher(pixels, twins).match(pixels[:1], query) == [expected]
    clear = np.concatenate([flipped(query, 20, 2), flipped(query, 60, 3)])
    assert (
        matcher(np.array([[100.0, 100.0], [110.0, 100.0]]), clear).match(PIXELS[:0].reshape(0, 2), query[:0]).size == 0
    )
    assert matcher(np.array([[100.0, 100.0], [110.0, 100.0]]), clear).match(np.array([[100.0, 100.0]]), query) == [0]


def test_features_that_cannot_be_seen_have_no_partner():
    assert matcher().match(np.full((2, 2), np.nan), DESCRIPTORS[:2]).tolist() == [-1, -1]


@pytest.mark.parametrize("size", [16, 61])
def test_descriptors_of_other_lengths(size):
    descriptors = RNG.integers(0, 256, (50, size), dtype=np.uint8)
    pixels = PIXELS[:50]
    assert np.array_equal(matcher(pixels, descriptors).match(pixels, descriptors), np.arange(50))
    assert (matcher().match(pixels, descriptors) == -1).all()  # of another kind than the frame's


def test_a_frame_without_features():
    empty = matcher(np.zeros((0, 2)), np.zeros((0, 32), np.uint8))
    assert (empty.match(PIXELS, DESCRIPTORS) == -1).all()
