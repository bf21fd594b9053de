"""Carries out a plan in simulation and judges it frame by frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from franka_imitation.config import ImitationConfig
from franka_imitation.demonstration import smoothed
from franka_imitation.motion_plan import PHASES, MotionPlan
from franka_imitation.robot import JOINTS
from franka_imitation.scene import Scene, object_poses
from franka_imitation.simulator import Simulator
from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.pose import difference, exp_rotation, inverse, log_rotation, make_transform

_SLIP_CUTOFF = 1.5
"""Movements of the object in the grip that are faster are not followed [Hz]."""
_DROPPED = 0.05
"""An object that moved this far in the grip is lost [m]."""


@dataclass(frozen=True)
class Rollout:
    """What happened in simulation, at the M set-points of a plan."""

    state: FloatArray
    """(M, 16) states `qpos` of the scene."""
    steps: int
    """Of the simulator."""

    @property
    def q(self) -> FloatArray:
        """(M, 7) joint positions [rad]."""
        return self.state[:, :JOINTS]

    @property
    def width(self) -> FloatArray:
        """(M,) distance of the fingers [m]."""
        return self.state[:, JOINTS] + self.state[:, JOINTS + 1]

    @property
    def T_table_object(self) -> FloatArray:
        """(M, 4, 4) poses of the object."""
        return object_poses(self.state)


@dataclass(frozen=True)
class Score:
    """How well the object followed; steps are the frames of the demonstration."""

    matched: BoolArray
    """(F,) whether position and rotation were within the thresholds when the frame was due."""
    position_errors: FloatArray
    """(F,) [m]"""
    rotation_errors: FloatArray
    """(F,) [rad]"""
    dropped: bool
    """Whether the object left the grip."""

    @property
    def fraction_matched(self) -> float:
        """Of the steps, 0 to 1."""
        return float(self.matched.mean())

    @property
    def position_error(self) -> float:
        """Mean over matched steps [m]; infinite without any."""
        return float(self.position_errors[self.matched].mean()) if self.matched.any() else float("inf")

    @property
    def rotation_error(self) -> float:
        """Mean over matched steps [rad]; infinite without any."""
        return float(self.rotation_errors[self.matched].mean()) if self.matched.any() else float("inf")


def roll_out(scene: Scene, plan: MotionPlan) -> Rollout:
    """Sends the set-points of a plan to the simulated robot, open loop.

    Between set-points the servos get the cubic spline through positions and velocities, as from a joint trajectory
    controller. The simulation is deterministic.
    """
    simulator = Simulator(scene)
    simulator.reset(plan.q[0], plan.T_table_object_start, plan.gripper_width[0])
    substeps = max(1, round(plan.period / scene.model.opt.timestep))
    spline = CubicHermiteSpline(plan.time, plan.q, plan.velocity)
    fine = plan.time[:-1, None] + plan.period / substeps * (np.arange(substeps) + 1)
    q, velocity = spline(fine), spline(fine, 1)
    state = np.empty((len(plan.time), scene.model.nq))
    state[0] = simulator.data.qpos
    for k in range(len(plan.time) - 1):
        for s in range(substeps):
            simulator.command(q[k, s], velocity[k, s], plan.gripper_width[k], force=plan.grip_force)
            simulator.step(plan.period / substeps)
        state[k + 1] = simulator.data.qpos
    return Rollout(state, substeps * (len(plan.time) - 1))


def judge(plan: MotionPlan, rollout: Rollout, tools: FloatArray, config: ImitationConfig) -> Score:
    """Compares the object's poses with those of the video when they are due.

    Args:
        plan: What was asked for.
        rollout: What happened.
        tools: (M, 4, 4) forward kinematics of `rollout.q`.
        config: Thresholds.
    """
    at_due = _at(plan, plan.frame_due)
    error = difference(rollout.T_table_object[at_due], plan.T_table_object)
    position, rotation = np.linalg.norm(error[:, :3], axis=1), np.linalg.norm(error[:, 3:], axis=1)
    held = plan.phase > PHASES.index("close")
    grip = (inverse(rollout.T_table_object) @ tools)[held, :3, 3]
    slipped = np.linalg.norm(grip - plan.T_object_tcp[:3, 3], axis=1) > _DROPPED
    lost_at = plan.time[held][np.argmax(slipped)] if slipped.any() else np.inf
    matched = (position <= config.max_position_error) & (rotation <= config.max_rotation_error)
    return Score(matched & (plan.frame_due < lost_at), position, rotation, bool(slipped.any()))


def corrected_tools(plan: MotionPlan, rollout: Rollout, commanded: FloatArray, wanted: FloatArray) -> FloatArray:
    """Poses of the tool (F, 4, 4) that bring the object where it should be, given how it lay in the grip.

    The object turns and shifts a little when the fingers close and when its weight hangs on them. As the simulation is
    deterministic, feedback can act between two runs instead of during one, and the motion stays as smooth as it was.

    Args:
        plan: What was asked for.
        rollout: What happened.
        commanded: (M, 4, 4) forward kinematics of `plan.q`.
        wanted: (F, 4, 4) where the object should be.
    """
    at_due = _at(plan, plan.frame_due)
    grip = inverse(rollout.T_table_object[at_due]) @ commanded[at_due]
    middle = plan.T_object_tcp[:3, :3]
    turn = log_rotation(grip[:, :3, :3] @ middle.T)
    weights = np.ones(len(grip))
    values = smoothed(plan.frame_due, np.concatenate([grip[:, :3, 3], turn], axis=1), weights, _SLIP_CUTOFF)
    return wanted @ make_transform(exp_rotation(values[:, 3:]) @ middle, values[:, :3])


def _at(plan: MotionPlan, time: FloatArray) -> np.ndarray:
    """Indices of the set-points nearest to times (F,) [s]."""
    return np.clip(np.rint(time / plan.period).astype(int), 0, len(plan.time) - 1)
