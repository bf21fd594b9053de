"""The simulated workplaces: physics, observations, the expert, failures."""

from dataclasses import replace

import pytest
import torch
from std_msgs.msg import Header

from franka_imitation.config import ImitationConfig
from franka_imitation.learning.backend import ResetState
from franka_imitation.learning.config import NOTHING_RANDOM, Randomisation, TaskConfig
from franka_imitation.learning.evaluation import evaluate, wilson
from franka_imitation.learning.mujoco_backend import MujocoBackend, learning_scene
from franka_imitation.learning.observation import GUIDED_SIZE, PAPER_SIZE
from franka_imitation.learning.poses import difference, pose_tensor
from franka_imitation.learning.workshop import Workshop
from rhov_core.messages import trajectory_from_msg, trajectory_to_msg

COUNT = 3
SUBSTEPS = TaskConfig().substeps


def one(value, count=COUNT):
    return torch.full((count,), float(value), dtype=torch.float64)


def scene(workshop):
    return learning_scene(workshop.robot, workshop.object_model, SUBSTEPS)


@pytest.fixture
def backend(workshop):
    return MujocoBackend(scene(workshop), COUNT, substeps=SUBSTEPS, threads=2)


@pytest.fixture
def begin(workshop):
    ready = torch.from_numpy(workshop.robot.ready.copy())
    return ResetState(
        ready.repeat(COUNT, 1),
        one(0.08),
        workshop.task.start.repeat(COUNT, 1),
        torch.tensor([0.5, 1, 2]).double(),
        one(1),
    )


def test_the_object_rests_and_the_arm_goes_where_it_is_sent(backend, begin):
    backend.reset(torch.arange(COUNT), begin)
    target = begin.q.clone()
    target[1, 3] += 0.1
    for _ in range(120):
        backend.step(target, one(0.08), one(40))
    state = backend.state()
    assert torch.allclose(state.q, target, atol=2e-3)
    assert torch.allclose(state.object_pose[:, :3], begin.object_pose[:, :3], atol=1e-3)
    assert state.object_velocity.abs().max() < 1e-3
    assert torch.allclose(state.width, one(0.08), atol=1e-3)


def test_fingers_close_at_the_grippers_speed(backend, begin, workshop):
    backend.reset(torch.arange(COUNT), begin)
    for _ in range(18):
        backend.step(begin.q, one(0.0), one(40))
    expected = 0.08 - workshop.robot.gripper.max_speed * 18 / 60
    assert torch.allclose(backend.state().width, one(expected), atol=4e-3)


def test_joints_that_turn_against_each_other_come_to_rest(backend, begin):
    q = begin.q.clone()
    q[:, 1], q[:, 3] = 0.1, -2.2  # the axes of joints 1 and 3 are nearly parallel
    backend.reset(torch.arange(COUNT), replace(begin, q=q))
    target = q.clone()
    target[:, 0] += 0.15
    target[:, 2] -= 0.15
    for _ in range(60):
        backend.step(target, one(0.08), one(40))
    state = backend.state()
    assert torch.allclose(state.q, target, atol=5e-3)
    assert state.velocity.abs().max() < 0.05


def test_workplaces_do_not_depend_on_each_other_or_on_threads(workshop, backend, begin):
    alone = MujocoBackend(scene(workshop), 1, substeps=SUBSTEPS)
    backend.reset(torch.arange(COUNT), begin)
    alone.reset(torch.arange(1), ResetState(*(getattr(begin, name)[2:] for name in begin.__dataclass_fields__)))
    target = begin.q + 0.2
    for _ in range(30):
        backend.step(target, one(0.02), one(40))
        alone.step(target[2:], one(0.02)[2:], one(40)[2:])
    for name in backend.state().__dataclass_fields__:
        assert torch.equal(getattr(backend.state(), name)[2:], getattr(alone.state(), name))


