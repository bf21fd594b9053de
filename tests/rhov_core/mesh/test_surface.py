"""Merging, closedness, orientation, volume, size and repair of meshes, over random solids and damages."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from rhov_core.errors import InputError
from rhov_core.mesh.repair import convex_hull, repaired
from rhov_core.mesh.surface import (
    check_size,
    check_volume,
    is_closed,
    merged,
    open_edges,
    oriented,
    surface_centroid,
    volume_and_centre,
)


def as_arrays(mesh):
    return np.array(mesh.vertices, np.float64), np.array(mesh.faces, np.int32)


@st.composite
def solids(draw):
    """A closed solid at a random pose, with its volume and centre of mass."""
    kind = draw(st.sampled_from(["box", "prism", "torus", "shell"]))
    a, b, c = (draw(st.floats(0.02, 0.3)) for _ in range(3))
    if kind == "box":
        mesh, volume = trimesh.creation.box([a, b, c]), a * b * c
    elif kind == "prism":
        sides = draw(st.integers(3, 12))
        mesh = trimesh.creation.cylinder(a, b, sections=sides)
        volume = b * sides / 2 * a * a * np.sin(2 * np.pi / sides)
    elif kind == "torus":
        mesh, volume = trimesh.creation.torus(a + b, a, major_sections=24, minor_sections=12), None
    else:
        mesh, inner = trimesh.creation.box([a, b, c]), trimesh.creation.box([a / 2, b / 2, c / 2])
        inner.invert()
        mesh, volume = trimesh.util.concatenate([mesh, inner]), 7 / 8 * a * b * c
    R = Rotation.random(random_state=draw(st.integers(0, 1000))).as_matrix()
    t = np.array([draw(st.floats(-1, 1)) for _ in range(3)])
    vertices, faces = as_arrays(mesh)
    return vertices @ R.T + t, faces, volume, t


@settings(max_examples=60, deadline=None)
@given(solid=solids(), seed=st.integers(0, 1000))
def test_volume_and_centre_survive_any_encoding(solid, seed):
    vertices, faces, volume, centre = solid
    assert is_closed(faces)
    value, middle = volume_and_centre(vertices, faces)
    if volume is not None:
        assert value == pytest.approx(volume, rel=1e-9)
    np.testing.assert_allclose(middle, centre, atol=1e-9)
    np.testing.assert_allclose(surface_centroid(vertices, faces), centre, atol=1e-9)
    # As a soup of triangles in another order, each starting at another corner: nothing changes.
    rng = np.random.default_rng(seed)
    shuffled = faces[rng.permutation(len(faces))]
    shuffled = np.stack([np.roll(f, rng.integers(3)) for f in shuffled])
    v, f = merged(vertices[shuffled].reshape(-1, 3), np.arange(3 * len(faces), dtype=np.int32).reshape(-1, 3))
    assert len(v) == len(np.unique(vertices, axis=0)) and is_closed(f)
    assert volume_and_centre(v, f)[0] == pytest.approx(value)


def test_centre_of_a_body_without_symmetry():
    large, small = trimesh.creation.box([0.2, 0.2, 0.2]), trimesh.creation.box([0.1, 0.1, 0.1])
    small.apply_translation([0.3, 0.2, 0.1])
    _, centre = volume_and_centre(*as_arrays(trimesh.util.concatenate([large, small])))
    np.testing.assert_allclose(centre, np.array([0.3, 0.2, 0.1]) / 9, atol=1e-12)
    corner = trimesh.Trimesh(0.1 * np.eye(4)[:, :3], [[0, 1, 2], [0, 3, 1], [1, 3, 2], [0, 2, 3]], process=False)
    corner = corner.subdivide()
    vertices, faces = as_arrays(corner)
    vertices = np.concatenate([vertices, np.full((5, 3), 9.0)])  # vertices without a face do not count
    np.testing.assert_allclose(volume_and_centre(vertices, faces)[1], [0.025, 0.025, 0.025], atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), shape=st.sampled_from(["box", "torus"]))
def test_faces_flipped_at_random_are_wound_outwards(seed, shape):
    mesh = trimesh.creation.box([0.1, 0.2, 0.3]) if shape == "box" else trimesh.creation.torus(0.1, 0.03)
    vertices, faces = as_arrays(mesh)
    flip = np.random.default_rng(seed).random(len(faces)) < 0.5
    mixed = np.where(flip[:, None], faces[:, ::-1], faces)
    fixed = oriented(vertices, mixed)
    assert is_closed(fixed)
    assert volume_and_centre(vertices, fixed)[0] == pytest.approx(volume_and_centre(vertices, faces)[0])


def test_inward_surface_is_turned_and_a_cavity_is_kept():
    vertices, faces = as_arrays(trimesh.creation.box([0.1, 0.1, 0.1]))
    assert volume_and_centre(vertices, oriented(vertices, faces[:, ::-1].copy()))[0] == pytest.approx(1e-3)
    inner = trimesh.creation.box([0.05, 0.05, 0.05])
    inner.invert()
    vertices, faces = as_arrays(trimesh.util.concatenate([trimesh.creation.box([0.1, 0.1, 0.1]), inner]))
    assert volume_and_centre(vertices, oriented(vertices, faces))[0] == pytest.approx(1e-3 - 1.25e-4)


def test_open_edges_are_counted():
    _, faces = as_arrays(trimesh.creation.icosphere(2))
    assert open_edges(faces) == 0
    assert open_edges(faces[1:]) == 3
    assert not is_closed(faces[1:]) and not is_closed(faces[:0])


def test_two_solids_that_share_an_edge_are_closed():
    one, other = (trimesh.creation.box([0.1, 0.1, 0.1]) for _ in range(2))
    other.apply_translation([0.1, 0.1, 0])
    v, f = merged(*as_arrays(trimesh.util.concatenate([one, other])))
    assert len(v) == 14 and is_closed(f)


def test_merging_drops_collapsed_faces_and_unused_vertices():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0], [9, 9, 9]], float)
    v, f = merged(vertices, np.array([[0, 1, 2], [0, 1, 3]], np.int32))
    np.testing.assert_array_equal(v, vertices[:3])
    np.testing.assert_array_equal(f, [[0, 1, 2]])


def test_merging_with_a_tolerance():
    vertices, faces = as_arrays(trimesh.creation.icosphere(2, 0.1))
    soup = vertices[faces].reshape(-1, 3) + np.random.default_rng(0).normal(size=(3 * len(faces), 3)) * 1e-7
    index = np.arange(len(soup), dtype=np.int32).reshape(-1, 3)
    assert not is_closed(merged(soup, index)[1])
    assert is_closed(merged(soup, index, 2e-6)[1])


@pytest.mark.parametrize(
    ("size", "says"),
    [
        (0.0005, "scaled down once too often"),
        (4.0, "centimetres"),
        (12.0, "centimetres"),
        (3.2, "centimetres"),
        (150.0, "millimetres"),
        (5000.0, "millimetres"),
    ],
)
def test_sizes_that_are_not_metres(size, says):
    vertices, _ = as_arrays(trimesh.creation.box([size, size / 2, size / 3]))
    with pytest.raises(InputError, match=says):
        check_size(vertices, "the mesh")


@pytest.mark.parametrize("size", [0.0011, 0.2, 2.9])
def test_sizes_that_are_metres(size):
    check_size(as_arrays(trimesh.creation.box([size, size / 2, size / 3]))[0], "the mesh")


def test_flat_meshes_are_refused():
    vertices, _ = as_arrays(trimesh.creation.box([0.1, 0.1, 1e-8]))
    with pytest.raises(InputError, match="is flat"):
        check_size(vertices, "the mesh")
    sheet = np.array([[0, 0, 0], [0.1, 0, 0.05], [0, 0.1, 0.05]])
    both = np.array([[0, 1, 2], [2, 1, 0]], np.int32)
    assert is_closed(both)
    with pytest.raises(InputError, match="no volume"):
        check_volume(sheet, both, "the mesh")


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), holes=st.integers(1, 4))
def test_small_holes_are_filled(seed, holes):
    mesh = trimesh.creation.torus(0.1, 0.04, major_sections=24, minor_sections=16)
    vertices, faces = as_arrays(mesh)
    lost = np.random.default_rng(seed).choice(len(faces), holes, replace=False)
    (v, f), what = repaired(vertices, np.delete(faces, lost, axis=0))
    assert is_closed(f) and "filled" in what
    assert volume_and_centre(v, f)[0] == pytest.approx(volume_and_centre(vertices, faces)[0], rel=0.01)


def test_what_cannot_be_filled_becomes_its_hull():
    rng = np.random.default_rng(0)
    soup = rng.uniform(-0.1, 0.1, (90, 3))
    (v, f), what = repaired(soup, np.arange(90, dtype=np.int32).reshape(-1, 3))
    assert is_closed(f) and "hull" in what
    assert volume_and_centre(v, f)[0] == pytest.approx(trimesh.convex.convex_hull(soup).volume)


def test_convex_hull_is_closed_and_wound_outwards():
    points = np.random.default_rng(0).normal(size=(200, 3))
    v, f = convex_hull(points)
    assert is_closed(f)
    assert volume_and_centre(v, f)[0] == pytest.approx(trimesh.convex.convex_hull(points).volume)
