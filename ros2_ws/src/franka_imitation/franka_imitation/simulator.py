"""One simulated workplace that is commanded like a robot: joint positions and velocities, width of the gripper."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import ArrayLike

from franka_imitation.robot import JOINTS
from franka_imitation.scene import Scene, object_poses
from rhov_core.arrays import FloatArray


class Simulator:
    """Steps the physics of a scene.

    The arm's servos get the velocity as feed-forward and therefore follow without lag. The gripper moves at its
    largest speed towards the commanded width and presses with at most the given force on what is in between.

    Args:
        scene: The compiled workplace.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.data = mujoco.MjData(scene.model)
        self._lag = scene.servo_lag
        self._gripper = scene.model.actuator("actuator8").id
        self._width = 0.0
        self._width_goal = 0.0
        self._width_rate = scene.robot.gripper.max_speed

    def reset(self, q: ArrayLike, T_table_object: FloatArray, width: float | None = None) -> None:
        """Puts the robot at rest at posture (7,) [rad] and the object at a pose.

        Args:
            q: Joint positions [rad].
            T_table_object: (4, 4) pose of the object.
            width: Distance of the fingers [m]; None: open.
        """
        mujoco.mj_resetData(self.scene.model, self.data)
        self._width = self.scene.robot.gripper.max_width if width is None else width
        self.scene.set_state(self.data, q, self._width, T_table_object)
        self.command(q, np.zeros(JOINTS), self._width)
        mujoco.mj_forward(self.scene.model, self.data)

    @property
    def time(self) -> float:
        """Simulated time since `reset` [s]."""
        return float(self.data.time)

    @property
    def q(self) -> FloatArray:
        """(7,) joint positions [rad]."""
        return self.data.qpos[:JOINTS].copy()

    @property
    def velocity(self) -> FloatArray:
        """(7,) joint velocities [rad/s]."""
        return self.data.qvel[:JOINTS].copy()

    @property
    def width(self) -> float:
        """Distance of the fingers [m]."""
        return float(self.data.qpos[JOINTS] + self.data.qpos[JOINTS + 1])

    @property
    def T_table_object(self) -> FloatArray:
        """(4, 4) pose of the object."""
        return object_poses(self.data.qpos)

    def command(
        self, q: ArrayLike, velocity: ArrayLike, width: float, *, force: float | None = None, speed: float | None = None
    ) -> None:
        """Sets what the servos hold until the next command.

        Args:
            q: (7,) desired joint positions [rad].
            velocity: (7,) desired joint velocities [rad/s].
            width: Desired distance of the fingers [m].
            force: Largest force of each finger [N]; None: the gripper's limit.
            speed: Rate of the width [m/s]; None: the gripper's limit.
        """
        gripper = self.scene.robot.gripper
        self.data.ctrl[:JOINTS] = np.asarray(q) + self._lag * np.asarray(velocity)
        self._width_goal = min(max(float(width), 0.0), gripper.max_width)
        self._width_rate = gripper.max_speed if speed is None else min(speed, gripper.max_speed)
        limit = 2 * (gripper.max_force if force is None else min(force, gripper.max_force))
        # The tendon hands half of the actuator's force to each finger.
        self.scene.model.actuator_forcerange[self._gripper] = [-limit, limit]

    def let_go(self) -> None:
        """Opens the fingers at once, faster than any command does."""
        self._width = self.scene.robot.gripper.max_width

    def step(self, duration: float) -> None:
        """Advances by a duration, rounded to whole time steps [s]."""
        steps = max(1, round(duration / self.scene.model.opt.timestep))
        travel = self._width_rate * steps * self.scene.model.opt.timestep
        self._width += min(max(self._width_goal - self._width, -travel), travel)
        self.data.ctrl[self._gripper] = self._width / 2
        mujoco.mj_step(self.scene.model, self.data, steps)
