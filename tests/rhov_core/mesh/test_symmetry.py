"""Symmetries of known solids at random poses and sizes, and as a group."""

import numpy as np
import pytest
import trimesh
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from rhov_core.errors import InputError
from rhov_core.mesh.declared import axes_of, declared_symmetries
from rhov_core.mesh.sidecar import AxisSymmetry
from rhov_core.mesh.symmetry import find_symmetries, symmetry_group
from rhov_core.pose import is_transform, log_rotation, rotation_angle, transform_points


def prism(sides, radius=0.05, height=0.12):
    return trimesh.creation.cylinder(radius, height, sections=sides)


def scaled(mesh, factors):
    mesh.vertices = mesh.vertices * factors
    return mesh


def tetrahedron():
    corners = 0.05 * np.array([[1, 1, 1], [-1, -1, 1], [-1, 1, -1], [1, -1, -1]])
    return trimesh.Trimesh(corners, [[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]], process=False)


def mug():
    body = trimesh.creation.cylinder(radius=0.04, height=0.1, sections=32)
    handle = trimesh.creation.box([0.03, 0.012, 0.06])
    handle.apply_translation([0.05, 0.0, 0.01])
    return trimesh.util.concatenate([body, handle])


def wedge():
    box = trimesh.creation.box([0.1, 0.15, 0.2])
    corners = box.vertices.copy()
    corners[(corners[:, 2] > 0) & (corners[:, 0] > 0)] *= 1.3
    return trimesh.Trimesh(corners, box.faces, process=False)


SOLIDS = {
    "box": (lambda: trimesh.creation.box([0.06, 0.16, 0.21]), 4),
    "box with a square end": (lambda: trimesh.creation.box([0.1, 0.1, 0.2]), 8),
    "cube": (lambda: trimesh.creation.box([0.1, 0.1, 0.1]), 24),
    "tetrahedron": (tetrahedron, 12),
    "icosahedron": (lambda: scaled(trimesh.creation.icosahedron(), 0.05), 60),
    "cylinder": (lambda: prism(48), 72),
    "cylinder with equal moments": (lambda: prism(48, 0.05, 0.0866), 72),
    "cone": (lambda: trimesh.creation.cone(0.05, 0.12, sections=48), 36),
    "sphere": (lambda: trimesh.creation.icosphere(3, 0.05), 360),
    "ellipsoid": (lambda: scaled(trimesh.creation.icosphere(3, 0.05), [1, 1.3, 1.7]), 4),
    "spheroid": (lambda: scaled(trimesh.creation.icosphere(3, 0.05), [1, 1, 1.5]), 72),
    "prism of 3": (lambda: prism(3), 6),
    "prism of 5": (lambda: prism(5), 10),
    "prism of 6": (lambda: prism(6), 12),
    "prism of 7": (lambda: prism(7), 14),
    "pyramid of 5": (lambda: trimesh.creation.cone(0.06, 0.12, sections=5), 5),
    "mug": (mug, 1),
    "wedge": (wedge, 1),
}


