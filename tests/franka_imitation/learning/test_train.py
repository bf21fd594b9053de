"""A tiny policy is trained end to end; it gets better, it is exported, and what it does can be replayed."""

import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rhov_msgs.action import Imitate
from std_msgs.msg import Header

from franka_imitation.config import ImitationConfig
from franka_imitation.learning import train as train_module
from franka_imitation.learning.config import NOTHING_RANDOM, Randomisation, TaskConfig
from franka_imitation.learning.dagger_config import DaggerConfig
from franka_imitation.learning.evaluation import evaluate
from franka_imitation.learning.imitate_with_policy import imitate_with_policy
from franka_imitation.learning.observation import GUIDED_SIZE
from franka_imitation.learning.policy import PLAN, PolicyNetwork
from franka_imitation.learning.train import (
    CHECKPOINTS,
    CURVES,
    REPORT,
    TrainConfig,
    Training,
    held_out_tasks,
    judged_episodes,
    train,
)
from franka_imitation.replay.steps import Grip, steps_of
from franka_imitation.robot import Robot
from franka_imitation.safety import JointMotion, SafetyChecks
from rhov_core.errors import InputError, PlanningError
from rhov_core.messages import trajectory_to_msg
from rhov_core.nodes import ThreadSafeActionClient
from rhov_core.object_model import ObjectModel

CONFIG = TrainConfig(
    imitation=ImitationConfig(up_in_camera=(0.0, -1.0, 0.0), candidates=1),
    randomisation=NOTHING_RANDOM,
    dagger=DaggerConfig(rounds=3, environments=12, steps=400, updates=300, batch=512),
    tasks=1,
    held_out=1,
)
TINY = replace(CONFIG, dagger=DaggerConfig(rounds=3, environments=2, steps=8, updates=5, batch=16))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, carried_box_result):
    """With the plan, so that it is not searched again."""
    folder = tmp_path_factory.mktemp("policy")
    carried_box_result.plan.save(folder / PLAN)
    return folder


@pytest.fixture(scope="module")
def training(folder, carried_box, box):
    return train(carried_box, box, folder, CONFIG)


@pytest.mark.slow
def test_training_makes_a_policy_that_does_the_task(training, workshop, folder):
    torch.manual_seed(5)
    untrained = PolicyNetwork(GUIDED_SIZE)
    environment = workshop.environment(2, TaskConfig(patience=6.0), workshop.task)

    def act(network):
        return evaluate(environment, lambda observation: network(observation).detach())

    before, after = act(untrained), act(training.policy.network)
    assert before.fraction_matched == 0
    assert after.fraction_matched >= 0.9
    assert after.total_reward > before.total_reward + 50
    losses = [entry["loss"] for entry in training.report["rounds"]]
    assert losses[-1] < losses[0]
    assert list((folder / CURVES).glob("events.out.tfevents.*"))
    assert (folder / REPORT).is_file() and not (folder / CHECKPOINTS).exists()


@pytest.mark.slow
def test_what_the_policy_does_can_be_replayed(training, folder, carried_box, box, tmp_path):
    result = imitate_with_policy(carried_box, box, folder, CONFIG.imitation)
    assert result.report["policy"]["fraction_matched"] >= 0.9
    assert result.report["fraction_matched"] >= 0.9
    plan = result.plan
    steps = steps_of(plan)
    assert [type(step) for step in steps].count(Grip) >= 2
    motion = JointMotion(plan.joint_names, plan.time, plan.q, plan.velocity)
    refusals = SafetyChecks(Robot.load("panda")).refusals(motion, measured=plan.q[0])
    assert [refusal.sentence for refusal in refusals] == []
    result.save(tmp_path)
    assert (tmp_path / "plan.npz").is_file()
    again = imitate_with_policy(carried_box, box, folder, CONFIG.imitation)
    assert np.array_equal(again.plan.q, plan.q)


@pytest.mark.slow
def test_a_finished_training_is_not_repeated(training, folder, carried_box, box, monkeypatch):
    monkeypatch.setattr(train_module, "collect", None)  # would fail
    again = train(carried_box, box, folder, CONFIG)
    assert again.report["held_out"] == training.report["held_out"]


