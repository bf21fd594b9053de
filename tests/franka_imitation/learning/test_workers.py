"""A simulator in another process gives the same numbers, and its end is noticed and explained."""

import ast
import os
import signal
import sys
from pathlib import Path
from xml.etree import ElementTree

import mujoco
import numpy as np
import pytest
import torch

from franka_imitation.learning import workers
from franka_imitation.learning.config import Randomisation, TaskConfig
from franka_imitation.learning.mujoco_backend import learning_scene
from franka_imitation.learning.simulator_config import SimulatorConfig
from franka_imitation.learning.worker_backend import WorkerBackend, WorkerError, shared_folder
from franka_imitation.learning.workplace_files import OBJECT, write_workplace
from rhov_core.errors import InputError

FOLDER = Path(workers.__file__).parent
WORKER = SimulatorConfig("mujoco_worker")


def observations(workshop, simulator):
    environment = workshop.environment(
        4, TaskConfig(patience=1.0), workshop.task, Randomisation(), seed=2, simulator=simulator
    )
    seen = [environment.reset()]
    for _ in range(75):  # some episodes end and begin anew
        seen.append(environment.step(environment.expert()).observation)
    return torch.stack(seen)


def started(command, patience=20.0):
    return WorkerBackend(command, shared_folder(), 2, start_patience=patience)


def test_numbers_of_a_worker_are_those_of_this_process(workshop):
    assert torch.equal(observations(workshop, WORKER), observations(workshop, SimulatorConfig()))


def test_a_worker_that_is_killed_is_told_with_its_signal(workshop):
    environment = workshop.environment(1, TaskConfig(), workshop.task, simulator=WORKER)
    worker = environment._backend
    folder = Path(worker._folder.name)
    os.kill(worker._process.pid, signal.SIGKILL)
    with pytest.raises(WorkerError, match="signal 9"):
        for _ in range(3):
            environment.step(torch.zeros(1, 8))
    assert not folder.exists()
    with pytest.raises(WorkerError, match="closed"):
        environment.step(torch.zeros(1, 8))


def test_a_worker_ends_with_its_backend(workshop):
    environment = workshop.environment(1, TaskConfig(), workshop.task, simulator=WORKER)
    process = environment._backend._process
    assert process.poll() is None
    environment._backend.close()
    assert process.returncode == 0


def test_what_a_worker_says_before_it_ends_is_shown():
    with pytest.raises(WorkerError, match=r"status 3(.|\n)*no graphics card"):
        started([sys.executable, "-c", "import sys; print('no graphics card'); sys.exit(3)"])


def test_a_worker_that_is_silent_is_ended():
    with pytest.raises(WorkerError, match="does not answer within 0 s"):
        started([sys.executable, "-c", "import time; time.sleep(60)"], patience=0.2)


def test_an_interpreter_without_isaac_gym_is_told(workshop):
    with pytest.raises(WorkerError, match="isaacgym"):
        workshop.environment(1, TaskConfig(), workshop.task, simulator=SimulatorConfig("isaac_gym", sys.executable))
    with pytest.raises(InputError, match="interpreter"):
        SimulatorConfig("isaac_gym", "/no/such/python")


@pytest.mark.parametrize("name", ["protocol.py", "isaac_gym_worker.py"])
def test_workers_need_nothing_of_rhov_and_an_old_python(name):
    tree = ast.parse((FOLDER / name).read_text(), feature_version=(3, 8))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    outside = {module.split(".")[0] for module in names} - set(sys.stdlib_module_names)
    assert outside <= {"numpy", "torch", "isaacgym", "protocol"}


def test_the_object_as_urdf_weighs_what_it_weighs_in_the_scene(workshop, tmp_path):
    scene = learning_scene(workshop.robot, workshop.object_model, 6)
    write_workplace(tmp_path, scene, workshop.object_model, 1, 6, 1)
    inertial = ElementTree.parse(tmp_path / OBJECT).find("link/inertial")
    assert float(inertial.find("mass").get("value")) == pytest.approx(workshop.object_model.mass)
    model = mujoco.MjModel.from_xml_path(str(tmp_path / OBJECT))  # a second reader of the file
    expected = np.sort(scene.model.body_inertia[scene.object_body])
    tensor = inertial.find("inertia")
    entry = {name: float(value) for name, value in tensor.items()}
    matrix = [
        [entry["ixx"], entry["ixy"], entry["ixz"]],
        [entry["ixy"], entry["iyy"], entry["iyz"]],
        [entry["ixz"], entry["iyz"], entry["izz"]],
    ]
    assert np.linalg.eigvalsh(matrix) == pytest.approx(expected, rel=1e-5)
    assert model.nmesh == len(workshop.object_model.convex_parts())