def test_velocities_are_those_of_the_base_frame(backend, begin):
    """A box that is dropped tilted tumbles: its spin is that of its pose, whatever its orientation."""
    tilted = replace(begin, object_pose=begin.object_pose.clone())
    tilted.object_pose[:, 2] += 0.1
    tilted.object_pose[:, 3:] = torch.tensor([0.5, 0.1, 0.3, 0.7]) / (0.84**0.5)
    backend.reset(torch.arange(COUNT), tilted)
    wrong = []
    for _ in range(30):
        last = backend.state()
        backend.step(begin.q, one(0.08), one(40))
        now = backend.state()
        moved = 60 * difference(now.object_pose, last.object_pose)[0, 3:]
        spin = (now.object_velocity + last.object_velocity)[0, 3:] / 2
        if moved.norm() > 1:
            wrong.append(float((moved - spin).norm() / moved.norm()))
    assert len(wrong) >= 5
    assert sorted(wrong)[len(wrong) // 2] < 0.2


@pytest.mark.parametrize(("kind", "size"), [("paper", PAPER_SIZE), ("guided", GUIDED_SIZE)])
def test_observations_have_their_size_and_begin_with_the_paper_s(workshop, kind, size):
    environment = workshop.environment(2, TaskConfig(observation=kind), workshop.task)
    observation = environment.reset()
    assert observation.shape == (2, size)
    assert observation.dtype == torch.float32
    assert observation.isfinite().all()
    assert torch.allclose(observation[:, :7], torch.tensor(workshop.robot.ready).float().repeat(2, 1))
    goals, task = slice(25, 28), workshop.task
    to_goal = 5 * (task.goals[0, 0, :3] - task.start[0, :3])
    assert torch.allclose(observation[:, 19:22].double(), to_goal.repeat(2, 1), atol=1e-3)
    assert torch.allclose(observation[:, goals].double(), 2 * task.goals[:, 0, :3].repeat(2, 1), atol=1e-6)


def test_the_expert_carries_the_box_through_all_goals(workshop):
    environment = workshop.environment(2, TaskConfig(), workshop.task)
    result = evaluate(environment, lambda observation: environment.expert())
    assert result.success_rate == 1
    assert result.fraction_matched == 1
    assert result.position_error < 0.005
    assert result.rotation_error < 0.03


def test_the_expert_succeeds_with_other_starts_masses_frictions_noise_and_delay(workshop):
    tasks = workshop.tasks(4, seed=3)
    assert len(tasks) == 4
    assert not torch.allclose(tasks.goals[1], tasks.goals[2])
    environment = workshop.environment(8, TaskConfig(), tasks, Randomisation(), seed=1)
    assert evaluate(environment, lambda observation: environment.expert()).success_rate >= 0.75


def test_doing_nothing_is_a_failure_when_time_is_over(workshop):
    environment = workshop.environment(2, TaskConfig(patience=1.0), workshop.task)
    environment.reset()
    for k in range(61):
        step = environment.step(torch.zeros(2, 8))
        assert bool(step.done.any()) == (k == 60)
    assert step.timed_out.all()
    assert not step.ended.success.any()
    assert (step.ended.fraction_matched == 0).all()
    assert step.ended.position_error.isnan().all()


def test_an_object_that_is_lost_ends_the_episode(workshop):
    environment = workshop.environment(1, TaskConfig(), workshop.task)
    environment.reset()
    step = None
    for _ in range(700):
        action = environment.expert()
        if environment.matching.goal[0] > 5:
            action[:, 7] = 1.0  # lets go
        step = environment.step(action)
        if step.done.any():
            break
    assert step.done.all()
    assert not step.ended.success.any()
    assert 0.05 < float(step.ended.fraction_matched) < 1


def test_the_same_seed_gives_the_same_episodes_and_another_seed_others(workshop):
    def observations(seed):
        environment = workshop.environment(2, TaskConfig(), workshop.task, Randomisation(), seed=seed)
        seen = [environment.reset()]
        for _ in range(5):
            seen.append(environment.step(environment.expert()).observation)
        return torch.stack(seen)

    assert torch.equal(observations(1), observations(1))
    assert not torch.equal(observations(1), observations(2))


def test_actions_take_effect_late_where_a_delay_is_drawn(workshop):
    late = replace(NOTHING_RANDOM, delay=1)
    environment = workshop.environment(16, TaskConfig(), workshop.task, late)
    environment.reset()
    environment.step(torch.ones(16, 8))
    moved = environment.state.velocity.abs().amax(-1) > 0.05
    assert moved.any() and not moved.all()


def test_numbers_that_are_not_finite_do_no_harm(workshop):
    environment = workshop.environment(1, TaskConfig(), workshop.task)
    environment.reset()
    step = environment.step(torch.full((1, 8), torch.nan))
    assert step.observation.isfinite().all()


def test_goals_as_tensors_are_those_of_the_plan(workshop):
    assert torch.allclose(workshop.task.goals[0], pose_tensor(workshop.goals))
    assert workshop.task.dwell[0, 1:].sum() == pytest.approx(60 * 59 / 30 * workshop.plan.slowdown, abs=2)


def test_a_trajectory_that_came_as_a_message_gives_the_same_goals(workshop, carried_box, box, carried_box_result):
    received = trajectory_from_msg(trajectory_to_msg(carried_box, Header(), final=True))
    assert (received.stamp != carried_box.stamp).any()
    again = Workshop(received, box, carried_box_result.plan, ImitationConfig())
    assert torch.equal(again.task.goals, workshop.task.goals)
    assert torch.equal(again.task.dwell, workshop.task.dwell)


def test_intervals_of_rates_are_wilson_s():
    assert wilson(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-3)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-3)
