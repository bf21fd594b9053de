"""The suites cover what they should, and the splits share nothing."""

import pytest

from rhov_core.errors import InputError
from rhov_core.synth import ACTIONS, OBJECTS, ClipSpec, suite
from rhov_core.synth.suite import HIGH, LOW, MIDDLE


def test_splits_share_neither_objects_nor_seeds():
    dev, quick, test = suite("dev"), suite("dev", quick=True), suite("test")
    assert not {c.object for c in (*dev, *quick)} & {c.object for c in test}
    seeds = [c.seed for c in (*dev, *quick, *test)]
    assert len(set(seeds)) == len(seeds)
    assert suite("test", quick=True) == quick and len(quick) == 6 and max(c.frames for c in quick) <= 45


@pytest.mark.parametrize("split", ["dev", "test"])
def test_a_suite_covers_its_split(split):
    clips = suite(split)
    assert 12 <= len(clips) <= 16
    assert {c.object for c in clips} == {o.name for o in OBJECTS.values() if o.split == split}
    assert {c.action for c in clips} == set(ACTIONS)
    assert {c.occlusion for c in clips} == {LOW, MIDDLE, HIGH}
    assert {c.side for c in clips} == {"right", "left"}
    assert {c.split for c in clips} == {split}
    assert len({c.name for c in clips}) == len(clips)


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "throw"},
        {"side": "both"},
        {"frames": 1},
        {"seed": -1},
        {"occlusion": (0.5, 0.2)},
        {"image_size": (8, 8)},
    ],
)
def test_impossible_clips_are_refused(wrong):
    with pytest.raises(InputError):
        ClipSpec(**({"object": "carton", "seed": 1} | wrong))
    with pytest.raises(InputError):
        suite("train")
