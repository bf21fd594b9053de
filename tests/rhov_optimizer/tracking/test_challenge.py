"""Other poses against one that explains the video badly."""

from dataclasses import replace

import numpy as np
import pytest

from rhov.snapshot import from_bytes, to_bytes
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.object_model import ObjectModel
from rhov_core.pose import difference, exp_rotation, make_transform
from rhov_core.trajectory import ObjectState
from rhov_optimizer.initialise import InitialPose, InitialPoseConfig, PoseCandidate, SearchedObject, ViewSearch
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.track_record import TrackRecord
from rhov_optimizer.tracking import ObjectTracker, TrackerConfig
from rhov_optimizer.tracking import tracker as tracker_module
from rhov_optimizer.tracking.challenge import CONVINCING, LEAST_FRAMES, MOSTLY_LOST, Challenge
from rhov_optimizer.tracking.contest import NewContestant
from rhov_optimizer.tracking.memory import FrameMemory

FRAMES = 26


@pytest.fixture(scope="module")
def clip(plain_clip):
    return plain_clip(FRAMES)


@pytest.fixture(scope="module")
def wrong(clip):
    """The pose with the next best outline in the first frame, and how well it fits."""
    searched, initial = SearchedObject.from_model(clip.model, InitialPoseConfig()), InitialPoseConfig()
    search = ViewSearch(searched, clip.camera, clip.cues(0), initial)
    search.finish()
    T = searched.mesh.in_file_frame(search.T[1])
    assert clip.errors(T, 0)[0] > 30
    return T


def follow(clip, monkeypatch, first, **settings):
    """Follows the clip from one first pose; every frame as it is known at the end, and the tracker of the end."""
    initial = InitialPose((PoseCandidate(first, 0.95),), 0.95, 0.0)
    monkeypatch.setattr(tracker_module, "find_initial_pose", lambda *args: initial)
    tracker, clipwide, changes = ObjectTracker(clip.model, clip.camera, clip, TrackerConfig(**settings)), [], []
    for i in range(FRAMES):
        estimate = tracker.step(clip.cues(i))
        for k, revision in enumerate(reversed(tracker.revised), 1):
            clipwide[-k] = revision
        clipwide.append((estimate, tracker.record))
        changes += [i] if tracker.changed_mind else []
    return clipwide, changes


def test_a_wrong_pose_is_replaced_in_all_frames_by_one_that_explains_them(clip, wrong, monkeypatch):
    unchallenged, _ = follow(clip, monkeypatch, wrong, doubtful=0.0)
    assert clip.errors(unchallenged[-1][0].T_camera_object, FRAMES - 1)[0] > 20
    clipwide, changes = follow(clip, monkeypatch, wrong)
    assert len(changes) == 1
    assert max(clip.errors(e.T_camera_object, i)[0] for i, (e, _) in enumerate(clipwide)) < 2
    assert [e.frame_index for e, _ in clipwide] == [r.frame_index for _, r in clipwide] == list(range(FRAMES))
    assert all(e.state == ObjectState.TRACKED for e, _ in clipwide)


def test_frames_that_are_remembered_no_more_stay_as_they_were(clip, wrong, monkeypatch):
    clipwide, (change,) = follow(clip, monkeypatch, wrong, frames_remembered=10, doubtful=0.8)
    errors = [clip.errors(e.T_camera_object, i)[0] for i, (e, _) in enumerate(clipwide)]
    assert change >= 10 and min(errors[: change - 9]) > 20 and max(errors[change - 9 :]) < 2


def test_nothing_is_looked_for_while_a_pose_explains_the_video(clip, monkeypatch):
    monkeypatch.setattr(tracker_module, "Challenge", lambda *args: pytest.fail("another pose was looked for"))
    clipwide, changes = follow(clip, monkeypatch, clip.T[0])
    assert not changes and clip.errors(clipwide[-1][0].T_camera_object, FRAMES - 1)[0] < 2


