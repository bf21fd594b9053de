import numpy as np
import pytest

from rhov_core import pose

RNG = np.random.default_rng(0)
VECTORS = np.concatenate([np.zeros((1, 3)), 1e-9 * RNG.normal(size=(2, 3)), RNG.uniform(-1.7, 1.7, (20, 3))])
TRANSFORMS = pose.make_transform(pose.exp_rotation(VECTORS), RNG.normal(size=VECTORS.shape))
OTHERS = TRANSFORMS[::-1]


def test_exponential_and_logarithm_are_inverse():
    R = pose.exp_rotation(VECTORS)
    np.testing.assert_allclose(R @ np.swapaxes(R, -1, -2), np.broadcast_to(np.eye(3), R.shape), atol=1e-12)
    np.testing.assert_allclose(pose.log_rotation(R), VECTORS, atol=1e-12)
    np.testing.assert_allclose(pose.rotation_angle(R), np.linalg.norm(VECTORS, axis=1), atol=1e-12)


def test_exponential_of_a_small_vector_is_its_cross_product():
    w = np.array([1e-6, -2e-6, 3e-6])
    np.testing.assert_allclose(pose.exp_rotation(w), np.eye(3) + pose.skew(w), atol=1e-11)
    np.testing.assert_allclose(pose.skew(w) @ [1, 2, 3], np.cross(w, [1, 2, 3]), atol=1e-20)


def test_quaternions_are_x_y_z_w_and_canonical():
    quarter_turn = pose.exp_rotation([0, 0, np.pi / 2])
    np.testing.assert_allclose(pose.quaternion_from_rotation(quarter_turn), [0, 0, np.sqrt(0.5), np.sqrt(0.5)])
    q = pose.quaternion_from_rotation(TRANSFORMS[:, :3, :3])
    assert (q[:, 3] >= 0).all()
    np.testing.assert_allclose(pose.rotation_from_quaternion(-3 * q), TRANSFORMS[:, :3, :3], atol=1e-12)


def test_inverse_and_points():
    identity = np.broadcast_to(np.eye(4), TRANSFORMS.shape)
    np.testing.assert_allclose(pose.inverse(TRANSFORMS) @ TRANSFORMS, identity, atol=1e-12)
    points = RNG.normal(size=(len(TRANSFORMS), 5, 3))
    there = pose.transform_points(TRANSFORMS, points)
    np.testing.assert_allclose(pose.transform_points(pose.inverse(TRANSFORMS), there), points, atol=1e-12)


def test_difference_undoes_perturb():
    np.testing.assert_allclose(pose.perturb(OTHERS, pose.difference(TRANSFORMS, OTHERS)), TRANSFORMS, atol=1e-9)


def test_perturbation_rotates_about_the_objects_own_origin():
    moved = pose.perturb(TRANSFORMS, np.tile([0, 0, 0, 0.1, 0.2, 0.3], (len(TRANSFORMS), 1)))
    np.testing.assert_allclose(moved[:, :3, 3], TRANSFORMS[:, :3, 3], atol=1e-12)


@pytest.mark.parametrize("fraction", [0.0, 0.25, 1.0])
def test_interpolation_goes_evenly_from_one_to_the_other(fraction):
    between = pose.interpolate(OTHERS, TRANSFORMS, np.full(len(OTHERS), fraction))
    np.testing.assert_allclose(
        pose.difference(between, OTHERS), fraction * pose.difference(TRANSFORMS, OTHERS), atol=1e-9
    )


def test_is_transform_refuses_what_is_none():
    assert pose.is_transform(TRANSFORMS)
    for change in (lambda T: T * [-1, 1, 1, 1], lambda T: T * 1.01, lambda T: T + np.nan, lambda T: T[:3]):
        assert not pose.is_transform(change(TRANSFORMS[5]))


def test_read_only_arrays_are_accepted():
    vectors, transforms = VECTORS.copy(), TRANSFORMS.copy()
    quaternions = pose.quaternion_from_rotation(transforms[:, :3, :3])
    for array in (vectors, transforms, quaternions):
        array.flags.writeable = False
    pose.exp_rotation(vectors)
    pose.log_rotation(transforms[:, :3, :3])
    pose.rotation_from_quaternion(quaternions)
    pose.perturb(transforms, np.zeros((len(transforms), 6)))
