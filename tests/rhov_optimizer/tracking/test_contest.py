"""Hypotheses of the first pose that the video tells apart."""

from dataclasses import replace

import numpy as np
import pytest

from rhov_core.pose import exp_rotation, make_transform
from rhov_core.trajectory import ObjectState
from rhov_optimizer.initialise import InitialPose, InitialPoseConfig, PoseCandidate
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.tracking import ObjectTracker, TrackerConfig
from rhov_optimizer.tracking import tracker as tracker_module
from rhov_optimizer.tracking.contest import Contest, Contestant, frame_score
from rhov_optimizer.tracking.fit import FrameFit
from rhov_optimizer.tracking.pose_track import PoseTrack

FRAMES = 14


@pytest.fixture(scope="module")
def clip(model, clip_of, motion):
    R = exp_rotation([0.3, 0.4, 0.2])
    centre = (model.vertices.min(0) + model.vertices.max(0)) / 2
    start = make_transform(R, np.array([-0.02, 0.0, 0.45]) - R @ centre)
    return clip_of(model, motion(FRAMES, start), textured=False)


def turned(clip, angle):
    """The first pose, turned about the object's centre and the line of sight."""
    mesh = CentredMesh.from_model(clip.model, 2000)
    T = mesh.centred(clip.T[0])
    T[:3, :3] = exp_rotation([0.0, 0.0, angle]) @ T[:3, :3]
    return mesh.in_file_frame(T)


@pytest.fixture
def candidates(monkeypatch):
    """Lets the search for the first pose find given poses, best first."""

    def use(*found):
        initial = InitialPose(tuple(PoseCandidate(T, iou) for T, iou in found), found[0][1], 0.0)
        monkeypatch.setattr(tracker_module, "find_initial_pose", lambda *args: initial)

    return use


def follow(clip, config=None):
    """Estimates frame by frame, as a stream sees them, and those of a clip, in which revisions are taken over."""
    tracker, live, clipwide, records = ObjectTracker(clip.model, clip.camera, clip, config), [], [], []
    for i in range(FRAMES):
        live.append(tracker.step(clip.cues(i)))
        for k, (estimate, record) in enumerate(reversed(tracker.revised), 1):
            clipwide[-k], records[-k] = estimate, record
        clipwide.append(live[-1])
        records.append(tracker.record)
    return live, clipwide, records


def test_the_pose_that_explains_the_video_wins_and_replaces_what_was_said_before(clip, candidates):
    candidates((turned(clip, 2.8), 0.95), (clip.T[0], 0.9))
    live, clipwide, records = follow(clip)
    assert clip.errors(live[-1].T_camera_object, FRAMES - 1)[0] < 2
    assert max(clip.errors(e.T_camera_object, i)[0] for i, e in enumerate(clipwide)) < 2
    assert [e.frame_index for e in clipwide] == [r.frame_index for r in records] == list(range(FRAMES))


def test_without_alternatives_nothing_is_revised_and_nothing_else_is_followed(clip, candidates):
    candidates((clip.T[0], 0.95), (turned(clip, 2.8), 0.6))  # too far behind to be followed
    clip.segmented.clear()
    live, clipwide, _ = follow(clip)
    assert all(a is b for a, b in zip(live, clipwide, strict=True))
    assert all(e.state == ObjectState.TRACKED for e in live)
    assert clip.segmented.count(1) == 1


def test_one_hypothesis_follows_the_first_pose_alone(clip, candidates):
    candidates((turned(clip, 2.8), 0.95), (clip.T[0], 0.9))
    live, clipwide, _ = follow(clip, TrackerConfig(hypotheses=1))
    assert all(a is b for a, b in zip(live, clipwide, strict=True))
    assert clip.errors(live[0].T_camera_object, 0)[0] > 20


def contestant(clip, T):
    mesh = CentredMesh.from_model(clip.model, 2000)
    track = PoseTrack(clip.model, mesh, clip.camera, clip, TrackerConfig(), InitialPoseConfig())
    out = Contestant(track)
    out.start(clip.cues(0), T)
    return out


def test_the_contest_ends_when_its_frames_are_over(clip):
    equal = [contestant(clip, clip.T[0]), contestant(clip, clip.T[0])]
    contest = Contest(equal, frames=6)
    for i in range(1, 6):
        assert not contest.decided and contest.leader is equal[0]
        contest.step(clip.cues(i))
    assert contest.decided and contest.leader is equal[0]


def test_a_score_falls_with_what_the_flow_contradicts(clip):
    track = contestant(clip, clip.T[0]).track
    track.step(clip.cues(1))
    fit = track.fit
    term = fit.flow.term
    off = replace(fit, flow=replace(fit.flow, term=replace(term, pixels=term.pixels + 2.0)))
    far = replace(fit, flow=replace(fit.flow, term=replace(term, pixels=term.pixels + 500.0)))
    assert frame_score(fit) > frame_score(off) > frame_score(far) > 0
    assert frame_score(replace(fit, flow=None)) == fit.iou
    assert frame_score(FrameFit.nothing()) == 0


def test_frames_in_which_nobody_sees_the_object_do_not_count(clip):
    gap = replace(clip, blank=range(2, 4))
    both = [contestant(gap, gap.T[0]), contestant(gap, gap.T[0])]
    contest = Contest(both, frames=20)
    for i in (1, 2, 3):
        contest.step(gap.cues(i))
    assert [len(c.history) for c in both] == [4, 4]
    assert [len(c.scores) for c in both] == [2, 2]
    assert not contest.decided and both[0].score > 0.9
