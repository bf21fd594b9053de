"""A robot behind its servo as a workplace: task, guide and policy act on it in closed loop as they do in simulation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from franka_imitation.controller.spline import Sample
from franka_imitation.hardware.backend import RobotBackend
from franka_imitation.learning.arm import Arm
from franka_imitation.learning.backend import CONTROL_RATE, ResetState, SimBackend, SimState
from franka_imitation.learning.config import NOTHING_RANDOM, TaskConfig
from franka_imitation.learning.environment import Environment
from franka_imitation.learning.expert import SERVO_LAG
from franka_imitation.learning.mujoco_backend import learning_scene
from franka_imitation.learning.poses import pose_tensor
from franka_imitation.learning.workshop import Workshop
from franka_imitation.robot import JOINTS
from franka_imitation.safety import JointMotion, SafetyChecks, SafetyConfig
from rhov_core.arrays import FloatArray
from rhov_core.errors import InputError

_AT_READY = 0.05
"""The arm has to be this near to where the policy begins [rad]."""
_FRACTION = 0.45
"""Used part of the limits of velocity and acceleration: a little less than the servo's, so that it is never behind."""
_REACTION = 0.015
"""In which a new velocity is taken up [s]."""
_LEAD = 0.08
"""What is sent is never this far from where the arm is [rad]: against resistance it must not wind up."""
_WIDTH_CHANGE = 1e-4
_PARTS = (1.0, 0.5, 0.25, 0.125, 0.0)
"""Of a velocity that are tried where all of it would bring the arm where it must not be."""
_OLDEST, _AHEAD = 0.8, 0.2
"""By this much a pose of the object may be older or newer than the robot's state [s of the robot's clock]."""


See = Callable[[], tuple[float, FloatArray]]