@pytest.mark.parametrize("name", SOLIDS)
def test_order_and_group_of_solids(name):
    make, order = SOLIDS[name]
    mesh = make()
    R, t = Rotation.random(random_state=len(name)).as_matrix(), np.array([0.1, 0.02, -0.3])
    vertices, faces = np.asarray(mesh.vertices) @ R.T + t, np.asarray(mesh.faces, np.int32)
    found = find_symmetries(vertices, faces)
    assert found.shape == (order, 4, 4)
    assert is_transform(found)
    np.testing.assert_allclose(found[0], np.eye(4), atol=1e-12)
    # Every one maps the surface onto itself.
    samples = trimesh.Trimesh(vertices, faces, process=False).sample(3000, seed=0)
    tree, diagonal = cKDTree(samples), np.linalg.norm(np.ptp(vertices, axis=0))
    spacing = np.percentile(tree.query(samples, k=2)[0][:, 1], 99)
    for T in found[:: max(1, order // 20)]:
        distance = tree.query(transform_points(T, samples))[0]
        assert np.percentile(distance, 90) < 0.01 * diagonal + 2 * spacing
    # The product of two is one of them (for a sphere, near one of them).
    closeness = 31.0 if name == "sphere" else 2.5
    products = found[:: max(1, order // 8), None, :3, :3] @ found[None, :: max(1, order // 8), :3, :3]
    for P in products.reshape(-1, 3, 3):
        assert np.degrees(rotation_angle(np.swapaxes(found[:, :3, :3], 1, 2) @ P)).min() < closeness


def test_symmetries_of_a_box_are_exact():
    box = trimesh.creation.box([0.06, 0.16, 0.21])
    found = find_symmetries(np.asarray(box.vertices) + np.array([0, 0, 1]), np.asarray(box.faces, np.int32))
    diagonals = sorted(tuple(np.round(np.diag(T)[:3], 3)) for T in found)
    assert diagonals == [(-1, -1, 1), (-1, 1, -1), (1, -1, -1), (1, 1, 1)]
    corners = np.asarray(box.vertices) + np.array([0, 0, 1])
    for T in found:
        assert cKDTree(corners).query(transform_points(T, corners))[0].max() < 1e-4


def test_axis_of_a_cylinder_is_found():
    mesh = prism(48)
    R = Rotation.random(random_state=9).as_matrix()
    found = find_symmetries(np.asarray(mesh.vertices) @ R.T, np.asarray(mesh.faces, np.int32))
    turns = log_rotation(found[1:36, :3, :3])
    axes = turns / np.linalg.norm(turns, axis=1, keepdims=True)
    assert np.abs(axes @ R[:, 2]).min() > np.cos(np.radians(0.3))
    np.testing.assert_allclose(
        np.sort(np.linalg.norm(turns, axis=1)),
        np.sort(np.abs((np.arange(1, 36) * 10 + 180) % 360 - 180)) * np.pi / 180,
        atol=1e-6,
    )


def test_a_small_handle_breaks_the_symmetry():
    body = prism(48, 0.04, 0.1)
    knob = trimesh.creation.box([0.03, 0.008, 0.012])
    knob.apply_translation([0.045, 0, 0.03])
    both = trimesh.util.concatenate([body, knob])
    assert len(find_symmetries(np.asarray(both.vertices), np.asarray(both.faces, np.int32))) == 1


def test_a_dent_below_the_tolerance_does_not():
    mesh = trimesh.creation.box([0.06, 0.16, 0.21]).subdivide().subdivide()
    rng = np.random.default_rng(0)
    rough = np.asarray(mesh.vertices) + rng.normal(size=mesh.vertices.shape) * 3e-4
    assert len(find_symmetries(rough, np.asarray(mesh.faces, np.int32))) == 4


def test_deterministic():
    mesh = mug()
    a, b = (find_symmetries(np.asarray(mesh.vertices), np.asarray(mesh.faces, np.int32)) for _ in range(2))
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("generators", "order"),
    [([[0, 0, 90], [90, 0, 0]], 24), ([[0, 0, 120], [180, 0, 0]], 6), ([], 1), ([[0, 72, 0]], 5)],
)
def test_group_of_generators(generators, order):
    rotations = Rotation.from_rotvec(np.reshape(generators, (-1, 3)), degrees=True).as_matrix()
    assert symmetry_group(rotations).shape == (order, 3, 3)


def test_rotations_without_a_finite_group_stay_alone():
    rotations = Rotation.from_rotvec([[0, 0, 1.0], [1.0, 0, 0]]).as_matrix()
    assert len(symmetry_group(rotations)) == 3


def test_declared_symmetries():
    centre = np.array([0.1, 0.2, 0.3])
    z4, x2 = AxisSymmetry((0, 0, 2), 4), AxisSymmetry((1, 0, 0), 2)
    assert len(declared_symmetries([], centre)) == 1
    assert len(declared_symmetries([z4, x2], centre)) == 8
    assert len(declared_symmetries([z4, AxisSymmetry((1, 0, 0), 4)], centre)) == 24
    assert len(declared_symmetries([AxisSymmetry((0, 0, 1), None), x2], centre)) == 72
    for T in declared_symmetries([z4, x2], centre):
        np.testing.assert_allclose(T[:3, :3] @ centre + T[:3, 3], centre, atol=1e-12)
    moved = declared_symmetries([AxisSymmetry((0, 0, 1), 2, (1.0, 0.0, 0.0))], centre)
    np.testing.assert_allclose(moved[1] @ [1, 0, 5, 1], [1, 0, 5, 1], atol=1e-12)
    with pytest.raises(InputError, match="more rotations"):
        declared_symmetries([AxisSymmetry((0, 0, 1), 7), AxisSymmetry((1, 0, 0.4), 5)], centre)


@pytest.mark.parametrize(
    "axes",
    [
        [],
        [((0, 0, 1), 2)],
        [((0, 0, 1), 4), ((1, 0, 0), 2)],
        [((0, 0, 1), 4), ((1, 0, 0), 4)],
        [((0.6, 0, 0.8), None)],
        [((0, 0, 1), None), ((1, 0, 0), 2)],
    ],
)
def test_axes_of_symmetries_make_them_again(axes):
    declared = [AxisSymmetry(axis, order, (0.01, -0.02, 0.03)) for axis, order in axes]
    symmetries = declared_symmetries(declared, np.zeros(3))
    again = declared_symmetries(axes_of(symmetries), np.zeros(3))
    assert len(again) == len(symmetries)
    distance = np.abs(again[:, None] - symmetries[None]).max((-1, -2))
    assert distance.min(1).max() < 1e-9 and distance.min(0).max() < 1e-9
