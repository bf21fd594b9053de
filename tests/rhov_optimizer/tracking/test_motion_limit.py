"""What hands cannot have done."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rhov_core.object_estimate import ObjectEstimate
from rhov_core.object_model import ObjectModel
from rhov_core.pose import exp_rotation, make_transform
from rhov_core.trajectory import ObjectState
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.track_record import TrackRecord
from rhov_optimizer.tracking import TrackerConfig
from rhov_optimizer.tracking.memory import Remembered
from rhov_optimizer.tracking.motion_limit import (
    FASTEST_APPROACH,
    FASTEST_TURN,
    SHORTEST_STEP,
    follows_from,
    lost_in_between,
)

FRAMES = 12
BOX = ObjectModel.box((0.2, 0.15, 0.07))
MESH = CentredMesh.from_model(BOX, 2000)
CONFIG = TrackerConfig()
START = make_transform(exp_rotation([0.3, 0.4, 0.2]), [0.0, 0.0, 0.6])


def turned(angle, depth=0.0):
    T = START @ make_transform(exp_rotation([0.0, 0.0, angle]), np.zeros(3))
    T[2, 3] += depth
    return T


def estimate(index, T, state=ObjectState.TRACKED):
    return ObjectEstimate(index, index / 30, T, 1e-4 * np.eye(6), state, 0.9, 12, 0.5)


@pytest.fixture
def before(plain_clip):
    """Frames in which the object stands still."""
    clip = plain_clip(FRAMES)
    records = [TrackRecord(i, i / 30, (640, 480), match_source=np.zeros((0, 2))) for i in range(FRAMES)]
    return [Remembered(clip.cues(i), (estimate(i, START), records[i]), 0.9) for i in range(FRAMES)]


def lost(T, before):
    return lost_in_between(estimate(FRAMES, T), before, MESH, BOX.symmetries, CONFIG)


@given(st.floats(0.1, 1.5), st.floats(0.05, 0.15))
def test_a_longer_time_allows_more(turn, depth):
    T = turned(turn, depth)
    needed = max(turn / FASTEST_TURN, depth / FASTEST_APPROACH, SHORTEST_STEP)
    assert follows_from(T, START, needed + 1e-6) and follows_from(START, T, -needed - 1e-6)
    if needed > SHORTEST_STEP + 1e-6:
        assert not follows_from(T, START, needed - 1e-6)


def test_movements_across_the_image_have_no_limit():
    T = START.copy()
    T[0, 3] += 0.5
    assert follows_from(T, START, SHORTEST_STEP)


@pytest.mark.parametrize(
    ("T", "count"),
    [(turned(0.4), 0), (turned(1.2), 2), (turned(0.0, 0.21), 3), (turned(1.2, 0.21), 3), (turned(np.pi), 0)],
    ids=["near", "turned", "nearer", "both", "symmetric"],
)
def test_frames_from_which_it_cannot_have_come_are_lost(before, T, count):
    revised = lost(T, before)
    assert [e.frame_index for e, _ in revised] == list(range(FRAMES - count, FRAMES))
    sizes = [np.trace(before[0].said[0].covariance)]
    for one, record in revised:
        assert one.state == ObjectState.LOST and np.array_equal(one.T_camera_object, START)
        assert record.object_mask is None and record.frame_index == one.frame_index and not one.feature_inliers
        sizes.append(np.trace(one.covariance))
    assert np.all(np.diff(sizes) > 0)


def test_the_beginning_of_a_clip_is_lost_where_nothing_leads_on_from_it(before):
    T = turned(1.2)
    revised = lost(T, before[-1:])
    assert len(revised) == 1 and np.array_equal(revised[0][0].T_camera_object, T)
    assert np.trace(revised[0][0].covariance) > 1


def test_frames_that_were_lost_before_stay_as_they_are(before):
    old = [replace(b, said=(estimate(i, turned(0.1), ObjectState.LOST), b.said[1])) for i, b in enumerate(before)]
    assert lost(turned(1.2), old) == ()
    assert lost(turned(1.2), [*before[:-2], *old[-2:]]) == ()  # by then it can have turned so far
