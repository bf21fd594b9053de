"""What hands cannot have done."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rhov_core.camera import Camera
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.object_model import ObjectModel
from rhov_core.pose import exp_rotation, inverse, make_transform, transform_points
from rhov_core.trajectory import ObjectState
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.track_record import TrackRecord
from rhov_optimizer.tracking import TrackerConfig
from rhov_optimizer.tracking.memory import Remembered
from rhov_optimizer.tracking.motion_limit import (
    BORDER_ERROR,
    FASTEST_APPROACH,
    FASTEST_TURN,
    SHORTEST_STEP,
    MotionLimit,
    lost_in_between,
)
from rhov_optimizer.tracking.uncertainty import while_lost

FRAMES = 12
SHIFT = make_transform(np.eye(3), [0.4, 0.0, -0.2])
"""From a box's middle to the origin of its file."""
AT_ORIGIN = ObjectModel.box((0.2, 0.15, 0.07))
BOX = replace(
    AT_ORIGIN,
    vertices=transform_points(SHIFT, AT_ORIGIN.vertices),
    given_symmetries=SHIFT @ AT_ORIGIN.symmetries @ inverse(SHIFT),
)
MESH = CentredMesh.from_model(BOX, 2000)
CAMERA = Camera(np.array([[600.0, 0, 320], [0, 600, 240], [0, 0, 1]]), 640, 480)
LIMIT, CONFIG = MotionLimit(MESH, CAMERA), TrackerConfig()
START = make_transform(exp_rotation([0.3, 0.4, 0.2]), [0.0, 0.0, 0.6])
"""Of the centred mesh."""


def turned(angle, depth=0.0):
    T = START @ make_transform(exp_rotation([0.0, 0.0, angle]), np.zeros(3))
    T[2, 3] += depth
    return T


def border_error(depth):
    """By how much the depth is wrong where borders are, for something so far away."""
    return BORDER_ERROR * depth**2 / (600 * MESH.diameter / 2)


def estimate(index, T, state=ObjectState.TRACKED):
    return ObjectEstimate(index, index / 30, MESH.in_file_frame(T), 1e-4 * np.eye(6), state, 0.9, 12, 0.5)


@pytest.fixture
def before(plain_clip):
    """Frames in which the object stands still."""
    clip = plain_clip(FRAMES)
    records = [TrackRecord(i, i / 30, (640, 480), match_source=np.zeros((0, 2))) for i in range(FRAMES)]
    return [Remembered(clip.cues(i), (estimate(i, START), records[i]), 0.9) for i in range(FRAMES)]


def said(frame, state, T=START):
    return replace(frame, said=(estimate(frame.cues.frame_index, T, state), frame.said[1]))


def lost(T, before, *earlier):
    found = [*earlier, estimate(len(before) + len(earlier), T)]
    revisions = [(one, TrackRecord(one.frame_index, one.stamp, (640, 480))) for one in found]
    return lost_in_between(revisions, before, LIMIT, BOX.symmetries, CONFIG)


@given(st.floats(0.1, 1.5), st.floats(-0.15, 0.15))
def test_a_longer_time_allows_more(turn, depth):
    T = turned(turn, depth)
    approach = (abs(depth) - border_error(0.6 + max(depth, 0))) / FASTEST_APPROACH
    needed = max(turn / FASTEST_TURN, approach, SHORTEST_STEP)
    assert LIMIT.allows(T, START, needed + 1e-6) and LIMIT.allows(START, T, -needed - 1e-6)
    if needed > SHORTEST_STEP + 1e-6:
        assert not LIMIT.allows(T, START, needed - 1e-6)


def test_movements_across_the_image_have_no_limit():
    T = START.copy()
    T[0, 3] += 0.5
    assert LIMIT.allows(T, START, SHORTEST_STEP)


def test_far_away_a_pixel_is_much_depth():
    far, further = START.copy(), START.copy()
    far[2, 3], further[2, 3] = 2.0, 2.15
    assert LIMIT.allows(further, far, SHORTEST_STEP)
    assert not LIMIT.allows(turned(0.0, 0.15), START, SHORTEST_STEP)


@pytest.mark.parametrize(
    ("T", "count"),
    [
        (turned(0.4), 0),
        (turned(1.2), 2),
        (turned(0.0, 0.18), 3),
        (turned(0.0, -0.18), 3),
        (turned(1.2, -0.18), 3),
        (turned(np.pi), 0),
    ],
    ids=["near", "turned", "away", "nearer", "both", "symmetric"],
)
def test_frames_from_which_it_cannot_have_come_are_lost(before, T, count):
    revised = lost(T, before)
    assert [e.frame_index for e, _ in revised] == list(range(FRAMES - count, FRAMES))
    good = before[0].said[0]
    for lost_frames, (one, record) in enumerate(revised, 1):
        assert one.state == ObjectState.LOST and np.allclose(one.T_camera_object, good.T_camera_object)
        assert record.object_mask is None and record.frame_index == one.frame_index and not one.feature_inliers
        growth = MESH.covariance_in_file_frame(START, while_lost(np.zeros((6, 6)), lost_frames, CONFIG))
        assert np.allclose(one.covariance - good.covariance, growth)


def test_the_beginning_of_a_clip_is_lost_where_nothing_leads_on_from_it(before):
    T = turned(1.2)
    revised = lost(T, before[:1])
    assert len(revised) == 1 and np.allclose(revised[0][0].T_camera_object, MESH.in_file_frame(T))
    assert np.trace(revised[0][0].covariance) > 1


def test_frames_that_were_lost_before_count_but_stay_as_they_are(before):
    missed = [said(frame, ObjectState.LOST) for frame in before]
    assert lost(turned(1.2), missed) == ()
    assert lost(turned(1.2), [*before[:-2], *missed[-2:]]) == ()  # by then it can have turned so far
    wrong = said(before[-1], ObjectState.TRACKED, turned(2.4))
    ((one, _),) = lost(turned(1.2), [*before[:-3], *missed[-3:-1], wrong])
    growth = MESH.covariance_in_file_frame(START, while_lost(np.zeros((6, 6)), 3, CONFIG))
    assert one.frame_index == FRAMES - 1 and np.allclose(one.covariance, before[0].said[0].covariance + growth)


def test_a_pose_that_is_lost_itself_at_first_is_looked_for_where_it_is_seen(before):
    first = estimate(FRAMES, turned(1.2), ObjectState.LOST)
    assert len(lost(turned(1.2), before, first)) == 1
    missed = TrackRecord(FRAMES, FRAMES / 30, (640, 480))
    assert lost_in_between([(first, missed)], before, LIMIT, BOX.symmetries, CONFIG) == ()