def test_a_right_pose_keeps_its_place_and_is_not_doubted(clip, monkeypatch):
    clipwide, changes = follow(clip, monkeypatch, clip.T[0], doubtful=2.0, challenge_interval=1)
    assert not changes
    assert max(clip.errors(e.T_camera_object, i)[0] for i, (e, _) in enumerate(clipwide)) < 2
    assert max(np.sqrt(np.trace(r.doubt[3:, 3:])) for _, r in clipwide) < 0.1


def challenge_of(clip, index, **settings):
    mesh, config, initial = CentredMesh.from_model(clip.model, 2000), TrackerConfig(**settings), InitialPoseConfig()
    new = NewContestant(clip.model, mesh, clip.camera, clip, config, initial)
    searched = SearchedObject.from_model(clip.model, initial)
    return Challenge(searched, clip.camera, clip.cues(index), None, new, config, initial)


def run(clip, challenge, score, begin, most=30):
    """The frame in which a challenge ends, its winner and the memory, if each frame was explained with a score."""
    memory = FrameMemory(most)
    for i in range(FRAMES):
        estimate = ObjectEstimate(i, 0.0, clip.T[i], np.eye(6), ObjectState.TRACKED)
        memory.add(clip.cues(i), (estimate, TrackRecord(i, 0.0, (640, 480))), score)
        if i > begin:
            winner = challenge.step(memory.frames)
            if challenge.over:
                return i, winner, memory.frames
    raise AssertionError("the challenge has no end")


def test_a_challenger_wins_not_before_it_was_followed_for_some_frames(clip, monkeypatch):
    end, winner, _ = run(clip, challenge_of(clip, 3), 0.5, 3)
    assert len(winner.history) == end - 3 + 1 >= LEAST_FRAMES
    assert winner.history[0][0].frame_index == 3
    assert clip.errors(winner.history[-1][0].T_camera_object, end)[0] < 2
    monkeypatch.setattr("rhov_optimizer.tracking.challenge.LEAST_FRAMES", end - 3 + 3)
    assert run(clip, challenge_of(clip, 3), 0.5, 3)[0] == end + 2


def test_one_that_explains_no_more_loses_and_leaves_the_question_open(clip):
    challenge = challenge_of(clip, 3, hypothesis_frames=10)
    end, winner, frames = run(clip, challenge, 0.999, 3)
    assert winner is None and end == 12
    (weight,) = challenge.left_open(frames, won=False).weights
    assert 0.3 < weight < 0.5
    sure = [replace(frame, score=2.0) for frame in frames]
    assert not len(challenge.left_open(sure, won=False).weights)
    assert challenge.left_open(sure, won=True).weights == pytest.approx([0.5])


def test_against_a_lost_pose_it_must_convince(clip, monkeypatch):
    challenge = challenge_of(clip, 3, hypothesis_frames=10)
    monkeypatch.setattr("rhov_optimizer.tracking.contest.frame_score", lambda *args: CONVINCING - 0.05)
    assert run(clip, challenge, MOSTLY_LOST - 0.1, 3)[1] is None
    challenge = challenge_of(clip, 3, hypothesis_frames=10)
    assert run(clip, challenge, MOSTLY_LOST + 0.1, 3)[1] is not None


def test_a_challenge_ends_when_its_frame_is_forgotten_before_it_was_searched(clip):
    challenge = challenge_of(clip, 3)
    end, winner, _ = run(clip, challenge, 0.5, 3, most=2)
    assert winner is None and end == 5


def test_a_tracker_is_kept_in_the_midst_of_a_challenge(clip, wrong, monkeypatch):
    initial = InitialPose((PoseCandidate(wrong, 0.95),), 0.95, 0.0)
    monkeypatch.setattr(tracker_module, "find_initial_pose", lambda *args: initial)
    monkeypatch.setattr("rhov_optimizer.tracking.challenge.LEAST_FRAMES", 12)
    known = {"clip": clip, "model": clip.model}
    tracker = ObjectTracker(clip.model, clip.camera, clip)
    kept, went_on = [], []
    for i in range(15):
        if i in (2, 10):  # in the search, and in the contest
            assert tracker._challenge is not None and (tracker._challenge._contest is None) == (i == 2)
            kept.append((i, to_bytes(tracker, known)))
        went_on.append((tracker.step(clip.cues(i)), tracker.revised))
    assert any(len(revised) for _, revised in went_on[10:])
    for begin, data in kept:
        again = from_bytes(data, known)
        for estimate, revised in went_on[begin:]:
            assert np.array_equal(again.step(clip.cues(estimate.frame_index)).T_camera_object, estimate.T_camera_object)
            for (one, _), (other, _) in zip(again.revised, revised, strict=True):
                assert np.array_equal(one.T_camera_object, other.T_camera_object)


