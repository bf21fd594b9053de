"""A robot in MuJoCo that is driven exactly as a real one: through the servo, with its limits and protections."""

from __future__ import annotations

import mujoco
import numpy as np

from franka_imitation.controller.spline import Sample
from franka_imitation.hardware.backend import RobotBackend, RobotState
from franka_imitation.hardware.generator import GeneratorConfig
from franka_imitation.hardware.servo import Servo, ServoConfig
from franka_imitation.robot import JOINTS
from franka_imitation.scene import Scene
from franka_imitation.simulator import Simulator
from rhov_core.arrays import FloatArray

_STEPS_PER_CYCLE = 2
"""Of the physics in one cycle of the servo."""
_STILL, _SLEEP_AFTER = 1e-4, 1.0
"""Physics need no steps when nothing was faster [m/s, rad/s] for this long [s]."""
_CLEARANCE = 0.001
"""Of the object over the table before it is let go [m]."""
_DEEPEST_CONTACT = 0.005
"""Of an object that may be placed [m]; deeper ones fling it away."""


class SimulatedRobot(RobotBackend):
    """Steps the physics by one period in each `advance`; nobody waits for the wall's clock here.

    Args:
        scene: The workplace.
        generator: How fast commands may move; None: the defaults.
        servo: When the arm is stopped; None: the defaults.
        start_time: What the robot's clock shows when it is connected [s].
    """

    def __init__(
        self,
        scene: Scene,
        generator: GeneratorConfig | None = None,
        servo: ServoConfig | None = None,
        start_time: float = 0.0,
    ) -> None:
        self.robot, self.period = scene.robot, _STEPS_PER_CYCLE * scene.model.opt.timestep
        self._simulator, self._start_time = Simulator(scene), start_time
        self._servo = Servo(scene.robot, generator or GeneratorConfig(), servo or ServoConfig(), self.period)
        self._gripper = (scene.robot.gripper.max_width, scene.robot.gripper.max_speed, scene.robot.gripper.max_force)
        self._cycles = self._still = 0

    def connect(self) -> None:
        """Puts the arm into its ready posture with open fingers and the object on the table in front of it."""
        self._simulator.reset(self.robot.ready, self._resting_pose())
        self._servo.start(self.robot.ready)
        self._cycles = self._still = 0

    def disconnect(self) -> None:
        """Nothing to do: without `advance` nothing moves."""

    def read(self) -> RobotState:
        """The current state; accelerations are not measured."""
        measured = Sample(self._simulator.q, self._simulator.velocity, np.full(JOINTS, np.nan))
        return RobotState(self.time, measured, self._servo.command, self._simulator.width, self._servo.fault)

    @property
    def time(self) -> float:
        """The robot's clock [s]."""
        return self._start_time + self._cycles * self.period

    @property
    def T_base_object(self) -> FloatArray:
        """(4, 4) pose of the simulated object."""
        return self._simulator.T_table_object

    def place_object(self, T_base_object: FloatArray) -> str | None:
        """Puts the object at a pose, at rest.

        Returns:
            Why it cannot be there, in one sentence, or None. The object is then where it was.
        """
        scene, data = self._simulator.scene, self._simulator.data
        before, self._still = (data.qpos.copy(), data.qvel.copy()), 0
        scene.set_state(data, data.qpos[:JOINTS], self._simulator.width, T_base_object)
        data.qvel[JOINTS + 2 :] = 0.0
        mujoco.mj_forward(scene.model, data)
        for contact in data.contact:
            bodies = [scene.model.geom_bodyid[g] for g in contact.geom]
            if scene.object_body in bodies and contact.dist < -_DEEPEST_CONTACT:
                other = scene.model.body(bodies[0] if bodies[1] == scene.object_body else bodies[1]).name
                data.qpos, data.qvel = before
                mujoco.mj_forward(scene.model, data)
                return f"The object would be {-1e3 * contact.dist:.0f} mm inside {other}."
        return None

    def send(self, set_point: Sample | None) -> Sample | None:
        """Takes the set-point of this cycle; see `RobotBackend`."""
        return self._servo.send(set_point)

    def move_gripper(self, width: float, speed: float, force: float) -> None:
        """Moves the fingers; see `RobotBackend`."""
        self._gripper, self._still = (width, speed, force), 0

    def stop_gripper(self) -> None:
        """Holds the fingers where they are."""
        self._gripper, self._still = (self._simulator.width, *self._gripper[1:]), 0

    def stop(self, reason: str) -> None:
        """Comes to rest and refuses set-points; see `RobotBackend`."""
        self._servo.stop(reason)

    def recover(self) -> str | None:
        """Accepts set-points again; see `RobotBackend`."""
        return self._servo.recover(self._simulator.q)

    def advance(self) -> None:
        """Steps the physics by one period; where everything has stood still for a while, only the clock goes on."""
        now = self._servo.command
        then = self._servo.tick(self._simulator.q)
        self._cycles += 1
        if self._still * self.period > _SLEEP_AFTER and np.array_equal(now.positions, then.positions):
            return
        # Held for the whole period, the mean of the commands at its two ends neither leads nor lags.
        q, velocity = (now.positions + then.positions) / 2, (now.velocities + then.velocities) / 2
        width, speed, force = self._gripper
        self._simulator.command(q, velocity, width, force=force, speed=speed)
        self._simulator.step(self.period)
        self._still = self._still + 1 if np.abs(self._simulator.data.qvel).max() < _STILL else 0

    def _resting_pose(self) -> FloatArray:
        """In front of the robot, with the lowest point of the object on the table."""
        scene, data = self._simulator.scene, mujoco.MjData(self._simulator.scene.model)
        T = np.eye(4)
        T[:3, 3] = 0.5, 0.0, 0.0
        scene.set_state(data, self.robot.ready, self.robot.gripper.max_width, T)
        mujoco.mj_kinematics(scene.model, data)
        geoms = np.flatnonzero((scene.model.geom_bodyid == scene.object_body) & (scene.model.geom_contype > 0))
        T[2, 3] = _CLEARANCE - min(_lowest_point(scene.model, data, geom) for geom in geoms)
        return T


def _lowest_point(model: mujoco.MjModel, data: mujoco.MjData, geom: int) -> float:
    mesh = model.geom_dataid[geom]
    start, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
    return float((model.mesh_vert[start : start + count] @ data.geom_xmat[geom, 6:] + data.geom_xpos[geom, 2]).min())
