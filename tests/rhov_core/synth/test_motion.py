"""People's motion: minimum jerk, still where it starts and ends, and the object moves only while it is held."""

import itertools

import numpy as np
import pytest

from rhov_core.hand import HandModel
from rhov_core.pose import difference, transform_points
from rhov_core.synth import ACTIONS
from rhov_core.synth.actions import CLEARANCE, Script, Task, write_pieces
from rhov_core.synth.grasps import find_grasps
from rhov_core.synth.motion import Motion, minimum_jerk
from rhov_core.synth.objects import OBJECTS


@pytest.fixture(scope="module")
def task():
    carton, hand = OBJECTS["carton"], HandModel.load()
    return Task(carton.load().vertices, carton.T_world_object, find_grasps(carton, hand, 3), hand)


def test_minimum_jerk_has_still_ends_and_the_known_peak():
    x = np.linspace(0, 1, 2001)
    y = np.array([minimum_jerk(s) for s in x])
    speed = np.gradient(y, x)
    assert y[0] == 0 and y[-1] == 1 and minimum_jerk(-1) == 0 and minimum_jerk(2) == 1
    assert speed.max() == pytest.approx(1.875, abs=1e-3) and speed[1000] == pytest.approx(1.875, abs=1e-3)
    acceleration = np.gradient(speed, x)
    assert abs(acceleration[2]) < 0.2 and abs(acceleration[-3]) < 0.2


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_is_continuous_and_moves_the_object_only_with_the_hand(task, action):
    motion = Motion(write_pieces(action, task, 3.0, np.random.default_rng(1)), 3.0, np.random.default_rng(2))
    states = [motion.at(t) for t in np.linspace(0, 3, 601)]
    held = np.array([state.held for state in states])
    assert held.any()
    if action in ("carry", "turn", "inspect", "pour"):
        assert held.all()
    for before, after in itertools.pairwise(states):
        # 5 ms: a hand in a hurry moves 15 mm, and the fingers turn 0.3 rad
        assert np.linalg.norm(difference(after.hand.wrist, before.hand.wrist)[:3]) < 0.015
        assert np.abs(after.hand.fingers - before.hand.fingers).max() < 0.3
        moved = np.abs(after.T_world_object - before.T_world_object).max()
        if not (before.held or after.held):
            assert moved == 0
        if before.held and after.held:
            one, other = (np.linalg.inv(s.T_world_object) @ s.hand.wrist for s in (before, after))
            np.testing.assert_allclose(one, other, atol=1e-9)
        else:
            assert moved < 1e-5  # it is gripped and let go at rest
    lowest = min(transform_points(s.T_world_object, task.points)[:, 2].min() for s in states)
    highest = max(s.T_world_object[2, 3] for s in states)
    assert lowest > -0.02 and highest > 0.1


def test_regrasping_changes_the_grasp(task):
    motion = Motion(write_pieces("regrasp", task, 3.0, np.random.default_rng(4)), 3.0, np.random.default_rng(2))
    first, last = (np.linalg.inv(s.T_world_object) @ s.hand.wrist for s in (motion.at(0.0), motion.at(3.0)))
    assert np.linalg.norm(difference(first, last)) > 0.1
    assert not motion.at(1.5).held or not all(motion.at(t).held for t in np.linspace(0, 3, 60))


def test_longer_clips_hold_more_strokes(task):
    few, many = (write_pieces("carry", task, seconds, np.random.default_rng(0)) for seconds in (2.0, 8.0))
    assert len(many) > len(few)
    assert 1.3 * sum(piece.weight for piece in many) > 8.0


def test_what_is_lifted_stays_above_the_table(task):
    script = Script(task, np.random.default_rng(0))
    for turn in np.random.default_rng(1).uniform(-2, 2, (10, 3)):
        T = script.lifted(np.array([0, 0, 0.01]), turn)
        assert transform_points(T, task.points)[:, 2].min() >= CLEARANCE - 1e-9


def test_the_resting_object_is_turned_for_the_arm(task):
    """The forearm of the chosen grasp points to the person's side."""
    for seed in range(6):
        script = Script(task, np.random.default_rng(seed))
        T = script.resting(np.zeros(2), script._yaw)
        wrist = script.task.hand.wrist_transform(script.grasp.pose[None], np.zeros(10), script.grasp.translation[None])
        arm = (T[:3, :3] @ wrist[0, :3, :3] @ task.forearm)[:2]
        if np.linalg.norm(arm) > 0.4:
            assert arm[1] / np.linalg.norm(arm) < -0.4


def test_an_object_that_is_held_on_the_table_does_not_tremble(task):
    motion = Motion(write_pieces("pour", task, 3.0, np.random.default_rng(1)), 3.0, np.random.default_rng(2))
    pause = motion.pieces[0].weight / sum(piece.weight for piece in motion.pieces) * 3.0
    first = motion.at(0.0)
    for time in np.linspace(0, pause, 7):
        np.testing.assert_allclose(motion.at(time).T_world_object, first.T_world_object, atol=1e-6)
    assert np.abs(motion.at(1.2 * pause + 0.2).T_world_object - first.T_world_object).max() > 1e-3
