"""The signed distance grid against exact distances, and its gradient."""

import numpy as np
import pytest
import torch
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from rhov_core.errors import InputError
from rhov_core.object_model import ObjectModel
from rhov_core.sdf import SignedDistanceGrid
from rhov_core.sdf.tensors import distance_of_tensors
from rhov_core.sdf.triangle import squared_distance, winding_number


def box_distance(points, size):
    q = np.abs(points) - np.asarray(size) / 2
    return np.linalg.norm(np.maximum(q, 0), axis=-1) + np.minimum(q.max(-1), 0)


def torus_distance(points, major, minor):
    return np.hypot(np.hypot(points[..., 0], points[..., 1]) - major, points[..., 2]) - minor


def nodes(grid):
    index = np.stack(np.meshgrid(*map(np.arange, grid.values.shape), indexing="ij"), -1)
    return grid.origin + grid.spacing * index


def inside_grid(grid, count, seed=0):
    last = grid.origin + grid.spacing * (np.array(grid.values.shape) - 1)
    return np.random.default_rng(seed).uniform(grid.origin, last, (count, 3))


@pytest.fixture(scope="module")
def torus():
    return trimesh.creation.torus(0.1, 0.04, major_sections=96, minor_sections=64)


@pytest.fixture(scope="module")
def torus_grid(torus):
    return SignedDistanceGrid.from_mesh(torus.vertices, torus.faces)


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10**9), flat=st.booleans())
def test_distance_to_a_triangle_is_that_of_dense_samples(seed, flat):
    rng = np.random.default_rng(seed)
    a, b, c = rng.normal(size=(3, 3))
    if flat:
        c = a + rng.uniform(-1, 2) * (b - a)  # a degenerate triangle: a segment
    p = 2 * rng.normal(size=3)
    u, v = np.meshgrid(np.linspace(0, 1, 201), np.linspace(0, 1, 201))
    u, v = u[u + v <= 1 + 1e-9], v[u + v <= 1 + 1e-9]
    samples = a + u[:, None] * (b - a) + v[:, None] * (c - a)
    nearest = np.linalg.norm(samples - p, axis=1).min()
    longest = max(np.linalg.norm(b - a), np.linalg.norm(c - a))
    exact = np.sqrt(squared_distance(*p, a, b, c))
    assert nearest - 0.01 * longest <= exact <= nearest + 1e-9


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_winding_number_tells_inside_from_outside(seed):
    rng = np.random.default_rng(seed)
    box = trimesh.creation.box([1, 2, 3])
    p = rng.uniform(-2, 2, 3)
    value = winding_number(*p, np.asarray(box.vertices), np.asarray(box.faces))
    assert value == pytest.approx(float(box_distance(p, [1, 2, 3]) < 0), abs=1e-6)


def test_nodes_of_a_box_are_exact():
    size = [0.06, 0.16, 0.21]
    box = trimesh.creation.box(size)
    grid = SignedDistanceGrid.from_mesh(box.vertices, box.faces)
    assert max(grid.values.shape) == 64
    np.testing.assert_allclose(grid.values, box_distance(nodes(grid), size), atol=1e-6)


def test_nodes_of_a_torus_are_nearly_exact_and_the_hole_is_outside(torus, torus_grid):
    exact = torus_distance(nodes(torus_grid), 0.1, 0.04)
    diagonal = np.linalg.norm(torus.extents)
    error = np.abs(torus_grid.values - exact) / diagonal
    assert error.max() < 2e-3 and error.mean() < 4e-4  # the mesh itself lies up to 5e-4 inside the true torus
    assert torus_grid.distance(np.zeros(3)) == pytest.approx(0.06, rel=0.1)  # a kink of the distance


@pytest.mark.parametrize("shape", ["box", "torus"])
def test_mean_error_between_nodes(shape, torus):
    R = Rotation.random(random_state=5).as_matrix()
    if shape == "box":
        mesh = trimesh.creation.box([0.06, 0.16, 0.21])
    else:
        mesh = trimesh.creation.torus(0.1, 0.04, major_sections=160, minor_sections=80)
    diagonal = np.linalg.norm(mesh.extents)
    grid = SignedDistanceGrid.from_mesh(mesh.vertices @ R.T, mesh.faces)
    points = inside_grid(grid, 20000)
    exact = box_distance(points @ R, [0.06, 0.16, 0.21]) if shape == "box" else torus_distance(points @ R, 0.1, 0.04)
    assert np.abs(grid.distance(points) - exact).mean() <= 3e-4 * diagonal