class RobotWorkplace(SimBackend):
    """One arm, and somebody who sees the object.

    A policy sends postures that the arm of the training follows with a lag: what it asks for is a velocity. Here the
    velocity is taken up within the limits and sent as smooth set-points, slower where the arm could not brake in time
    before the table, a stop, the end of the workspace or itself. Nobody puts a robot back: where an episode ends, it
    comes to rest.

    Args:
        robot: Connected. What it is sent is limited and supervised by it.
        see: Gives the last measurement: when it was [s of the robot's clock] and T_base_object (4, 4).
        checks: Where the arm may go; None: the defaults, down to the table, at which policies grasp low things.
    """

    def __init__(self, robot: RobotBackend, see: See, checks: SafetyChecks | None = None) -> None:
        self.count, self._robot, self._see = 1, robot, see
        self._checks = checks or SafetyChecks(robot.robot, SafetyConfig(table_clearance=0.0))
        self._acceleration = _FRACTION * robot.robot.limits.acceleration
        self._position, self._velocity = np.zeros(JOINTS), np.zeros(JOINTS)
        self._due = self._width = self._width_rate = 0.0
        self._sent_width: float | None = None
        self._begin_here()

    def reset(self, ids: Tensor, state: ResetState) -> None:
        """Comes to rest and begins where the robot is, whatever the state says."""
        self._robot.send(None)
        self._begin_here()

    def step(self, q: Tensor, width: Tensor, grip_force: Tensor) -> None:
        """See `SimBackend.step`; a real robot takes the time that it takes.

        Raises:
            InputError: If the robot was stopped, or is where it must not be, which brings it to rest; says why.
        """
        robot = self._robot
        if self._sent_width is None or abs(self._sent_width - float(width[0])) > _WIDTH_CHANGE:
            self._sent_width = float(width[0])
            robot.move_gripper(self._sent_width, robot.robot.gripper.max_speed, float(grip_force[0]))
        state = robot.read()
        low, high = robot.robot.limits.velocity_bounds(self._position)
        wanted = np.clip((q[0].numpy() - state.measured.positions) / SERVO_LAG, _FRACTION * low, _FRACTION * high)
        wanted = self._allowed(state.measured.positions, wanted)
        self._due += 1 / CONTROL_RATE
        while state.time < self._due - robot.period / 2:
            change = np.clip((wanted - self._velocity) / _REACTION, -self._acceleration, self._acceleration)
            self._velocity = self._velocity + change * robot.period
            ahead = self._position + self._velocity * robot.period
            self._position = np.clip(ahead, state.measured.positions - _LEAD, state.measured.positions + _LEAD)
            self._velocity = np.where(self._position == ahead, self._velocity, 0.0)
            robot.send(Sample(self._position, self._velocity, change))
            robot.advance()
            state = robot.read()
        if state.fault is not None:
            raise InputError(
                f"the robot was stopped: {state.fault}", "a robot that moves", "recover it, then begin anew"
            )
        self._width_rate = (state.width - self._width) * CONTROL_RATE
        self._width = state.width

    def _allowed(self, measured: FloatArray, velocity: FloatArray) -> FloatArray:
        """The largest part of a velocity (7,) with which the arm can still brake where it may be, after one period; it
        lags behind by about another.
        """
        names, refusals = self._robot.robot.joint_names, []
        for part in _PARTS:
            v = part * velocity
            still = measured + 2 * v / CONTROL_RATE + v * np.abs(v) / (2 * self._acceleration)
            refusals = self._checks.refusals(JointMotion(names, np.zeros(1), still[None], np.zeros((1, JOINTS))))
            if not refusals:
                return v
        self._robot.send(None)
        raise InputError(
            f"the arm is where it must not be: {refusals[0]}",
            "motions clear of table, stops, workspace and itself",
            "bring the arm back to its ready posture, then begin anew",
        )

    def _look(self, now: float) -> FloatArray:
        """(4, 4) T_base_object, if it was seen at about this time of the robot's clock [s]."""
        seen, T = self._see()
        if not -_AHEAD <= now - seen <= _OLDEST:
            self._robot.send(None)
            raise InputError(
                f"the object was seen last at {seen:.3f} s, the robot's clock shows {now:.3f} s",
                f"poses at most {_OLDEST:g} s old, by the robot's clock",
                "see to it that the object is seen, then begin anew",
            )
        return T

    def _begin_here(self) -> None:
        state = self._robot.read()
        self._position, self._velocity = state.commanded.positions.copy(), np.zeros(JOINTS)
        self._due, self._width, self._width_rate = state.time, state.width, 0.0
        self._sent_width = None

    def state(self) -> SimState:
        """See `SimBackend.state`; the velocity of the object is not measured, and only the reward would want it.

        Raises:
            InputError: If the object is not seen any more; the robot comes to rest.
        """
        state = self._robot.read()
        return SimState(
            q=torch.from_numpy(state.measured.positions.copy())[None],
            velocity=torch.from_numpy(state.measured.velocities.copy())[None],
            width=torch.tensor([state.width], dtype=torch.float64),
            width_rate=torch.tensor([self._width_rate], dtype=torch.float64),
            object_pose=pose_tensor(self._look(state.time)[None]),
            object_velocity=torch.zeros(1, 6, dtype=torch.float64),
        )


def environment_on_robot(
    workshop: Workshop, config: TaskConfig, robot: RobotBackend, see: See, checks: SafetyChecks | None = None
) -> Environment:
    """The demonstration's own task on a robot, which has to be in its ready posture, with the object at its start.

    Args:
        workshop: Of the demonstration and the policy's plan.
        config: The policy's.
        robot: Connected.
        see: Gives the last measurement: when it was [s of the robot's clock] and T_base_object (4, 4).
        checks: Where the arm may go; None: the defaults, down to the table, at which policies grasp low things.

    Raises:
        InputError: If the arm is not where the policy begins.
    """
    off = np.abs(robot.read().measured.positions - workshop.robot.ready)
    if off.max() > _AT_READY:
        raise InputError(
            f"{workshop.robot.joint_names[int(off.argmax())]} is {off.max():.2f} rad from where the policy begins",
            f"at most {_AT_READY} rad",
            "bring the arm to its ready posture first",
        )
    scene = learning_scene(workshop.robot, workshop.object_model, config.substeps)
    ready = torch.from_numpy(np.array(workshop.robot.ready))
    return Environment(
        RobotWorkplace(robot, see, checks), Arm(scene), workshop.task, config, NOTHING_RANDOM, ready=ready
    )
