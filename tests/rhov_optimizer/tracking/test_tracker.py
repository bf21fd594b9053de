"""Tracking clips with exact truth."""

from dataclasses import replace

import numpy as np
import pytest

from rhov_core.errors import InputError
from rhov_core.object_model import ObjectModel
from rhov_core.pose import exp_rotation, inverse, make_transform, rotation_angle, transform_points
from rhov_core.trajectory import ObjectState
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.tracking import ObjectTracker, TrackerConfig

FRAMES = 31
GAP = range(12, 18)


def start_pose(model, rotation=(0.3, 0.4, 0.2), depth=0.45):
    R = exp_rotation(rotation)
    centre = (model.vertices.min(0) + model.vertices.max(0)) / 2
    return make_transform(R, np.array([-0.02, 0.0, depth]) - R @ centre)


def track(clip, config=None, T=None, count=None):
    tracker = ObjectTracker(clip.model, clip.camera, clip, config)
    estimates, records = [], []
    for i in range(count or len(clip.T)):
        cues = clip.cues(i)
        estimates.append(tracker.step(cues) if i else tracker.start(cues, T))
        records.append(tracker.record)
    return tracker, estimates, records


def worst(clip, estimates):
    errors = [clip.errors(e.T_camera_object, i) for i, e in enumerate(estimates) if e.state != ObjectState.LOST]
    return np.max(errors, axis=0)


def frames(estimates, state):
    return [i for i, e in enumerate(estimates) if e.state == state]


@pytest.mark.parametrize("textured", [True, False])
def test_a_clip_is_followed(model, clip_of, motion, textured):
    clip = clip_of(model, motion(FRAMES, start_pose(model)), textured=textured)
    _, estimates, _ = track(clip, T=clip.T[0])
    assert all(e.state == ObjectState.TRACKED for e in estimates)
    angle, distance = worst(clip, estimates)
    assert angle < 1 and distance < 0.005
    assert min(e.mask_iou for e in estimates) > 0.95
    inliers = [e.feature_inliers for e in estimates[1:]]
    assert min(inliers) > 30 if textured else max(inliers) == 0
    assert [e.frame_index for e in estimates] == list(range(FRAMES))


def test_covariances_are_symmetric_positive_definite_and_hold_the_error(model, clip_of, motion):
    clip = clip_of(model, motion(10, start_pose(model)), blank=range(6, 8))
    _, estimates, _ = track(clip, T=clip.T[0])
    for e in estimates:
        assert np.allclose(e.covariance, e.covariance.T)
        assert np.linalg.eigvalsh(e.covariance).min() > 0
    sizes = [np.trace(e.covariance) for e in estimates]
    assert sizes[6] > sizes[5] and sizes[7] > sizes[6] and sizes[8] < sizes[6]


@pytest.mark.parametrize("textured", [True, False])
def test_a_gap_is_lost_exactly_and_then_the_object_is_found(model, clip_of, motion, textured):
    clip = clip_of(model, motion(24, start_pose(model)), textured=textured, blank=GAP)
    _, estimates, _ = track(clip, T=clip.T[0])
    assert frames(estimates, ObjectState.LOST) == list(GAP)
    assert frames(estimates, ObjectState.REINITIALISED) == [GAP.stop]
    angle, distance = worst(clip, estimates)
    assert angle < 1 and distance < 0.005
    assert all(np.array_equal(estimates[i].T_camera_object, estimates[GAP.start - 1].T_camera_object) for i in GAP)


@pytest.mark.parametrize("textured", [True, False])
def test_an_object_that_moved_far_in_the_gap_is_found_again(model, clip_of, motion, textured):
    T = motion(28, start_pose(model))
    T[GAP.stop :] = motion(28 - GAP.stop, start_pose(model, (0.9, -0.1, 0.9), 0.5) @ np.eye(4))
    T[GAP.stop :, 0, 3] += 0.08
    clip = clip_of(model, T, textured=textured, blank=GAP)
    _, estimates, _ = track(clip, T=clip.T[0])
    again = frames(estimates, ObjectState.REINITIALISED)
    assert len(again) == 1 and again[0] <= GAP.stop + (0 if textured else 5)
    assert frames(estimates, ObjectState.LOST) == list(range(GAP.start, again[0]))
    assert estimates[-1].state == ObjectState.TRACKED
    angle, distance = worst(clip, estimates)
    assert angle < 1 and distance < 0.005


