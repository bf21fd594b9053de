"""Hypotheses of the first pose that the video tells apart."""

from dataclasses import replace

import numpy as np
import pytest

from rhov_core.object_model import ObjectModel
from rhov_core.pose import exp_rotation, make_transform
from rhov_core.trajectory import ObjectState
from rhov_optimizer.initialise import InitialPose, InitialPoseConfig, PoseCandidate
from rhov_optimizer.registration.hand_depth import BEHIND
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.tracking import ObjectTracker, TrackerConfig
from rhov_optimizer.tracking import tracker as tracker_module
from rhov_optimizer.tracking.contest import (
    FLOW_LIMIT,
    FLOW_WEIGHT,
    FULL_TRACKS,
    LEAST_BEHIND,
    LEAST_FRAMES,
    MOST_IN_A_FRAME,
    Contest,
    Contestant,
    NewContestant,
    frame_score,
    surely_behind,
)
from rhov_optimizer.tracking.doubt import SHARPNESS
from rhov_optimizer.tracking.fit import FrameFit

FRAMES = 14


@pytest.fixture(scope="module")
def clip(plain_clip):
    return plain_clip(FRAMES)


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
    out = NewContestant(clip.model, mesh, clip.camera, clip, TrackerConfig(), InitialPoseConfig())()
    out.start(clip.cues(0), T)
    return out


def test_the_contest_ends_when_its_frames_are_over(clip):
    equal = [contestant(clip, clip.T[0]), contestant(clip, clip.T[0])]
    contest = Contest(equal, 6, clip.model.symmetries)
    for i in range(1, 6):
        assert not contest.decided and contest.leader is equal[0]
        contest.step(clip.cues(i))
    assert contest.decided and contest.leader is equal[0]


def test_a_score_falls_with_what_the_flow_contradicts(clip):
    track = contestant(clip, clip.T[0]).track
    track.step(clip.cues(1))
    fit, cues = track.fit, clip.cues(1)
    term = fit.flow.term
    off = replace(fit, flow=replace(fit.flow, term=replace(term, pixels=term.pixels + 2.0)))
    far = replace(fit, flow=replace(fit.flow, term=replace(term, pixels=term.pixels + 500.0)))
    assert frame_score(fit, cues) > frame_score(off, cues) > frame_score(far, cues) > 0
    assert frame_score(replace(fit, flow=None), cues) == fit.iou
    assert frame_score(FrameFit.nothing(), cues) == 0


