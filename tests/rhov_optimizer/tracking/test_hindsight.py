"""Frames before the one in which a pose was found."""

from dataclasses import replace

import numpy as np
import pytest

from rhov_core.object_estimate import ObjectEstimate
from rhov_core.trajectory import ObjectState
from rhov_optimizer.initialise import InitialPoseConfig
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.track_record import TrackRecord
from rhov_optimizer.tracking import TrackerConfig
from rhov_optimizer.tracking.contest import NewContestant
from rhov_optimizer.tracking.hindsight import GIVEN_UP, with_hindsight
from rhov_optimizer.tracking.memory import FrameMemory, backwards

FRAMES, AT = 14, 9


@pytest.fixture(scope="module")
def clip(plain_clip):
    return plain_clip(FRAMES)


@pytest.fixture(scope="module")
def new(clip):
    mesh = CentredMesh.from_model(clip.model, 2000)
    return NewContestant(clip.model, mesh, clip.camera, clip, TrackerConfig(), InitialPoseConfig())


def said(index):
    """A revision that can be told from others."""
    return ObjectEstimate(index, 0.0, np.eye(4), np.eye(6), ObjectState.LOST), TrackRecord(index, 0.0, (640, 480))


def found_late(clip, new):
    """The true pose, found in frame AT and followed to the end."""
    found = new()
    found.start(clip.cues(AT), clip.T[AT])
    for i in range(AT + 1, FRAMES):
        found.step(clip.cues(i))
    return found


def remembered(clip, score):
    memory = FrameMemory(FRAMES)
    for i in range(FRAMES):
        memory.add(clip.cues(i), said(i), score(i))
    return memory.frames


def test_a_pose_found_late_is_followed_back_to_the_first_frame(clip, new):
    found = found_late(clip, new)
    history, explained = with_hindsight(found, remembered(clip, lambda i: 0.0), new)
    assert [e.frame_index for e, _ in history] == [r.frame_index for _, r in history] == list(range(FRAMES))
    assert max(clip.errors(e.T_camera_object, i)[0] for i, (e, _) in enumerate(history)) < 2
    assert all(e.state == ObjectState.TRACKED for e, _ in history)
    assert len(explained) == FRAMES and min(explained) > 0.9
    assert all(a is b for a, b in zip(history[AT + 1 :], found.history[1:], strict=True))


def test_the_flow_of_the_records_leads_forwards(clip, new):
    history, _ = with_hindsight(found_late(clip, new), remembered(clip, lambda i: 0.0), new)
    assert not len(history[0][1].flow_source)
    for i, (_, record) in enumerate(history[1:], 1):
        given = {(*a, *b) for a, b in zip(clip.cues(i).flow_source, clip.cues(i).flow_target, strict=True)}
        taken = {(*a, *b) for a, b in zip(record.flow_source, record.flow_target, strict=True)}
        assert len(taken) > 20 and taken <= given


def test_frames_that_were_explained_better_before_are_left_as_they_are(clip, new):
    history, explained = with_hindsight(found_late(clip, new), remembered(clip, lambda i: 2.0 if i < 4 else 0.0), new)
    assert history[0][0].frame_index == 4 and len(explained) == FRAMES - 4


def test_a_pose_that_explains_the_frames_just_before_worse_is_not_taken_back(clip, new):
    assert with_hindsight(found_late(clip, new), remembered(clip, lambda i: 1.2), new) is None


def test_a_pose_that_is_lost_at_once_is_not_followed_for_long(clip):
    mesh, made = CentredMesh.from_model(clip.model, 2000), []
    blind = NewContestant(clip.model, mesh, clip.camera, None, TrackerConfig(), InitialPoseConfig())

    def new():
        made.append(blind())
        return made[-1]

    found = found_late(clip, new)
    seen = remembered(clip, lambda i: 0.0)
    empty = np.zeros((0, 2))
    unseen = [
        replace(one, cues=replace(one.cues, object_mask=None, flow_source=empty, flow_target=empty)) for one in seen
    ]
    history, explained = with_hindsight(found, [*unseen[:AT], *seen[AT:]], new)
    assert history == tuple(found.history) and explained == found.explained
    assert len(made[-1].history) == GIVEN_UP + 1


def test_a_video_played_backwards_has_its_flow_turned_round(clip):
    before, after = clip.cues(3), clip.cues(4)
    turned = backwards(after, before)
    assert np.array_equal(turned.flow_source, after.flow_target) and np.array_equal(
        turned.flow_target, after.flow_source
    )
    assert turned.frame_index == 3 and turned.object_mask is before.object_mask


def test_a_memory_keeps_the_newest_frames_and_corrects_what_was_believed(clip):
    memory = FrameMemory(3)
    for i in range(5):
        memory.add(clip.cues(i), said(i), 0.1 * i)
    assert [one.cues.frame_index for one in memory.frames] == [2, 3, 4]
    memory.correct([said(10 + i) for i in range(4)], [0.5, 0.6, 0.7, 0.8])
    assert [one.score for one in memory.frames] == [0.6, 0.7, 0.8]
    memory.correct([said(20)], [0.9])
    assert [one.score for one in memory.frames] == [0.6, 0.7, 0.9]
    assert [one.said[0].frame_index for one in memory.frames] == [11, 12, 20]
    assert [one.cues.frame_index for one in memory.frames] == [2, 3, 4]