def test_a_symmetric_object_keeps_to_one_member_of_its_symmetry(clip_of, motion):
    box = ObjectModel.box((0.2, 0.15, 0.07))
    clip = clip_of(box, motion(24, start_pose(box, depth=0.6)), textured=False, blank=GAP)
    _, estimates, _ = track(clip, T=clip.T[0])
    seen = [i for i, e in enumerate(estimates) if e.state != ObjectState.LOST]
    assert GAP.stop in seen
    turned = [rotation_angle(estimates[i].T_camera_object[:3, :3] @ clip.T[i, :3, :3].T) for i in seen]
    assert np.degrees(np.max(turned)) < 2  # without regard to the symmetry


def test_after_a_far_jump_the_nearest_member_of_the_symmetry_is_taken(clip_of, motion):
    box = ObjectModel.box((0.2, 0.15, 0.07))
    T = motion(26, start_pose(box, depth=0.6))
    T[GAP.stop :] = T[GAP.stop :] @ make_transform(exp_rotation([0.0, 0.0, 0.7]), np.zeros(3))
    T[GAP.stop :, :3, 3] += [0.1, -0.03, 0.1]
    for member in box.symmetries:  # whichever the search comes upon, the track goes on with the nearest
        clip = clip_of(box, T @ member, textured=False, blank=GAP)
        _, estimates, _ = track(clip, T=clip.T[0])
        again = frames(estimates, ObjectState.REINITIALISED)
        assert len(again) == 1 and GAP.stop <= again[0] <= GAP.stop + 5
        turned = estimates[-1].T_camera_object[:3, :3] @ clip.T[-1, :3, :3].T
        assert np.degrees(rotation_angle(turned)) < 2


def test_without_flow_the_motion_is_expected_to_go_on(model, clip_of, motion):
    T = motion(14, start_pose(model))
    T[:, 0, 3] = T[0, 0, 3] + 0.012 * np.arange(14)  # 16 pixels a frame
    clip = clip_of(model, T, textured=False)
    tracker = ObjectTracker(model, clip.camera, clip)
    tracker.start(clip.cues(0), T[0])
    for i in range(1, 14):
        cues = replace(clip.cues(i), flow_source=np.zeros((0, 2)), flow_target=np.zeros((0, 2)))
        assert tracker.step(cues).state == ObjectState.TRACKED


def test_the_first_pose_is_searched_for_when_none_is_given(model, clip_of, motion):
    clip = clip_of(model, motion(4, start_pose(model)))
    tracker, estimates, _ = track(clip)
    assert all(e.state == ObjectState.TRACKED for e in estimates)
    assert worst(clip, estimates)[0] < 1
    assert tracker.initial_pose.iou > 0.95


def test_a_track_starts_when_the_object_appears(model, clip_of, motion):
    clip = clip_of(model, motion(5, start_pose(model)), blank=range(2))
    tracker, estimates, _ = track(clip)
    assert [e.state for e in estimates] == [ObjectState.LOST] * 2 + [ObjectState.TRACKED] * 3
    tracker.reset()
    assert tracker.record is None and tracker.initial_pose is None
    assert tracker.step(clip.cues(3)).state == ObjectState.TRACKED


def test_masks_of_the_cues_are_used_when_segmenting_again_is_switched_off(model, clip_of, motion):
    clip = clip_of(model, motion(6, start_pose(model)))
    tracker = ObjectTracker(model, clip.camera, None, TrackerConfig(resegment=False))
    estimates = [tracker.start(clip.cues(0), clip.T[0])] + [tracker.step(clip.cues(i)) for i in range(1, 6)]
    assert not clip.segmented
    assert worst(clip, estimates)[0] < 1


def test_a_wrong_pose_is_not_believed_although_its_own_mask_confirms_it(model, clip_of, motion):
    clip = clip_of(model, motion(8, start_pose(model)), hidden=0.0)
    tracker = ObjectTracker(model, clip.camera, clip)
    tracker.start(clip.cues(0), clip.T[0])

    class Flatterer:
        """Gives back whatever silhouette it is asked about."""

        def segment(self, frame_index, silhouette, band):
            return silhouette

    flattered = ObjectTracker(model, clip.camera, Flatterer())
    flattered.start(clip.cues(0), clip.T[0])
    jumped = clip.T[1] @ make_transform(exp_rotation([0, 0, 1.5]), [0, 0, 0])
    elsewhere = clip_of(model, np.stack([clip.T[0], jumped]), hidden=0.0)
    cues = replace(elsewhere.cues(1), flow_source=np.zeros((0, 2)), flow_target=np.zeros((0, 2)))
    blind = replace(cues, feature_positions=np.zeros((0, 2)), feature_descriptors=np.zeros((0, 32), np.uint8))
    assert flattered.step(blind).state == ObjectState.LOST


