"""Another gripper on the arm: nothing but its file differs."""

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from franka_imitation.config import ImitationConfig
from franka_imitation.gripper_bounds import GripperBounds
from franka_imitation.imitate import imitate
from franka_imitation.robot import GripperShape, Robot
from franka_imitation.scene import build_scene
from rhov_core.errors import InputError, PlanningError
from rhov_core.object_model import ObjectModel

ROBOTIQ, PANDA = Robot.load("panda_2f85"), Robot.load("panda")
CONFIG = ImitationConfig(up_in_camera=(0.0, -1.0, 0.0), candidates=1, robot="panda_2f85")


@pytest.mark.parametrize("visual", [False, True])
def test_the_gripper_is_that_of_the_file(box, visual):
    scene = build_scene(ROBOTIQ, box, visual=visual)
    model, data = scene.model, mujoco.MjData(scene.model)
    hand = model.body("hand").id
    palm = [i for i in range(model.ngeom) if model.geom_bodyid[i] == hand]
    assert model.geom_size[palm] == pytest.approx(ROBOTIQ.gripper.shape.palm[:, 3:])
    scene.set_state(data, ROBOTIQ.ready, 0.05, np.eye(4))
    mujoco.mj_kinematics(model, data)
    pads = [data.geom(f"{side}_finger_pad") for side in ("left", "right")]
    thickness = 2 * ROBOTIQ.gripper.shape.pad[1]
    assert np.linalg.norm(pads[0].xpos - pads[1].xpos) == pytest.approx(0.05 + thickness)
    assert (pads[0].xpos + pads[1].xpos) / 2 == pytest.approx(data.site("tcp").xpos)


def test_the_franka_hand_keeps_its_meshes(box):
    model = build_scene(PANDA, box).model
    hand = model.body("hand").id
    assert [model.geom_type[i] for i in range(model.ngeom) if model.geom_bodyid[i] == hand] == [
        mujoco.mjtGeom.mjGEOM_MESH
    ]


def test_bounds_hold_the_palm_and_lie_behind_the_tool():
    for robot in (PANDA, ROBOTIQ):
        bounds = GripperBounds.of(robot)
        assert (bounds.corners[:, 2] < 0).all() and (bounds.probes[:, 2] < 0).all()
        assert np.abs(bounds.probes).max(axis=0) == pytest.approx(np.abs(bounds.corners).max(axis=0), abs=0.03)
    assert GripperBounds.of(ROBOTIQ).corners[:, 1].max() < GripperBounds.of(PANDA).corners[:, 1].max()


def test_it_carries_a_box(carried_box, box):
    result = imitate(carried_box, box, CONFIG)
    assert result.success
    assert result.plan.robot == "panda_2f85"
    assert result.report["position_error_m"] < 0.004


def test_it_takes_what_is_too_wide_for_the_franka_hand(carried_box):
    wide = ObjectModel.box([0.08, 0.12, 0.1], "wide", mass=0.3)
    with pytest.raises(PlanningError, match="80 mm wide"):
        imitate(carried_box, wide, replace(CONFIG, robot="panda"))
    assert imitate(carried_box, wide, CONFIG).plan.grasp_width == pytest.approx(0.08)


def test_boxes_without_size_are_refused():
    with pytest.raises(InputError, match="no size"):
        GripperShape(np.array([[0, 0, 0, 0.1, 0.1, 0.0]]), np.full(3, 0.01), np.full(3, 0.01))
