import numpy as np
import pytest

from franka_imitation.shape import ConvexShape
from rhov_core.object_model import ObjectModel


def block(low, high):
    return np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])], float)


@pytest.fixture
def stairs():
    """Two blocks side by side along x: 4 cm high and 8 cm high."""
    return ConvexShape([block((0, 0, 0), (0.1, 0.05, 0.04)), block((0.1, 0, 0), (0.2, 0.05, 0.08))])


def test_the_centre_of_mass_is_weighted_by_volume(stairs):
    assert stairs.centre_of_mass == pytest.approx([(0.05 + 2 * 0.15) / 3, 0.025, (0.02 + 2 * 0.04) / 3])


def test_a_solid_contains_its_inside(stairs):
    points = np.array([[0.05, 0.02, 0.02], [0.05, 0.02, 0.06], [0.15, 0.02, 0.06], [0.3, 0.02, 0.02]])
    assert stairs.contains(points).tolist() == [True, False, True, False]


def test_distance_bounds_are_below_the_distance_and_have_its_sign(stairs):
    points = np.array([[0.05, 0.025, 0.06], [0.15, 0.025, 0.04]])
    bounds = stairs.distance_bound(points)
    assert 0 < bounds[0] <= 0.02 + 1e-12
    assert bounds[1] < 0


def test_rays_go_through_touching_parts_as_one(stairs):
    start = np.array([[0.0, 0.02, 0.02], [0.05, 0.02, 0.0], [0.15, 0.0, 0.06]])
    direction = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, 1.0, 0]])
    crossing = stairs.cross(start, direction)
    assert crossing.length == pytest.approx([0.2, 0.04, 0.05])
    assert crossing.normal == pytest.approx(direction)


def test_a_start_inside_another_part_is_buried():
    overlapping = ConvexShape([block((0, 0, 0), (0.1, 0.1, 0.1)), block((0.05, 0.02, 0.02), (0.15, 0.08, 0.08))])
    crossing = overlapping.cross(
        np.array([[0.05, 0.05, 0.05], [0.0, 0.05, 0.05]]), np.array([[1.0, 0, 0], [1.0, 0, 0]])
    )
    assert crossing.buried.tolist() == [True, False]


def test_samples_lie_on_the_surface(stairs):
    points, normals = stairs.sample_surface(500, np.random.default_rng(0))
    assert not stairs.contains(points + 1e-6 * normals).all()
    assert stairs.contains(points - 1e-6 * normals).mean() > 0.99
    assert np.linalg.norm(normals, axis=1) == pytest.approx(1)


def test_the_shape_of_a_model_is_that_of_its_collision_parts(box):
    shape = ConvexShape.of(box)
    assert np.ptp(shape.corners, axis=0) == pytest.approx(box.extents)
    assert ConvexShape.of(ObjectModel.box([0.1, 0.1, 0.1])).centre_of_mass == pytest.approx(np.zeros(3), abs=1e-9)