def test_records_hold_what_the_joint_stage_needs(model, clip_of, motion):
    clip = clip_of(model, motion(14, start_pose(model)))
    _, _, records = track(clip, T=clip.T[0])
    record = records[-1]
    assert record.frame_index == 13 and record.image_size == (640, 480)
    assert len(record.flow_source) > 50 and len(record.match_target) > 30
    assert np.array_equal(record.hand_mask.unpack(), clip.hand(13))
    excluded = record.excluded.unpack()
    assert (excluded | ~clip.hand(13)).all() and (excluded & ~clip.hand(13)).any()
    assert (record.object_mask.unpack() ^ clip.mask(13)).sum() < 0.03 * clip.mask(13).sum()
    mesh = CentredMesh.from_model(model, 2000)
    first = record.match_keyframe == 0
    assert first.sum() > 10
    for source, target, before in (
        (record.flow_source, record.flow_target, 12),
        (record.match_source[first], record.match_target[first], 0),
    ):
        view = SurfaceView.draw(mesh, clip.camera, mesh.centred(clip.T[before]))
        points, cosines = view.unproject(source)
        moved = clip.camera.project(transform_points(mesh.centred(clip.T[13]), points[cosines > 0.2]))
        assert np.median(np.linalg.norm(moved - target[cosines > 0.2], axis=1)) < 1.5


def test_a_lost_frame_leaves_a_record_without_claims(model, clip_of, motion):
    clip = clip_of(model, motion(4, start_pose(model)), blank=range(2, 3))
    _, _, records = track(clip, T=clip.T[0])
    assert records[2].object_mask is None and not len(records[2].match_target) and not len(records[2].flow_source)


def test_the_same_frames_give_the_same_poses(model, clip_of, motion):
    clip = clip_of(model, motion(5, start_pose(model)))
    first, second = (track(clip, T=clip.T[0])[1] for _ in range(2))
    assert all(np.array_equal(a.T_camera_object, b.T_camera_object) for a, b in zip(first, second, strict=True))


def test_the_origin_of_the_mesh_file_does_not_matter(model, clip_of, motion):
    shift = np.array([0.3, -0.2, 0.1])
    moved = ObjectModel.from_mesh(model.vertices + shift, model.faces, name="moved", mass=0.3)
    T = motion(6, start_pose(model))
    offset = make_transform(np.eye(3), shift)
    clip = clip_of(moved, T @ inverse(offset))
    _, estimates, _ = track(clip, T=clip.T[0])
    assert worst(clip, estimates)[0] < 1
    lever = np.linalg.norm(shift)
    assert np.trace(estimates[-1].covariance[:3, :3]) > (lever * TrackerConfig().covariance_floor_rotation) ** 2


def test_images_of_another_size_than_the_camera_are_refused(model, clip_of, motion):
    clip = clip_of(model, motion(2, start_pose(model)))
    tracker = ObjectTracker(model, clip.camera.scaled(320, 240), clip)
    with pytest.raises(InputError, match="640x480"):
        tracker.step(clip.cues(0))


def test_a_given_pose_that_shows_nothing_is_refused(model, clip_of, motion):
    clip = clip_of(model, motion(2, start_pose(model)))
    with pytest.raises(InputError, match="initial pose"):
        ObjectTracker(model, clip.camera, clip).start(clip.cues(0), make_transform(np.eye(3), [0, 0, -1]))


@pytest.mark.parametrize("textured", [True, False])
def test_a_sudden_turn_is_believed_only_with_texture(model, clip_of, motion, textured):
    T = motion(4, start_pose(model))
    centre = (model.vertices.min(0) + model.vertices.max(0)) / 2
    turn = make_transform(np.eye(3), centre) @ make_transform(
        exp_rotation([0.0, 0.0, 0.65]), -exp_rotation([0.0, 0.0, 0.65]) @ centre
    )
    T[3] = T[3] @ turn
    clip = clip_of(model, T, textured=textured)
    tracker = ObjectTracker(clip.model, clip.camera, clip)
    tracker.start(clip.cues(0), clip.T[0])
    for i in (1, 2):
        assert tracker.step(clip.cues(i)).state == ObjectState.TRACKED
    assert (tracker.step(clip.cues(3)).state == ObjectState.LOST) == (not textured)


@pytest.mark.parametrize("textured", [True, False])
def test_a_sudden_jump_away_from_the_camera_is_believed_only_with_texture(model, clip_of, motion, textured):
    T = motion(10, start_pose(model))
    T[3:, :3, 3] *= 1.25  # as if it were 11 cm further away along the line of sight
    clip = clip_of(model, T, textured=textured)
    _, estimates, _ = track(clip, T=clip.T[0])
    assert frames(estimates, ObjectState.LOST)[:1] == ([] if textured else [3])
    assert estimates[-1].state == ObjectState.TRACKED  # in a few frames it may get there