def test_thin_walls_keep_their_sign():
    outer, inner = trimesh.creation.icosphere(3, 0.1), trimesh.creation.icosphere(3, 0.096)
    inner.invert()
    shell = trimesh.util.concatenate([outer, inner])
    grid = SignedDistanceGrid.from_mesh(shell.vertices, shell.faces)
    assert grid.distance(np.zeros(3)) > 0.09
    radius = np.linalg.norm(nodes(grid), axis=-1)
    clear = np.abs(np.abs(radius - 0.098) - 0.002) > 5e-4
    np.testing.assert_array_equal((grid.values < 0)[clear], (np.abs(radius - 0.098) < 0.002)[clear])


def test_gradient_is_that_of_finite_differences(torus_grid):
    points = inside_grid(torus_grid, 4000, seed=1)
    points = np.concatenate([points, points + np.sign(points) * 0.2])  # outside as well
    cell = (points - torus_grid.origin) / torus_grid.spacing
    points = points[(np.abs(cell - np.rint(cell)) > 1e-3).all(1)]  # kinks are between cells
    _, gradient = torus_grid.distance_and_gradient(points)
    for d in range(3):
        e = np.zeros(3)
        e[d] = 1e-7
        difference = (torus_grid.distance(points + e) - torus_grid.distance(points - e)) / 2e-7
        np.testing.assert_allclose(gradient[:, d], difference, atol=1e-4)


def test_tensors_and_arrays_agree(torus_grid):
    points = torch.tensor(inside_grid(torus_grid, 60)).reshape(3, 20, 3).requires_grad_()
    distance = torus_grid.distance(points)
    weights = torch.arange(60, dtype=torch.float64).reshape(3, 20)
    (distance * weights).sum().backward()
    expected, gradient = torus_grid.distance_and_gradient(points.detach().numpy())
    np.testing.assert_array_equal(distance.detach(), expected)
    np.testing.assert_allclose(points.grad, weights[..., None] * gradient)
    single = torus_grid.distance(points.detach().float())
    assert single.dtype == torch.float32 and not single.requires_grad


def test_outside_the_grid_it_grows_with_the_distance(torus_grid):
    direction = np.array([0.3, -0.5, 0.81])
    far = torus_grid.distance(np.linspace(0.3, 5, 200)[:, None] * direction)
    assert (np.diff(far) > 0).all()
    exact = torus_distance(np.linspace(0.3, 5, 200)[:, None] * direction, 0.1, 0.04)
    assert (far >= exact - 1e-3).all() and np.abs(far - exact).max() < 0.1
    edge = torus_grid.origin[0]
    across = torus_grid.distance(np.array([[edge + 1e-9, 0, 0], [edge - 1e-9, 0, 0]]))
    assert across[0] == pytest.approx(across[1], abs=1e-8)
    assert torus_grid.distance(np.zeros((0, 3))).shape == (0,)


def test_corners_need_not_be_shared(torus, torus_grid):
    soup = torus.vertices[torus.faces].reshape(-1, 3)
    grid = SignedDistanceGrid.from_mesh(soup, np.arange(len(soup)).reshape(-1, 3))
    np.testing.assert_allclose(grid.values, torus_grid.values, atol=1e-7)


def test_deterministic(torus, torus_grid):
    again = SignedDistanceGrid.from_mesh(torus.vertices, torus.faces)
    np.testing.assert_array_equal(again.values, torus_grid.values)


def test_refusals(torus):
    with pytest.raises(InputError, match="faces that refer"):
        SignedDistanceGrid.from_mesh(torus.vertices[:10], torus.faces)
    with pytest.raises(InputError, match="faces that refer"):
        SignedDistanceGrid.from_mesh(torus.vertices, torus.faces[:0])
    with pytest.raises(InputError, match="4 open edges"):
        SignedDistanceGrid.from_mesh(torus.vertices, torus.faces[2:])
    with pytest.raises(InputError, match="not finite"):
        SignedDistanceGrid.from_mesh(torus.vertices * np.nan, torus.faces)
    with pytest.raises(InputError, match="2 nodes"):
        SignedDistanceGrid(np.zeros((1, 4, 4), np.float32), np.zeros(3), 0.1)


def test_tensor_operations_give_the_same_distances_and_gradients():
    box = ObjectModel.box((0.1, 0.2, 0.05))
    grid = SignedDistanceGrid.from_mesh(box.vertices, box.faces, 32)
    given = torch.tensor(np.random.default_rng(3).normal(0, 0.12, (500, 3)))
    outside = np.abs(given.numpy()) > np.abs(grid.origin)
    assert 20 < outside.any(1).sum() < 480
    values = []
    for distance in (grid.distance, lambda p: distance_of_tensors(p, grid.values_on(p.device), grid)):
        points = given.clone().requires_grad_()
        found = distance(points)
        values.append((found.detach(), torch.autograd.grad(found.sum(), points)[0]))
    np.testing.assert_allclose(values[1][0], values[0][0], atol=1e-7)
    np.testing.assert_allclose(values[1][1], values[0][1], atol=1e-5)
