"""Easier episodes: they begin with the object in the hand, and grow to the task as it is."""

import pytest
import torch

from franka_imitation.learning.config import Randomisation, TaskConfig
from franka_imitation.learning.curriculum import Curriculum, Difficulty
from franka_imitation.learning.guide import Stage
from franka_imitation.learning.poses import difference
from rhov_core.errors import InputError

COUNT = 12


@pytest.fixture(scope="module")
def environment(workshop):
    return workshop.environment(COUNT, TaskConfig(), workshop.task, Randomisation(), seed=3)


def test_errors_shrink_and_the_motion_grows_until_both_are_the_task_s():
    curriculum = Curriculum(held_starts=0.3, tolerance=3.0, length=0.2, until=0.5)
    assert curriculum.at(0.0) == Difficulty(3.0, pytest.approx(0.2), 0.3)
    assert curriculum.at(0.25) == Difficulty(2.0, pytest.approx(0.6), 0.3)
    assert curriculum.at(0.5) == curriculum.at(1.0) == Difficulty(1.0, 1.0, 0.3)
    assert Curriculum(tolerance=3.0, until=0.0).at(0.0) == Difficulty()
    assert Curriculum().at(0.0) == Difficulty()
    with pytest.raises(InputError):
        Curriculum(tolerance=0.5)


def test_episodes_begin_in_the_hand_at_different_goals_and_the_expert_goes_on_from_there(environment):
    environment.ease(Difficulty(held_starts=1.0))
    environment.reset()
    matching, goals = environment.matching, environment._tasks.goals
    assert matching.started.all() and (environment.guide.stage == Stage.FOLLOW).all()
    assert len(matching.goal.unique()) > 3
    rows = torch.arange(COUNT)
    last = goals[rows, matching.goal - 1]
    assert difference(last, environment.state.object_pose).norm(dim=-1).max() < 0.01
    assert torch.equal(matching.matched, matching.goal)
    ended = 0
    for _ in range(140):
        step = environment.step(environment.expert())
        assert step.ended.success.all()
        ended += len(step.ended.success)
    assert ended > COUNT  # nobody began at the first goal only


def test_half_of_the_episodes_begin_on_the_table(environment):
    environment.ease(Difficulty(held_starts=0.5))
    held = 0
    for _ in range(5):
        environment.reset()
        held += int(environment.matching.started.sum())
    assert 0.25 * 5 * COUNT < held < 0.75 * 5 * COUNT
    started = environment.matching.started
    heights = environment.state.object_pose[:, 2]
    assert heights[started].min() > heights[~started].max()
    assert (environment.guide.stage[~started] == Stage.APPROACH).all()


def test_without_it_nothing_random_changes(workshop):
    seen = []
    for difficulty in (None, Difficulty()):
        environment = workshop.environment(2, TaskConfig(), workshop.task, Randomisation(), seed=3)
        if difficulty is not None:
            environment.ease(difficulty)
        seen.append(environment.reset())
    assert torch.equal(*seen)


def test_a_short_motion_ends_early(environment):
    environment.ease(Difficulty(length=0.2, held_starts=1.0))
    environment.reset()
    goals = environment.matching.length
    assert goals == -(-workshop_goals(environment) // 5)
    assert int(environment.matching.goal.max()) < goals
    ends = [environment.step(environment.expert()).ended for _ in range(40)]
    fractions = torch.cat([end.fraction_matched for end in ends if end.success.any()])
    assert len(fractions) and fractions.numpy() == pytest.approx(goals / workshop_goals(environment))


def workshop_goals(environment):
    return environment._tasks.goals.shape[1]
