import numpy as np
import pytest

from franka_imitation.kinematics import Kinematics
from franka_imitation.postures import reach
from franka_imitation.robot import Robot
from franka_imitation.scene import build_scene

TARGETS = 100


@pytest.fixture(scope="module")
def kinematics(box):
    return Kinematics(build_scene(Robot.load("panda"), box))


@pytest.fixture(scope="module")
def targets(kinematics):
    """Poses that the arm reaches, around one in front of it."""
    spread = np.random.default_rng(0).uniform(-0.4, 0.4, (TARGETS, 7))
    return kinematics.forward(kinematics.rest + spread)


def test_each_posture_reaches_its_target_with_room_at_the_stops(kinematics, targets):
    owner, q = reach(targets, kinematics, 2)
    assert len(np.unique(owner)) > 0.9 * TARGETS
    assert np.bincount(owner).max() <= 2
    assert kinematics.forward(q) == pytest.approx(targets[owner], abs=5e-3)
    assert kinematics.margin(q).min() >= 0


def test_the_best_posture_comes_first(kinematics, targets):
    owner, q = reach(targets, kinematics, 3)
    room = kinematics.margin(q)
    for target in np.unique(owner):
        own = np.minimum(room[owner == target], 0.6)
        assert (np.diff(own) <= 0).all()


def test_the_postures_do_not_depend_on_where_the_targets_lie_in_memory(kinematics, targets):
    """Only processors with AVX-512 ever told a difference; see `rhov_core.arrays.dense`."""
    expected = reach(targets, kinematics, 2)
    used = [np.empty(TARGETS) for _ in range(10_000)]  # what is left free between other things
    for _ in range(300):
        copy, behind = targets.copy(), np.empty(TARGETS)
        used += [copy, behind]
        if 0 < behind.ctypes.data - (copy.ctypes.data + copy.nbytes) < copy[0, 0].nbytes:
            break
    used.pop()
    del behind  # NumPy gives this memory to the next array of its size
    owner, q = reach(copy, kinematics, 2)
    assert np.array_equal(owner, expected[0])
    assert np.array_equal(q, expected[1])