@pytest.mark.slow
@pytest.mark.system
def test_the_node_does_the_same(training, folder, carried_box, box, shared_ros, tmp_path):
    box.save(tmp_path / "box.obj")
    command = [sys.executable, "-m", "franka_imitation.nodes.imitation", "--ros-args", "-r", "__ns:=/policy_test"]
    for parameter in ("video:=false", "method:=policy", f"policy_directory:={folder}"):
        command += ["-p", parameter]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        node = shared_ros.add(Node("policy_client", namespace="policy_test"))
        client = ThreadSafeActionClient(node, Imitate, "imitate", callback_group=ReentrantCallbackGroup())
        assert client.wait_for_server(60)
        message = trajectory_to_msg(carried_box, Header(), final=True)
        goal = Imitate.Goal(trajectory=message, mesh_file_path=str(tmp_path / "box.obj"))
        accepted = client.send_goal_async(goal)
        assert shared_ros.wait_for(accepted.done, 30)
        answer = accepted.result().get_result_async()
        assert shared_ros.wait_for(answer.done, 120)
    finally:
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0 and "Traceback" not in output, output
    result = answer.result().result
    plan = imitate_with_policy(carried_box, ObjectModel.load(tmp_path / "box.obj"), folder).plan
    assert list(result.gripper_widths) == pytest.approx(plan.gripper_width)
    sent = np.array([point.positions for point in result.joint_trajectory.points])
    assert sent == pytest.approx(plan.q, abs=1e-6)


def test_an_interrupted_training_ends_like_one_that_was_not(
    carried_box, box, carried_box_result, tmp_path, monkeypatch
):
    weights = []
    for name in ("whole", "interrupted"):
        out = tmp_path / name
        out.mkdir()
        carried_box_result.plan.save(out / PLAN)
        if name == "interrupted":
            collect = train_module.collect

            def stop(environment, network, config, number, seed, collect=collect):
                if number == 2:
                    raise KeyboardInterrupt
                return collect(environment, network, config, number, seed)

            with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
                patch.setattr(train_module, "collect", stop)
                train(carried_box, box, out, TINY)
            assert (out / CHECKPOINTS).is_dir()
        monkeypatch.setattr(train_module, "_judge", lambda policy, workshop, config: {})
        weights.append(train(carried_box, box, out, TINY).policy.network.state_dict())
    for name, value in weights[0].items():
        assert torch.equal(value, weights[1][name]), name


def test_a_policy_is_judged_on_its_own_motion_where_no_other_is_wanted(workshop):
    config = replace(CONFIG, held_out=0)
    tasks = held_out_tasks(workshop, config)
    assert torch.equal(tasks.goals, workshop.task.goals)
    assert judged_episodes(config, tasks, NOTHING_RANDOM) == 1  # all would be equal
    assert judged_episodes(config, tasks, Randomisation()) == 64
    figures = {"success_rate": 0.5, "success_low": 0.4, "success_high": 0.6, "fraction_matched": 0.0}
    report = {"held_out": {**figures, "episodes": 1}, "held_out_randomised": {**figures, "episodes": 64}}
    sentence = Training(None, report).sentence()
    assert sentence.startswith("On its own motion") and "50 % of 64 episodes" in sentence
    report["held_out"]["episodes"] = 32
    assert Training(None, report).sentence().startswith("In 32 episodes of new tasks")


@pytest.mark.parametrize("without", ["", "rotation"])
def test_a_reward_that_is_left_out_is_not_given(without, carried_box, box, carried_box_result, tmp_path, monkeypatch):
    monkeypatch.setattr(train_module, "_judge", lambda policy, workshop, config: {})
    given = {}

    def act_twice(network, environment, *_):
        environment.step(torch.zeros(environment.count, 8))
        environment.step(torch.zeros(environment.count, 8))
        given.update(environment.term_sums)
        return []

    monkeypatch.setattr(train_module, "_by_dagger", act_twice)
    carried_box_result.plan.save(tmp_path / PLAN)
    easy = TaskConfig(max_position_error=10.0, max_rotation_error=3.2, lost_distance=10.0)  # matched at once
    train(carried_box, box, tmp_path, replace(TINY, without=without, task=easy))
    assert given["imitation/position_bonus"] > 0
    assert (given["imitation/rotation_bonus"] == 0) == (without == "rotation")


def test_a_folder_with_another_training_is_refused(carried_box, box, carried_box_result, tmp_path, monkeypatch):
    monkeypatch.setattr(train_module, "_judge", lambda policy, workshop, config: {})
    carried_box_result.plan.save(tmp_path / PLAN)
    train(carried_box, box, tmp_path, TINY)
    with pytest.raises(InputError, match="seed"):
        train(carried_box, box, tmp_path, replace(TINY, seed=1))


def test_a_policy_that_cannot_do_it_is_told(carried_box, box, carried_box_result, tmp_path, monkeypatch):
    monkeypatch.setattr(train_module, "_judge", lambda policy, workshop, config: {})
    carried_box_result.plan.save(tmp_path / PLAN)
    train(carried_box, box, tmp_path, replace(TINY, task=TaskConfig(patience=1.0)))
    with pytest.raises(PlanningError, match="first pose"):
        imitate_with_policy(carried_box, box, tmp_path, TINY.imitation)
    with pytest.raises(InputError, match="fr3"):
        imitate_with_policy(carried_box, box, tmp_path, replace(TINY.imitation, robot="fr3"))
