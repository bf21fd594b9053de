"""Goals advance when they are matched, not before their time; time is not endless."""

import pytest
import torch

from franka_imitation.learning.config import TaskConfig
from franka_imitation.learning.matching import Matching
from franka_imitation.learning.tasks import Tasks

FAR = 0.5


def make(dwell=(1, 2, 2), count=1):
    """Goals at x = 0, 1, 2 m."""
    goals = torch.zeros(count, 3, 7, dtype=torch.float64)
    goals[..., 0] = torch.tensor([0.0, 1.0, 2.0])
    goals[..., 6] = 1
    one = torch.ones(count, dtype=torch.float64)
    postures = torch.zeros(count, 1, 7, dtype=torch.float64)
    steps = torch.tensor([dwell] * count, dtype=torch.float64)
    tasks = Tasks(goals[:, 0], goals, steps, goals[:, 0], one, one, one, one, one, postures, postures)
    return Matching(TaskConfig(patience=1.0, slowness=2.0), tasks)


def at(x, count=1):
    pose = torch.zeros(count, 7, dtype=torch.float64)
    pose[:, 0], pose[:, 6] = x, 1
    return pose


def test_all_goals_can_be_matched_in_their_time():
    matching = make()
    assert not matching.started
    match = matching.step(at(0.02))
    assert match.advanced and matching.started and matching.goal == 1
    assert not matching.step(at(1.0)).advanced  # matched, but before its time
    assert matching.step(at(1.0)).advanced
    assert float(matching.fraction_matched) == pytest.approx(2 / 3)
    matching.step(at(2.0))
    match = matching.step(at(2.02))
    assert match.finished and not match.late
    assert float(matching.fraction_matched) == 1
    assert float(matching.error_sum[0, 0] / matching.due_count) == pytest.approx(0.04 / 3)


def test_a_goal_that_is_missed_holds_the_motion_up_and_its_error_counts_once():
    matching = make()
    matching.step(at(0.0))
    for _ in range(10):
        assert not matching.step(at(1 - FAR)).advanced
    assert float(matching.error_sum[0, 0]) == pytest.approx(FAR)
    assert float(matching.due_count) == 2
    assert matching.step(at(1.0)).advanced


def test_a_rotation_beyond_the_threshold_does_not_match():
    matching = make()
    pose = at(0.0)
    pose[:, 3:] = torch.tensor([0.0, 0.0, 0.16, 0.987])  # 0.32 rad
    match = matching.step(pose)
    assert match.position and not match.rotation and not match.advanced


def test_time_for_the_first_goal_and_for_the_motion_ends():
    matching = make(count=2)
    late = torch.zeros(2, dtype=torch.bool)
    steps = torch.zeros(2)
    for k in range(200):
        pose = at(FAR, 2)
        pose[1] = at(0.0)[0]
        now = matching.step(pose).late
        steps[now & ~late] = k
        late |= now
    assert late.all()
    assert steps[0] == 60  # one second of patience
    assert steps[1] == 2 * 5 + 60 + 1  # twice the demonstration and a second more


def test_velocities_of_the_goals_are_finite_differences():
    matching = make(dwell=(1, 6, 6))
    assert matching.current_velocity()[0].tolist() == pytest.approx([10.0, 0, 0, 0, 0, 0])


def test_eased_goals_are_matched_from_further_away_and_the_motion_ends_earlier():
    matching = make()
    matching.ease(tolerance=3.0, length=0.5)
    assert matching.length == 2
    assert matching.step(at(0.08)).advanced
    matching.step(at(1.0))
    assert matching.step(at(1.08)).finished
    matching = make()
    assert not matching.step(at(0.08)).advanced


def test_an_episode_can_begin_after_a_goal():
    matching = make(dwell=(1, 3, 4))
    matching.begin_at(torch.tensor([0]), torch.tensor([1]))
    assert matching.started and matching.goal == 2 and matching.matched == 2
    for _ in range(3):
        assert not matching.step(at(2.0)).advanced  # before its time
    assert matching.step(at(2.0)).finished
    matching = make(dwell=(1, 3, 4))
    matching.begin_at(torch.tensor([0]), torch.tensor([1]))
    late = [bool(matching.step(at(FAR)).late) for _ in range(80)]
    # twice the 8 steps of all goals and a second are allowed; 3 of them are over at goal 1
    assert late.index(True) == 2 * 8 + 60 - 3
