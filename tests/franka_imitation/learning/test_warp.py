"""MuJoCo Warp on the processor does what MuJoCo does; where it is missing, one sentence says how to install it."""

import sys

import pytest
import torch

from franka_imitation.learning.backend import ResetState
from franka_imitation.learning.config import TaskConfig
from franka_imitation.learning.mujoco_backend import MujocoBackend, learning_scene
from franka_imitation.learning.poses import difference
from franka_imitation.learning.simulator_config import SimulatorConfig
from franka_imitation.learning.warp_backend import WarpBackend
from rhov_core.errors import InputError, MissingDependencyError

COUNT, SUBSTEPS = 3, TaskConfig().substeps


def one(value, count=COUNT):
    return torch.full((count,), float(value), dtype=torch.float64)


@pytest.fixture(scope="module")
def pair(workshop):
    """The same workplaces in both. The kernels are compiled at first, for minutes on one core; Warp keeps them."""
    pytest.importorskip("mujoco_warp")
    scene = learning_scene(workshop.robot, workshop.object_model, SUBSTEPS)
    return MujocoBackend(scene, COUNT, substeps=SUBSTEPS), WarpBackend(scene, COUNT, substeps=SUBSTEPS, device="cpu")


def begin(workshop, height=0.0, count=COUNT):
    pose = workshop.task.start.repeat(count, 1)
    pose[:, 2] += height
    ready = torch.from_numpy(workshop.robot.ready.copy()).repeat(count, 1)
    factors = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)[:count]
    return ResetState(ready, one(0.08, count), pose, factors, 0.6 + 0.3 * (factors - 0.5))


def off(pair):
    """Largest differences: joints [rad], width [m], object [m] and [rad]."""
    ours, theirs = (backend.state() for backend in pair)
    apart = difference(ours.object_pose, theirs.object_pose)
    return [float(x.abs().max()) for x in (ours.q - theirs.q, ours.width - theirs.width, apart[:, :3], apart[:, 3:])]


@pytest.mark.slow
def test_arm_fingers_and_a_falling_object_move_as_in_mujoco(pair, workshop):
    for backend in pair:
        backend.reset(torch.arange(COUNT), begin(workshop, height=0.05))
    target = begin(workshop).q
    target[:, 3] += 0.1
    for _ in range(30):
        for backend in pair:
            backend.step(target, one(0.03), one(40))
    joints, width, position, rotation = off(pair)
    assert joints < 1e-4 and width < 1e-5
    assert position < 1e-3 and rotation < 0.02  # it came down on edges


@pytest.mark.slow
def test_a_workplace_begins_anew_alone_and_with_its_own_mass(pair, workshop):
    for backend in pair:
        backend.reset(torch.arange(COUNT), begin(workshop))
        backend.step(begin(workshop).q + 0.05, one(0.06), one(40))
    moved = pair[1].state().q
    for backend in pair:
        backend.reset(torch.tensor([1]), begin(workshop, count=1))
    now = pair[1].state().q
    assert torch.equal(now[[0, 2]], moved[[0, 2]]) and not torch.equal(now[1], moved[1])
    ratio = pair[1]._mass[:, pair[1]._object] / pair[1]._plain_mass
    assert torch.allclose(ratio, torch.tensor([0.5, 0.5, 2.0]))
    for name in ("body_invweight0", "dof_invweight0", "body_subtreemass"):  # what follows from the masses
        ours = pair[0].workplaces._batch.expand(name)
        theirs = pair[1]._tensor(getattr(pair[1]._model, name)).numpy()
        assert theirs.reshape(ours.shape) == pytest.approx(ours, rel=1e-3, abs=1e-6), name


@pytest.mark.slow
def test_the_expert_takes_the_object_there_too(workshop):
    pytest.importorskip("mujoco_warp")
    simulator = SimulatorConfig("mujoco_warp")
    environment = workshop.environment(1, TaskConfig(observation="paper"), workshop.task, simulator=simulator)
    start = float(environment.state.object_pose[0, 2])
    for _ in range(300):
        environment.step(environment.expert())
        if environment.matching.goal[0] > 3:
            break
    assert environment.matching.goal[0] > 3
    assert float(environment.state.object_pose[0, 2]) > start + 0.03


@pytest.mark.slow
def test_a_device_that_is_not_there_is_refused(workshop):
    pytest.importorskip("mujoco_warp")
    scene = learning_scene(workshop.robot, workshop.object_model, SUBSTEPS)
    with pytest.raises(InputError, match="cuda:9"):
        WarpBackend(scene, 1, substeps=SUBSTEPS, device="cuda:9")


def test_without_warp_one_sentence_says_what_to_install(workshop, monkeypatch):
    monkeypatch.setitem(sys.modules, "mujoco_warp", None)
    with pytest.raises(MissingDependencyError, match=r"gpu\.txt"):
        workshop.environment(1, TaskConfig(), workshop.task, simulator=SimulatorConfig("mujoco_warp"))
