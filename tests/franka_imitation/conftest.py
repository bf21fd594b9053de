"""What the tests of the robot share: a box that is carried, and the plan that does it."""

import numpy as np
import pytest

from franka_imitation.config import ImitationConfig
from franka_imitation.imitate import imitate
from franka_imitation.result import ImitationResult
from rhov_core.object_model import ObjectModel
from rhov_core.pose import exp_rotation, make_transform
from rhov_core.trajectory import HandObjectTrajectory

FRAMES = 60


@pytest.fixture(scope="session")
def box() -> ObjectModel:
    """4 x 6 x 10 cm."""
    return ObjectModel.box([0.04, 0.06, 0.1], "box")


@pytest.fixture(scope="session")
def carried_box() -> HandObjectTrajectory:
    """Two seconds in which a box, seen by a level camera, is carried along a bow and turned."""
    s = np.linspace(0, 1, FRAMES)[:, None]
    s = s**3 * (10 + s * (6 * s - 15))
    upright = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # z of the box against y of the camera
    turned = exp_rotation(s * np.array([0.1, 0.4, 0.2])) @ upright
    T = make_transform(turned, np.array([0.0, 0.05, 0.7]) + s * np.array([0.1, -0.08, 0.05]))
    return HandObjectTrajectory.without_hand(
        "box",
        5.0 + np.arange(FRAMES) / 30,
        T,
        np.array([[600.0, 0, 320], [0, 600, 240], [0, 0, 1]]),
        (640, 480),
        np.diag([1e-6] * 3 + [1e-5] * 3),
    )


@pytest.fixture(scope="session")
def carried_box_result(box: ObjectModel, carried_box: HandObjectTrajectory) -> ImitationResult:
    """A plan that carries the box, tried in simulation."""
    return imitate(carried_box, box, ImitationConfig(up_in_camera=(0.0, -1.0, 0.0), candidates=1))
