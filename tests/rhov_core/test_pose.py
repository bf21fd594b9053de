"""Poses by the axioms of a group, over random transforms and batch shapes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from rhov_core.pose import (
    difference,
    exp_rotation,
    interpolate,
    inverse,
    is_transform,
    log_rotation,
    make_transform,
    perturb,
    quaternion_from_rotation,
    rotation_angle,
    rotation_from_quaternion,
    skew,
    transform_points,
)

SHAPES = array_shapes(min_dims=0, max_dims=2, min_side=1, max_side=3)
SEEDS = st.integers(0, 2**32 - 1)
AGREE = {"atol": 1e-9, "rtol": 1e-9}


def vectors(rng, shape, largest=np.pi):
    """Random vectors (*shape, 3), some tiny, some zero, up to a length."""
    v = rng.normal(size=(*shape, 3))
    v *= largest * rng.random((*shape, 1)) / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-12)
    return v * rng.choice([0.0, 1e-9, 1e-4, 1.0, 1.0, 1.0], size=(*shape, 1))


def transforms(rng, shape):
    return make_transform(exp_rotation(vectors(rng, shape)), 3 * rng.normal(size=(*shape, 3)))


@settings(deadline=None)
@given(seed=SEEDS, shape=SHAPES)
def test_group_axioms(seed, shape):
    rng = np.random.default_rng(seed)
    a, b, c = (transforms(rng, shape) for _ in range(3))
    for T in (a, a @ b, inverse(a)):
        assert T.shape == (*shape, 4, 4) and is_transform(T)
    np.testing.assert_allclose((a @ b) @ c, a @ (b @ c), **AGREE)
    identity = np.broadcast_to(np.eye(4), a.shape)
    np.testing.assert_allclose(a @ inverse(a), identity, **AGREE)
    np.testing.assert_allclose(inverse(a) @ a, identity, **AGREE)
    np.testing.assert_allclose(inverse(a @ b), inverse(b) @ inverse(a), **AGREE)


@settings(deadline=None)
@given(seed=SEEDS, shape=SHAPES)
def test_transforms_act_on_points(seed, shape):
    rng = np.random.default_rng(seed)
    a, b, points = transforms(rng, shape), transforms(rng, shape), rng.normal(size=(*shape, 5, 3))
    moved = transform_points(a, points)
    assert moved.shape == points.shape
    homogeneous = np.concatenate([points, np.ones((*shape, 5, 1))], -1)
    np.testing.assert_allclose(moved, (a[..., None, :, :] @ homogeneous[..., None])[..., :3, 0], **AGREE)
    np.testing.assert_allclose(
        transform_points(a @ b, points), transform_points(a, transform_points(b, points)), **AGREE
    )
    np.testing.assert_allclose(transform_points(inverse(a), moved), points, **AGREE)
    between = np.linalg.norm(np.diff(points, axis=-2), axis=-1)
    np.testing.assert_allclose(np.linalg.norm(np.diff(moved, axis=-2), axis=-1), between, **AGREE)


@settings(deadline=None)
@given(seed=SEEDS, shape=SHAPES)
def test_exponential_and_logarithm_are_inverse(seed, shape):
    rng = np.random.default_rng(seed)
    w = vectors(rng, shape, largest=np.pi - 1e-4)
    np.testing.assert_allclose(log_rotation(exp_rotation(w)), w, atol=1e-9)
    np.testing.assert_allclose(rotation_angle(exp_rotation(w)), np.linalg.norm(w, axis=-1), atol=1e-9)
    beyond = vectors(rng, shape, largest=20.0)
    R = exp_rotation(beyond)
    np.testing.assert_allclose(exp_rotation(log_rotation(R)), R, atol=1e-9)
    assert (np.linalg.norm(log_rotation(R), axis=-1) <= np.pi + 1e-9).all()


@settings(deadline=None)
@given(seed=SEEDS)
def test_half_turns(seed):
    axis = np.random.default_rng(seed).normal(size=3)
    axis /= np.linalg.norm(axis)
    R = 2 * np.outer(axis, axis) - np.eye(3)
    w = log_rotation(R)
    assert np.linalg.norm(w) == pytest.approx(np.pi, abs=1e-6)
    np.testing.assert_allclose(np.abs(w @ axis), np.pi, atol=1e-6)
    assert quaternion_from_rotation(R)[3] >= 0


@settings(deadline=None)
@given(seed=SEEDS, shape=SHAPES)
def test_exponential_agrees_with_its_series(seed, shape):
    w = vectors(np.random.default_rng(seed), shape, largest=1.0)
    term = np.broadcast_to(np.eye(3), (*shape, 3, 3))
    total = term.copy()
    for n in range(1, 25):
        term = term @ skew(w) / n
        total = total + term
    np.testing.assert_allclose(exp_rotation(w), total, atol=1e-12)


@settings(deadline=None)
@given(seed=SEEDS, shape=SHAPES)
def test_skew_is_the_cross_product(seed, shape):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, *shape, 3))
    np.testing.assert_allclose((skew(a) @ b[..., None])[..., 0], np.cross(a, b), **AGREE)


@settings(deadline=None)
@given(seed=SEEDS, shape=SHAPES)
def test_quaternions(seed, shape):
    rng = np.random.default_rng(seed)
    R = exp_rotation(vectors(rng, shape))
    q = quaternion_from_rotation(R)
    assert q.shape == (*shape, 4) and (q[..., 3] >= 0).all()
    np.testing.assert_allclose(np.linalg.norm(q, axis=-1), 1.0, **AGREE)
    scale = rng.uniform(0.1, 10, (*shape, 1)) * rng.choice([-1, 1], (*shape, 1))
    np.testing.assert_allclose(rotation_from_quaternion(scale * q), R, **AGREE)
    # x y z w: a rotation about z has its sine in the third place.
    quarter = quaternion_from_rotation(exp_rotation([0.0, 0.0, np.pi / 2]))
    np.testing.assert_allclose(quarter, [0, 0, np.sqrt(0.5), np.sqrt(0.5)], **AGREE)


@settings(deadline=None)
@given(seed=SEEDS, shape=SHAPES)
def test_difference_undoes_perturb(seed, shape):
    rng = np.random.default_rng(seed)
    a, b = transforms(rng, shape), transforms(rng, shape)
    np.testing.assert_allclose(perturb(a, difference(b, a)), b, atol=1e-7)
    xi = np.concatenate([rng.normal(size=(*shape, 3)), vectors(rng, shape, np.pi - 1e-3)], -1)
    np.testing.assert_allclose(difference(perturb(a, xi), a), xi, atol=1e-7)
    np.testing.assert_allclose(perturb(a, np.zeros((*shape, 6))), a, **AGREE)


def test_perturbation_turns_about_the_objects_own_origin():
    T = make_transform(exp_rotation([0.3, -0.2, 0.5]), [1.0, 2.0, 3.0])
    moved = perturb(T, [0.1, 0.0, 0.0, 0.0, 0.0, np.pi / 2])
    np.testing.assert_allclose(moved[:3, 3], [1.1, 2.0, 3.0])
    np.testing.assert_allclose(moved[:3, :3], exp_rotation([0, 0, np.pi / 2]) @ T[:3, :3], **AGREE)


@settings(deadline=None)
@given(seed=SEEDS, shape=SHAPES)
def test_interpolation(seed, shape):
    rng = np.random.default_rng(seed)
    a, b, s = transforms(rng, shape), transforms(rng, shape), rng.random(shape)
    np.testing.assert_allclose(interpolate(a, b, np.zeros(shape)), a, **AGREE)
    np.testing.assert_allclose(interpolate(a, b, np.ones(shape)), b, atol=1e-7)
    middle = interpolate(a, b, s)
    assert is_transform(middle)
    whole = rotation_angle(np.swapaxes(a[..., :3, :3], -1, -2) @ b[..., :3, :3])
    part = rotation_angle(np.swapaxes(a[..., :3, :3], -1, -2) @ middle[..., :3, :3])
    np.testing.assert_allclose(part, s * whole, atol=1e-6)
    np.testing.assert_allclose(
        middle[..., :3, 3], (1 - s[..., None]) * a[..., :3, 3] + s[..., None] * b[..., :3, 3], **AGREE
    )


def test_is_transform_refuses():
    good = make_transform(exp_rotation([0.1, 0.2, 0.3]), [1, 2, 3])
    assert is_transform(good)
    mirrored, scaled, sheared, projective, broken = (good.copy() for _ in range(5))
    mirrored[:3, 0] *= -1
    scaled[:3, :3] *= 1.001
    sheared[0, 1] += 1e-3
    projective[3, 0] = 1e-3
    broken[0, 3] = np.nan
    for bad in (mirrored, scaled, sheared, projective, broken):
        assert not is_transform(bad)
        assert not is_transform(np.stack([good, bad]))
    assert not is_transform(np.eye(3))


def test_empty_batches():
    assert exp_rotation(np.zeros((0, 3))).shape == (0, 3, 3)
    assert log_rotation(np.zeros((0, 3, 3))).shape == (0, 3)
    assert quaternion_from_rotation(np.zeros((2, 0, 3, 3))).shape == (2, 0, 4)
    assert rotation_from_quaternion(np.zeros((0, 4))).shape == (0, 3, 3)
    assert perturb(np.zeros((0, 4, 4)), np.zeros((0, 6))).shape == (0, 4, 4)
    assert transform_points(np.eye(4), np.zeros((0, 3))).shape == (0, 3)
    assert is_transform(np.zeros((0, 4, 4)))


def test_read_only_arrays_are_accepted():
    rng = np.random.default_rng(0)
    rotation_vectors, some = vectors(rng, (4,)), transforms(rng, (4,))
    quaternions = quaternion_from_rotation(some[:, :3, :3])
    for array in (rotation_vectors, some, quaternions):
        array.flags.writeable = False
    exp_rotation(rotation_vectors)
    log_rotation(some[:, :3, :3])
    rotation_from_quaternion(quaternions)
    perturb(some, np.zeros((4, 6)))