def test_a_pose_that_took_the_place_of_another_is_doubted_in_all_frames_and_then_less(clip, wrong, monkeypatch):
    clipwide, (change,) = follow(clip, monkeypatch, wrong)
    turned = [float(np.sqrt(np.trace(record.doubt[3:, 3:]))) for _, record in clipwide]
    assert min(turned[: change + 1]) > 1 and turned[-1] < 0.95 * turned[change]


def test_the_pose_that_is_believed_found_anew_is_no_other_pose(clip, monkeypatch):
    estimate = ObjectEstimate(20, 0.0, clip.T[20], np.eye(6), ObjectState.TRACKED)
    _, winner, frames = run(clip, challenge := challenge_of(clip, 3), 0.5, 3)
    assert winner is not None and challenge.agrees(frames)
    far = estimate.T_camera_object.copy()
    far[:3, :3] = exp_rotation([0.0, 1.0, 0.0]) @ far[:3, :3]
    elsewhere = [replace(frame, said=(replace(estimate, T_camera_object=far), frame.said[1])) for frame in frames]
    assert not challenge.agrees(elsewhere)


def test_a_track_that_is_found_anew_goes_on_with_its_features(clip, monkeypatch):
    initial = InitialPose((PoseCandidate(clip.T[0], 0.95),), 0.95, 0.0)
    monkeypatch.setattr(tracker_module, "find_initial_pose", lambda *args: initial)
    monkeypatch.setattr(tracker_module, "frame_score", lambda *args: 0.8)  # the track seems to explain little
    tracker, tracks = ObjectTracker(clip.model, clip.camera, clip), []
    for i in range(FRAMES):
        tracker.step(clip.cues(i))
        tracks.append(tracker._track)
        assert not tracker.changed_mind and not tracker.record.doubt.any()
    assert tracker._rest or tracker._challenge is not None
    assert all(track is tracks[0] for track in tracks)


def test_of_a_symmetric_object_the_copy_is_found_that_is_believed(clip_of, motion):
    model = ObjectModel.box((0.05, 0.07, 0.15), "box")
    clip = clip_of(model, motion(FRAMES, make_transform(exp_rotation([0.3, 0.4, 0.2]), np.array([0.0, 0.0, 0.45]))))
    assert len(model.symmetries) > 1
    for turn in model.symmetries:
        believed = [T @ turn for T in clip.T]
        _, winner, _ = run(replace(clip, T=np.stack(believed)), challenge_of(clip, 3), 0.5, 3)
        first = winner.history[0][0].T_camera_object
        assert np.degrees(np.linalg.norm(difference(first, believed[3])[3:])) < 5


def test_the_object_is_lost_where_it_cannot_have_come_from_the_pose_before(clip, wrong, monkeypatch):
    late = 3
    monkeypatch.setattr(
        tracker_module, "with_hindsight", lambda found, *_: (tuple(found.history[-late:]), found.explained[-late:])
    )
    clipwide, (change,) = follow(clip, monkeypatch, wrong)
    states = [e.state for e, _ in clipwide]
    begin = states.index(ObjectState.LOST)
    end = len(states) - states[::-1].index(ObjectState.LOST)
    assert 0 < begin < end == change - late + 1 and set(states[begin:end]) == {ObjectState.LOST}
    errors = [clip.errors(e.T_camera_object, i)[0] for i, (e, _) in enumerate(clipwide)]
    assert min(errors[:begin]) > 20 and max(errors[end:]) < 2
    assert [e.frame_index for e, _ in clipwide] == list(range(FRAMES))