def test_a_few_tracks_of_optical_flow_outweigh_less_than_many(clip):
    track = contestant(clip, clip.T[0]).track
    track.step(clip.cues(1))
    fit, cues = track.fit, clip.cues(1)
    flow = fit.flow

    def against(count):
        chosen = np.arange(count) % len(flow)
        term = replace(flow.term, points=flow.term.points[chosen], pixels=flow.term.pixels[chosen] + 50.0)
        few = replace(fit, flow=replace(flow, source=flow.source[chosen], term=term))
        return fit.iou - frame_score(few, cues)

    assert against(2 * FULL_TRACKS) == against(FULL_TRACKS) == pytest.approx(FLOW_WEIGHT * FLOW_LIMIT**2)
    assert against(FULL_TRACKS // 4) == pytest.approx(against(FULL_TRACKS) / 4)


def test_a_score_falls_with_what_the_hand_s_depth_contradicts(clip, hand_at):
    track = contestant(clip, clip.T[0]).track
    cues, depth = clip.cues(0), float(track.fit.T[2, 3])
    near, far = (replace(cues, hand=hand_at(z)) for z in (depth - BEHIND, depth + 0.4))
    assert frame_score(track.fit, near) == frame_score(track.fit, cues)
    assert frame_score(track.fit, far) < frame_score(track.fit, cues) - 0.02


def test_further_evidence_decides_between_hypotheses_that_fit_alike(clip):
    first, second = contestant(clip, clip.T[0]), contestant(clip, clip.T[0])
    contest = Contest([first, second], 20, clip.model.symmetries)
    assert contest.leader is first
    first.contradictions = (lambda fit, cues: 0.02, lambda fit, cues: 0.01)
    for i in range(1, LEAST_FRAMES):
        contest.step(clip.cues(i))
    assert contest.leader is second
    assert first.score == pytest.approx(second.score - 0.03 * (LEAST_FRAMES - 1) / LEAST_FRAMES)


def test_one_lost_frame_does_not_outweigh_all_others(clip, monkeypatch):
    both = [contestant(clip, clip.T[0]), contestant(clip, clip.T[0])]
    contest = Contest(both, 20, clip.model.symmetries)
    both[1].contradictions = (lambda fit, cues: 0.03,)
    step = Contestant.step
    for i in range(1, 13):
        lost = both[0] if i == 2 else None
        monkeypatch.setattr(Contestant, "step", lambda self, cues, lost=lost: step(self, cues) * (self is not lost))
        contest.step(clip.cues(i))
    assert contest.leader is both[0]
    assert min(both[0].scores) == pytest.approx(both[1].scores[2] - MOST_IN_A_FRAME)


def test_what_is_given_up_must_be_behind_for_sure():
    steady, scattered = [0.02] * 4, [0.09, -0.05] * 2
    assert surely_behind([0.95 - d for d in steady], [0.95] * 4)
    assert not surely_behind([0.95 - d for d in scattered], [0.95] * 4)  # as far behind on average
    assert surely_behind([0.95 - d for d in scattered * 40], [0.95] * 160)  # many frames are sure all the same
    assert not surely_behind([0.95 - 0.9 * LEAST_BEHIND] * 100, [0.95] * 100)  # but not of next to nothing
    assert not surely_behind([0.96] * 4, [0.95] * 4)


def test_one_hypothesis_can_be_given_up_before_others_that_are_no_better(clip):
    best, noisy, steady = (contestant(clip, clip.T[0]) for _ in range(3))
    best.scores, noisy.scores, steady.scores = [0.95] * 4, [0.86, 0.99, 0.84, 0.99], [0.92] * 4
    contest = Contest([best, steady, noisy], 20, clip.model.symmetries)
    assert noisy.score < best.score and noisy.score == pytest.approx(steady.score)
    contest.step(clip.cues(1))
    assert [len(c.history) for c in (best, noisy, steady)] == [2, 2, 1]
    assert not contest.decided and contest.leader is best


def test_what_is_given_up_stays_in_the_doubt(clip_of, motion):
    cuboid = replace(ObjectModel.box((0.12, 0.09, 0.05)), given_symmetries=np.eye(4)[None])
    start = make_transform(exp_rotation([0.5, 0.4, 0.2]), np.array([-0.02, 0.0, 0.45]))
    clip = clip_of(cuboid, motion(6, start), textured=False)
    half = make_transform(exp_rotation([0.0, 0.0, 3.1]), np.zeros(3))
    both = [contestant(clip, start), contestant(clip, start @ half)]
    both[1].contradictions = (lambda fit, cues: 0.03,)
    both[1].scores[0] -= 0.03
    contest = Contest(both, 20, cuboid.symmetries)
    for i in range(1, 6):
        contest.step(clip.cues(i))
        assert contest.decided == (i >= LEAST_FRAMES - 1)
    assert len(both[1].history) == LEAST_FRAMES
    behind = np.mean(both[0].scores[:LEAST_FRAMES]) - both[1].score
    assert contest.doubt.weights == pytest.approx(1 / (1 + np.exp(behind / SHARPNESS)))
    assert contest.doubt.offsets[0] == pytest.approx(half, abs=0.1)


def test_frames_in_which_nobody_sees_the_object_do_not_count(clip):
    gap = replace(clip, blank=range(2, 4))
    both = [contestant(gap, gap.T[0]), contestant(gap, gap.T[0])]
    contest = Contest(both, 20, gap.model.symmetries)
    for i in (1, 2, 3):
        contest.step(gap.cues(i))
    assert [len(c.history) for c in both] == [4, 4]
    assert [len(c.scores) for c in both] == [2, 2]
    assert not contest.decided and both[0].score > 0.9


def test_what_the_video_cannot_decide_stays_in_the_covariance(clip_of, motion, candidates):
    cuboid = replace(ObjectModel.box((0.12, 0.09, 0.05)), given_symmetries=np.eye(4)[None])  # say: printed on one side
    start = make_transform(exp_rotation([0.5, 0.4, 0.2]), np.array([-0.02, 0.0, 0.45]))
    clip = clip_of(cuboid, motion(5, start), textured=False)
    half = make_transform(exp_rotation([0.0, 0.0, 3.1]), np.zeros(3))
    candidates((start, 0.95), (start @ half, 0.95))
    tracker = ObjectTracker(clip.model, clip.camera, clip, TrackerConfig(hypothesis_frames=4))
    certain = ObjectTracker(clip.model, clip.camera, clip, TrackerConfig(hypotheses=1))
    for i in range(5):
        estimate, alone = tracker.step(clip.cues(i)), certain.step(clip.cues(i))
        doubt = tracker.record.doubt
        assert not certain.record.doubt.any() and not tracker.changed_mind
        assert np.sqrt(np.trace(doubt[3:, 3:])) == pytest.approx(3.1 * np.sqrt(0.5), rel=0.15)
        if np.abs(estimate.T_camera_object - alone.T_camera_object).max() < 1e-6:
            assert estimate.covariance == pytest.approx(alone.covariance + doubt, rel=0.05)
