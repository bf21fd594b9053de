import numpy as np
import pytest

from rhov_core.camera import Camera
from rhov_core.pose import exp_rotation, make_transform, perturb, rotation_angle, transform_points
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.tracking.keyframes import Keyframe, KeyframeStore
from rhov_optimizer.tracking.relocalise import relocalise

T = make_transform(exp_rotation([0.5, 0.4, -0.3]), [0.02, -0.01, 0.5])


@pytest.fixture(scope="module")
def clip(model, clip_of):
    mesh = CentredMesh.from_model(model, 2000)
    return clip_of(model, np.stack([mesh.in_file_frame(T)] * 2), hidden=0.1)


@pytest.fixture(scope="module")
def view(model, clip):
    return SurfaceView.draw(CentredMesh.from_model(model, 2000), clip.camera, T)


def make_keyframe(clip, view, most=500, least_cosine=0.25):
    cues = clip.cues(0)
    return Keyframe.from_view(
        0, view, cues.feature_positions, cues.feature_descriptors, cues.hand_mask, least_cosine, most
    )


def empty_keyframe(angle, features=0):
    rotation = exp_rotation([0, angle, 0])
    return Keyframe(0, rotation, np.zeros((features, 3)), np.zeros((features, 2)), np.zeros((features, 32), np.uint8))


def test_features_are_placed_on_the_surface(clip, view):
    key = make_keyframe(clip, view)
    assert len(key) > 60
    assert np.abs(clip.camera.project(transform_points(T, key.points)) - key.pixels).max() < 1e-6
    hand = clip.hand(0)
    column, row = np.rint(key.pixels).astype(int).T
    assert not hand[row, column].any() and view.silhouette()[row, column].all()


def test_oblique_features_are_left_out_and_the_number_is_bounded(clip, view):
    steep = make_keyframe(clip, view, least_cosine=0.8)
    _, cosines = view.unproject(steep.pixels)
    assert 0 < len(steep) < len(make_keyframe(clip, view)) and cosines.min() >= 0.8
    assert len(make_keyframe(clip, view, most=20)) == 20


def test_matches_agree_with_the_truth(clip, view):
    store = KeyframeStore(0.8)
    store.add(make_keyframe(clip, view))
    cues = clip.cues(1)
    prediction = perturb(T, [0.005, -0.005, 0.01, 0.03, -0.02, 0.03])
    matches = store.match(
        prediction, clip.camera.K, cues.feature_positions, cues.feature_descriptors, gate=40.0, count=3
    )
    assert len(matches) > 40
    seen = clip.camera.project(transform_points(T, matches.points))
    assert (np.linalg.norm(seen - matches.pixels, axis=1) < 4).mean() > 0.98
    assert (matches.keyframe == 0).all()


def test_the_nearest_keyframes_and_the_first_are_matched():
    store = KeyframeStore(0.8)
    for angle in (1.5, 0.0, 0.3, 0.6, 0.9):
        store.add(empty_keyframe(angle))
    near = store.nearest(exp_rotation([0, 0.25, 0]), 2)
    assert [float(rotation_angle(k.rotation)) for k in near] == pytest.approx([0.3, 0.0, 1.5])
    assert store.angle_to_nearest(exp_rotation([0, 0.7, 0])) == pytest.approx(0.1)


def test_richest_looks_near_the_view_or_everywhere():
    store = KeyframeStore(0.8)
    assert store.richest(None) == 0 and store.angle_to_nearest(np.eye(3)) == np.inf
    store.add(empty_keyframe(0.0, 50))
    store.add(empty_keyframe(1.2, 80))
    assert store.richest(exp_rotation([0, 0.1, 0])) == 50
    assert store.richest(exp_rotation([0, 1.1, 0])) == 80
    assert store.richest(exp_rotation([0, 2.5, 0])) == 0
    assert store.richest(None) == 80


def test_a_lost_object_is_found_by_its_texture(clip, view):
    store = KeyframeStore(0.8)
    store.add(make_keyframe(clip, view))
    cues = clip.cues(1)

    def found(positions, descriptors):
        return relocalise(store, clip.camera.K, positions, descriptors, ratio=0.8, least_inliers=15)

    pose = found(cues.feature_positions, cues.feature_descriptors)
    assert np.degrees(rotation_angle(pose[:3, :3] @ T[:3, :3].T)) < 2
    assert np.linalg.norm(pose[:3, 3] - T[:3, 3]) < 0.01
    assert found(cues.feature_positions[-100:], cues.feature_descriptors[-100:]) is None  # clutter only
    shuffled = np.random.default_rng(0).permutation(cues.feature_positions)
    assert found(shuffled, cues.feature_descriptors) is None  # matches that agree on no pose
    assert found(np.zeros((0, 2)), np.zeros((0, 32), np.uint8)) is None


def test_matches_in_one_small_patch_are_no_pose():
    rng = np.random.default_rng(0)
    patch, camera = rng.uniform(-0.001, 0.001, (30, 3)), Camera.from_focal(600.0, 640, 480)
    pixels = camera.project(patch + np.array([0.0, 0.0, 0.5]))  # all of them agree on a pose
    descriptors = rng.integers(0, 256, (30, 32), np.uint8)
    store = KeyframeStore(0.8)
    store.add(Keyframe(0, np.eye(3), patch, pixels, descriptors))
    assert relocalise(store, camera.K, pixels, descriptors, ratio=0.8, least_inliers=15) is None
