"""The expert that remembers nothing: it does the task, and equal moments get equal answers."""

import pytest
import torch

from franka_imitation.learning.backend import ResetState
from franka_imitation.learning.config import Randomisation, TaskConfig
from franka_imitation.learning.evaluation import evaluate
from franka_imitation.learning.joint_way import JointWay

PAPER = TaskConfig(observation="paper")


def test_it_carries_the_box_through_all_goals(workshop):
    environment = workshop.environment(1, PAPER, workshop.task)
    result = evaluate(environment, lambda observation: environment.expert())
    assert result.success_rate == 1
    assert result.position_error < 0.01
    assert result.rotation_error < 0.05


@pytest.mark.slow
def test_it_succeeds_with_other_starts_masses_frictions_noise_and_delay(workshop):
    environment = workshop.environment(12, PAPER, workshop.task, Randomisation(), seed=1)
    assert evaluate(environment, lambda observation: environment.expert()).success_rate >= 0.9


def test_its_answer_does_not_depend_on_what_was_before(workshop):
    """Two simulations with different pasts are put into one state: from then on they get the same answers."""
    tool_down = workshop.task.approach[:, -1]
    begin = ResetState(tool_down, workshop.task.opening, workshop.task.start, *(torch.ones(2, 1).double()))
    answers = []
    for steps in (0, 60):
        environment = workshop.environment(1, PAPER, workshop.task)
        for _ in range(steps):
            environment.step(environment.expert())
        environment._backend.reset(torch.arange(1), begin)
        answers.append([])
        for _ in range(3):
            environment.step(torch.zeros(1, 8))
            answers[-1].append(environment.expert())
    assert torch.equal(torch.cat(answers[0]), torch.cat(answers[1]))


def test_fingers_that_hold_nothing_open_and_the_arm_goes_up(workshop):
    environment = workshop.environment(1, PAPER, workshop.task)
    for _ in range(90):  # on the way, with closed fingers
        environment.step(torch.tensor([[0.0] * 7 + [-1.0]]))
    height = environment.arm.forward(environment.state.q)[0, 2]
    assert environment.state.width[0] < workshop.task.opening[0] - 0.01
    action = environment.expert()
    assert action[0, 7] == 1
    environment.step(action)
    environment.step(environment.expert())
    for _ in range(3):
        environment.step(environment.expert())
    assert environment.arm.forward(environment.state.q)[0, 2] > height + 0.002


def test_a_way_is_taken_up_from_anywhere_and_leads_to_its_end():
    corners = torch.zeros(2, 3, 7, dtype=torch.float64)
    corners[:, 1, 0], corners[:, 2, 0], corners[:, 2, 1] = 1.0, 1.0, 1.0
    corners[1] += 0.5
    way = JointWay(corners)
    index = torch.tensor([0, 1])
    q = torch.zeros(2, 7, dtype=torch.float64)
    q[:, 0], q[:, 1], q[:, 2] = 0.4, -0.1, 0.2
    q[1] += 0.5
    delta = way.ahead(q, index)
    assert torch.allclose(delta[:, 0], torch.full((2,), 0.25).double())  # on along the first leg
    assert torch.allclose(delta[:, 1:3], torch.tensor([[0.1, -0.2]] * 2).double())  # and back to it
    for _ in range(60):
        q = q + 0.2 * way.ahead(q, index)
    assert torch.allclose(q, corners[:, 2], atol=1e-3)
