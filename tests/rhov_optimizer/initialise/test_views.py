import numpy as np

from rhov_optimizer.initialise.views import fibonacci_directions, look_along, rolls, towards


def are_rotations(R):
    return np.allclose(R @ np.swapaxes(R, -1, -2), np.eye(3)) and np.allclose(np.linalg.det(R), 1)


def test_directions_are_spread_evenly():
    directions = fibonacci_directions(300)
    assert np.allclose(np.linalg.norm(directions, axis=1), 1)
    cosine = directions @ directions.T - 2 * np.eye(300)
    nearest = np.degrees(np.arccos(cosine.max(1)))
    assert nearest.min() > 6 and nearest.max() < 13


def test_cameras_look_along_their_direction():
    directions = fibonacci_directions(50)
    R = look_along(directions)
    assert are_rotations(R)
    # the side of the object that is turned to the camera is the one that the direction names
    assert np.allclose(np.einsum("nij,nj->ni", R, directions), [0, 0, -1])


def test_rolls_turn_about_the_line_of_sight():
    R = rolls(24)
    assert are_rotations(R) and np.allclose(R[:, 2, 2], 1)
    assert np.allclose(R[1] @ R[1], R[2])


def test_the_optical_axis_turns_into_the_ray():
    ray = np.array([0.3, -0.4, 1.0])
    R = towards(ray)
    assert are_rotations(R)
    assert np.allclose(R @ [0, 0, 1], ray / np.linalg.norm(ray))
    assert np.allclose(towards(np.array([0, 0, 2.0])), np.eye(3))
