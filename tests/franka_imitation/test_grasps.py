import numpy as np
import pytest

from franka_imitation.collision import CollisionChecker
from franka_imitation.config import ImitationConfig
from franka_imitation.grasps import _lever, find_grasps
from franka_imitation.grip import GRAVITY, SURE, grip_force, refuse_heavy
from franka_imitation.gripper_bounds import GripperBounds
from franka_imitation.kinematics import Kinematics
from franka_imitation.resting import resting_poses
from franka_imitation.robot import Robot
from franka_imitation.scene import build_scene
from franka_imitation.shape import ConvexShape
from franka_imitation.start_pose import pickable
from rhov_core.errors import PlanningError
from rhov_core.object_model import ObjectModel
from rhov_core.pose import inverse

ROBOT = Robot.load("panda")
DEMO_BOX = (0.258, 0.189, 0.075)


def search(model, clearance=0.003, seed=0):
    scene = build_scene(ROBOT, model)
    checker = CollisionChecker(scene, 0.005)
    kinematics = Kinematics(scene)
    shape = ConvexShape.of(model)
    standing = np.array([pose.T_table_object for pose in resting_poses(shape)])
    grasps = find_grasps(shape, standing, kinematics, checker, ROBOT, clearance, seed)
    return grasps, checker, kinematics


@pytest.fixture(scope="module")
def found():
    return search(ObjectModel.box(DEMO_BOX, mass=0.45))


def test_a_box_that_just_fits_is_grasped_across_its_thin_side(found):
    grasps, _, _ = found
    assert len(grasps) > 50
    assert grasps.width == pytest.approx(0.075)
    closing = grasps.T_object_tcp[:, :3, 1]
    assert np.abs(closing[:, 2]) == pytest.approx(1)


def test_pads_touch_opposite_sides(found):
    grasps, _, _ = found
    shape = ConvexShape.of(ObjectModel.box(DEMO_BOX))
    for side in (1, -1):
        skin = grasps.T_object_tcp[:, :3, 3] + side * (grasps.width / 2)[:, None] * grasps.T_object_tcp[:, :3, 1]
        outwards = side * 1e-4 * grasps.T_object_tcp[:, :3, 1]
        assert shape.contains(skin - outwards).all()
        assert not shape.contains(skin + outwards).any()


def test_the_open_hand_is_free_at_the_grasp(found):
    grasps, checker, kinematics = found
    q = kinematics.rest
    T_base_tcp = kinematics.forward(q[None])[0]
    for grasp in grasps.T_object_tcp[::10]:
        assert checker.hand_is_free(grasp, T_base_tcp, q, 0.08)
        deeper = grasp.copy()
        deeper[:3, 3] += 0.045 * grasp[:3, 2]
        assert not checker.hand_is_free(deeper, T_base_tcp, q, 0.08)


def test_the_order_is_that_of_the_cost(found):
    grasps, _, _ = found
    assert (np.diff(grasps.cost) >= 0).all()
    assert grasps.lever[0] < grasps.lever.max()


def test_the_same_question_has_the_same_answer(found):
    again, _, _ = search(ObjectModel.box(DEMO_BOX, mass=0.45))
    assert np.array_equal(again.T_object_tcp, found[0].T_object_tcp)


def test_frames_are_right_handed_rotations(found):
    rotations = found[0].T_object_tcp[:, :3, :3]
    assert np.linalg.det(rotations) == pytest.approx(1)
    assert inverse(found[0].T_object_tcp) @ found[0].T_object_tcp == pytest.approx(
        np.eye(4)[None].repeat(len(rotations), 0)
    )


def test_a_wide_object_is_refused_with_both_widths():
    with pytest.raises(PlanningError, match=r"90 mm wide.*77 mm"):
        search(ObjectModel.box([0.1, 0.12, 0.09]))


def test_the_clearance_counts():
    with pytest.raises(PlanningError, match="70 mm"):
        search(ObjectModel.box(DEMO_BOX), clearance=0.01)


def test_a_heavy_object_is_refused_with_mass_and_limit():
    with pytest.raises(PlanningError, match=r"4\.20 kg.*3 kg"):
        refuse_heavy(ObjectModel.box([0.05, 0.05, 0.05], mass=4.2), ROBOT, ImitationConfig())


def test_a_slippery_object_is_refused_with_the_force():
    slippery = ObjectModel.from_mesh(*mesh_of(ObjectModel.box([0.05] * 3)), name="ice", mass=1.0, friction=0.05)
    with pytest.raises(PlanningError, match=r"friction coefficient of 0\.05.*147 N.*70 N"):
        refuse_heavy(slippery, ROBOT, ImitationConfig())


def mesh_of(model):
    return model.vertices, model.faces


def test_the_grip_bears_the_weight_and_its_lever():
    model = ObjectModel.box([0.05] * 3, mass=1.0)
    assert 2 * model.friction * grip_force(model, 0.0) == pytest.approx(1.5 * GRAVITY)
    assert grip_force(model, 0.05) > 3 * grip_force(model, 0.0)


def test_a_low_object_is_grasped_so_that_the_hand_stays_above_the_table():
    angle = (np.arange(24) + 0.5) * np.pi / 12  # with faces to the sides
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1) * 0.018
    ends = [np.concatenate([np.full((24, 1), x), ring], axis=1) for x in (-0.05, 0.05)]
    rod = ConvexShape([np.concatenate(ends)])
    lying = np.eye(4)
    lying[2, 3] = 0.018
    model = ObjectModel.box([0.1, 0.036, 0.036], "rod")
    scene = build_scene(ROBOT, model)
    checker = CollisionChecker(scene, 0.005)
    grasps = find_grasps(rod, lying[None], Kinematics(scene), checker, ROBOT, 0.003, 0)
    usable = pickable(grasps.T_object_tcp, grasps.opening, lying[None], GripperBounds.of(ROBOT))
    assert usable.sum() > 20
    assert usable[:20].all()


def test_weight_beside_the_closing_axis_and_weight_outside_the_fingers_are_levers():
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * 0.02
    shape = ConvexShape([corners])
    frames = np.repeat(np.eye(4)[None], 3, axis=0)
    frames[1, 0, 3], frames[2, 1, 3] = 0.03, 0.09  # the fingers close along y
    assert _lever(shape, frames, np.full(3, 0.02)) == pytest.approx([0, 0.03, 0.08], abs=1e-9)


def test_the_chosen_force_bears_more_than_what_is_refused():
    model = ObjectModel.box([0.04, 0.06, 0.1], mass=1.0)
    assert grip_force(model, 0.02, SURE) == pytest.approx(2 * grip_force(model, 0.02))
