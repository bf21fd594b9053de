import mujoco
import numpy as np
import pytest

from franka_imitation.arm_model import panda_model_path
from franka_imitation.robot import Robot, robot_names
from franka_imitation.scene import GHOST_BODY, OBJECT_BODY, build_scene, object_poses
from franka_imitation.simulator import Simulator
from rhov_core.object_model import ObjectModel
from rhov_core.pose import exp_rotation, make_transform, rotation_angle

ON_TABLE = make_transform(np.eye(3), [0.5, 0.0, 0.05])


@pytest.fixture(scope="module")
def simulator(box):
    return Simulator(build_scene(Robot.load("panda"), box))


def pad_force(simulator):
    """Normal force of the left pad on the object [N]."""
    model, data = simulator.scene.model, simulator.data
    pad, total, force = model.geom("left_finger_pad").id, 0.0, np.zeros(6)
    for i, contact in enumerate(data.contact):
        bodies = {int(model.geom_bodyid[g]) for g in contact.geom}
        if pad in contact.geom and simulator.scene.object_body in bodies:
            mujoco.mj_contactForce(model, data, i, force)
            total += force[0]
    return total


@pytest.mark.parametrize("name", robot_names())
def test_the_model_has_the_limits_of_its_robot(box, name):
    robot = Robot.load(name)
    scene = build_scene(robot, box)
    assert scene.model.jnt_range[:7] == pytest.approx(np.stack([robot.limits.lower, robot.limits.upper], axis=1))
    assert scene.model.body_mass[scene.object_body] == pytest.approx(box.mass)


def test_the_robot_model_carries_its_licence():
    folder = panda_model_path().parent
    assert "Apache License" in (folder / "LICENSE").read_text()
    assert "simplified" in (folder / "NOTICE").read_text()


def test_nothing_moves_without_a_command(simulator):
    ready = simulator.scene.robot.ready
    simulator.reset(ready, ON_TABLE)
    simulator.step(1.0)
    assert simulator.q == pytest.approx(ready, abs=1e-4)
    assert simulator.T_table_object == pytest.approx(ON_TABLE, abs=1e-3)


def test_the_arm_follows_without_lag(simulator):
    ready = simulator.scene.robot.ready
    simulator.reset(ready, ON_TABLE)
    time = np.arange(0, 2, 0.002)
    q = ready + 0.25 * np.sin(np.pi * time)[:, None] ** 2
    velocity = np.gradient(q, time, axis=0)
    errors = []
    for k in range(len(time) - 1):
        simulator.command(q[k + 1], velocity[k + 1], 0.08)
        simulator.step(0.002)
        errors.append(np.abs(simulator.q - q[k + 1]).max())
    assert np.abs(velocity).max() > 0.7
    assert max(errors) < 0.004


@pytest.fixture(scope="module")
def grasped(simulator):
    """The box between the fingers, 30 cm above the table, held for some seconds with 40 N."""
    robot = simulator.scene.robot
    simulator.reset(robot.ready, ON_TABLE)
    tool = simulator.data.site_xpos[simulator.scene.tcp_site], simulator.data.site_xmat[simulator.scene.tcp_site]
    T_tool = make_transform(tool[1].reshape(3, 3).copy(), tool[0].copy())
    turn = np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, -1]])  # the 4 cm side between the fingers
    T_held = T_tool @ make_transform(turn, [0, 0, 0.03])
    simulator.reset(robot.ready, T_held, width=0.045)
    samples = []
    for _ in range(400):
        simulator.command(robot.ready, np.zeros(7), 0.02, force=40.0)
        simulator.step(0.01)
        samples.append(simulator.data.qpos.copy())
    return object_poses(np.array(samples)), pad_force(simulator), simulator.width


def test_the_fingers_press_with_the_asked_force(grasped):
    assert grasped[1] == pytest.approx(40.0, rel=0.1)


def test_a_held_object_does_not_creep(grasped):
    poses, _, _ = grasped
    drift = poses[-1] @ np.linalg.inv(poses[100])
    assert np.linalg.norm(poses[-1, :3, 3] - poses[100, :3, 3]) < 1e-3
    assert rotation_angle(drift[:3, :3]) < 0.01


def test_pads_do_not_sink_in(grasped):
    assert grasped[2] == pytest.approx(0.04, abs=5e-4)


def test_a_slow_gripper_is_slow(simulator):
    simulator.reset(simulator.scene.robot.ready, ON_TABLE)
    for _ in range(50):
        simulator.command(simulator.scene.robot.ready, np.zeros(7), 0.0, speed=0.02)
        simulator.step(0.01)
    assert simulator.width == pytest.approx(0.07, abs=0.002)


def test_the_state_holds_the_pose_of_the_object(simulator):
    T = make_transform(exp_rotation([0.3, -0.5, 1.0]), [0.4, 0.1, 0.3])
    data = mujoco.MjData(simulator.scene.model)
    simulator.scene.set_state(data, simulator.scene.robot.ready, 0.05, T)
    mujoco.mj_kinematics(simulator.scene.model, data)
    assert object_poses(data.qpos) == pytest.approx(T, abs=1e-9)
    assert data.body(OBJECT_BODY).xpos == pytest.approx(T[:3, 3])


def test_visuals_do_not_change_the_physics():
    box = ObjectModel.box([0.05, 0.05, 0.1])
    plain, seen = (build_scene(Robot.load("panda"), box, visual=visual) for visual in (False, True))
    assert seen.model.nq == plain.model.nq
    assert seen.model.body_mass[seen.object_body] == pytest.approx(plain.model.body_mass[plain.object_body])
    ghost = seen.model.body(GHOST_BODY).id
    assert not seen.model.geom_contype[seen.model.geom_bodyid == ghost].any()
