import numpy as np
import pytest

from franka_imitation.collision import CollisionChecker
from franka_imitation.grasps import find_grasps
from franka_imitation.gripper_bounds import GripperBounds
from franka_imitation.kinematics import Kinematics
from franka_imitation.robot import Robot
from franka_imitation.scene import build_scene
from franka_imitation.shape import ConvexShape
from franka_imitation.start_pose import pickable
from franka_imitation.table_grasps import fitted_to_table
from rhov_core.object_model import ObjectModel
from rhov_core.pose import exp_rotation, make_transform

ROBOT = Robot.load("panda")
GRIPPER = GripperBounds.of(ROBOT)
DOWN = np.diag([1.0, -1.0, -1.0])
ON_TABLE = make_transform(np.eye(3), np.array([0.0, 0.0, 0.008]))
"""Of a plate of 16 mm whose frame is in its middle."""


def grasp(height, tilt=0.0):
    """From above, with the tool centre point at a height over the plate's middle and the closing axis inclined."""
    return make_transform(exp_rotation([tilt, 0.0, 0.0]) @ DOWN, np.array([0.0, 0.0, height]))


def fitted(T, opening=0.05):
    return fitted_to_table(T[None], np.array([opening]), ON_TABLE, GRIPPER)[0]


def test_fingers_that_would_touch_the_table_are_raised():
    assert not pickable(grasp(0.002)[None], np.array([0.05]), ON_TABLE[None], GRIPPER)[0]
    raised = fitted(grasp(0.002))
    assert pickable(raised[None], np.array([0.05]), ON_TABLE[None], GRIPPER)[0]
    assert raised[:3, :3] == pytest.approx(DOWN)
    assert 0.002 < raised[2, 3] < 0.002 + 0.007  # the pads still reach what they should hold


def test_an_inclined_closing_axis_is_made_level():
    level = fitted(grasp(0.004, 0.1))
    assert (ON_TABLE @ level)[2, 1] == pytest.approx(0.0, abs=1e-9)
    assert pickable(level[None], np.array([0.05]), ON_TABLE[None], GRIPPER)[0]


@pytest.mark.parametrize(
    "as_given", [grasp(0.02), grasp(-0.006), grasp(0.004, 0.4)], ids=["high enough", "too low", "too inclined"]
)
def test_other_grasps_stay_as_they_are(as_given):
    assert np.array_equal(fitted(as_given), as_given)


@pytest.mark.parametrize("roll", [0.0, 0.7])
def test_a_plate_on_the_table_can_be_taken_up(roll):
    """However its frame lies in it, and although the pads are longer than it is thick."""
    plate = ObjectModel.box([0.13, 0.07, 0.016], "plate")
    turned = ObjectModel.from_mesh(plate.vertices @ exp_rotation([roll, 0, 0]).T, plate.faces, name="plate")
    scene = build_scene(ROBOT, turned)
    standing = make_transform(exp_rotation([-roll, 0, 0]), ON_TABLE[:3, 3])[None]
    checker, shape = CollisionChecker(scene, 0.005), ConvexShape.of(turned)
    grasps = find_grasps(shape, standing, Kinematics(scene), checker, ROBOT, 0.003, 0)
    assert len(grasps) >= 10
    assert pickable(grasps.T_object_tcp, grasps.opening, standing, GRIPPER).all()
    tools = standing @ grasps.T_object_tcp
    assert (tools[:, 2, 3] - GRIPPER.tip[2] < 0.014).all()  # the pads' front is below the plate's upper side
