"""The Franka Research 3 with its own links and limits: the same trajectory, planned and replayed."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from scipy.spatial import ConvexHull

from franka_imitation.arm_model import arm_spec, panda_model_path
from franka_imitation.config import ImitationConfig
from franka_imitation.imitate import imitate
from franka_imitation.kinematics import Kinematics
from franka_imitation.replay import ReplayConfig, replay_in_simulation
from franka_imitation.robot import Robot
from franka_imitation.scene import build_scene
from rhov_core.errors import InputError

FR3, PANDA = Robot.load("fr3"), Robot.load("panda")
FOLDER = panda_model_path().parents[1] / "fr3"


def test_it_has_its_own_masses_and_shapes(box):
    ours, other = (build_scene(robot, box).model for robot in (FR3, PANDA))
    masses = np.array([[model.body(f"link{i}").mass[0] for i in range(8)] for model in (ours, other)])
    assert masses[0].sum() == pytest.approx(17.89, abs=0.01)
    assert (np.abs(masses[0] - masses[1]) > 0.05).all()
    number = int(ours.geom("fr3_link2_collision").dataid[0])
    first, count = ours.mesh_vertadr[number], ours.mesh_vertnum[number]
    hull = ConvexHull(ours.mesh_vert[first : first + count])
    assert hull.volume == pytest.approx(trimesh.load(FOLDER / "link2.stl").convex_hull.volume, rel=1e-3)
    for i in range(8):
        assert ours.body(f"link{i}").inertia.min() > 0


def test_its_tool_is_where_that_of_the_panda_is(box):
    q = np.random.default_rng(0).uniform(-1, 1, (20, 7)) + FR3.ready
    tools = [Kinematics(build_scene(robot, box)).forward(q) for robot in (FR3, PANDA)]
    np.testing.assert_allclose(tools[0], tools[1], atol=1e-6)


def test_the_same_trajectory_is_planned_and_replayed(box, carried_box):
    config = ImitationConfig(robot="fr3", up_in_camera=(0.0, -1.0, 0.0), candidates=1)
    result = imitate(carried_box, box, config)
    assert result.plan.joint_names == FR3.joint_names and result.report["success"]
    outcome = replay_in_simulation(result, box, ReplayConfig(feedback=False))
    fraction, position, rotation = outcome.figures()
    assert outcome.success and fraction >= 0.95 and position < 0.005 and rotation < 0.03


def test_a_model_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="fr3"):
        arm_spec(replace(FR3, model="ur5"))


def test_its_files_carry_their_licence():
    assert "Apache License" in (FOLDER / "LICENSE").read_text()
    assert "franka_description" in (FOLDER / "NOTICE").read_text()
