"""An expert without a memory: what it does is a function of what the paper's observation shows in one moment.

The guide's expert knows its stage, how long it lasts and a smoothed pose. A policy that sees only joints, object and
goals cannot learn its answers. Here the stage follows from the fingers, from where the object is and from the goal; the
ways are fields that lead from wherever the arm is to the grasp, and from there to the first goal.
"""

from __future__ import annotations

import torch
from torch import Tensor

from franka_imitation.learning.arm import Arm
from franka_imitation.learning.backend import SimState
from franka_imitation.learning.config import TaskConfig
from franka_imitation.learning.expert import MAX_POSITION, MAX_ROTATION, SERVO_LAG, in_action, shortened
from franka_imitation.learning.guide import backed
from franka_imitation.learning.joint_way import JointWay
from franka_imitation.learning.matching import Matching
from franka_imitation.learning.poses import compose, conjugate, difference, inverse, perturb, rotate
from franka_imitation.learning.tasks import Tasks

_RADIAN = 0.2
"""Turning by a radian counts as much as this distance [m]."""
_NEAR, _FAR = 0.06, 0.14
"""The tool is led straight if it is this near to where it should be, and along the planned postures if this far [m]."""
_OFF, _WIDE = 0.01, 0.04
"""Beside the line of the approach: free to go on, and only from the full distance [m]."""
_TAKEN = 0.012
"""The fingers close when the tool is this near to the grasp [m]."""
_HELD = 0.04
"""Closing or closed fingers stay closed while the tool is this near to the grasp [m]."""
_MOVED = 0.004
"""Fingers that are closer than open by this were told to close [m]."""
_STILL = 0.005
"""Fingers slower than this rest on the object [m/s]."""
_EMPTY = 0.5
"""Fingers that close to less than this part of the object's width hold nothing."""
_REACH_STEP = 0.025
"""Largest part of the way to the grasp that is gone at once [m]."""
_LIFT_FIRST, _LIFT_GROWTH = 0.008, 0.5
"""Step upwards on the table [m], and its growth with the height."""
_BESIDE_START = 0.05
"""An object that is not lifted is lifted straight if it is this near to its start [m]."""
_ARCH, _ARCH_LENGTH = 0.1, 0.25
"""The arm goes up to this much higher than planned [m] where more than this is left to go [m]."""
_LIFT_ITERATIONS = 12


class ReactiveExpert:
    """Answers for N environments.

    Args:
        arm: Kinematics.
        config: Lengths of approach and lift.
        tasks: All K.
        ready: (7,) posture in which the arm begins [rad].
    """

    def __init__(self, arm: Arm, config: TaskConfig, tasks: Tasks, ready: Tensor) -> None:
        self._arm, self._config = arm, config
        count = len(tasks)
        lifted = compose(tasks.start, tasks.grasp)
        lifted[:, 2] += config.lift
        q_lifted = arm.towards(tasks.approach[:, -1], lifted, _LIFT_ITERATIONS)
        self._approach = JointWay(torch.cat([ready.expand(count, 1, -1), tasks.approach], 1))
        self._transfer = JointWay(torch.cat([q_lifted[:, None], tasks.transfer], 1))

    def action(
        self,
        state: SimState,
        tool: Tensor,
        jacobian: Tensor,
        seen: Tensor,
        matching: Matching,
        tasks: Tasks,
        index: Tensor,
    ) -> Tensor:
        """(N, 8) joint deltas over `max_joint_delta`, and 1 for open or -1 for closed fingers.

        Args:
            state: Of the simulation.
            tool: (N, 7) pose of the tool centre point.
            jacobian: (N, 6, 7) of it.
            seen: (N, 7) pose of the object as measured.
            matching: Tells the goals.
            tasks: Those of the N environments.
            index: (N,) which they are of all tasks.
        """
        grasp = compose(seen, tasks.grasp)
        off = difference(grasp, tool)
        distance = off[:, :3].norm(dim=-1)
        turned = off[:, 3:].norm(dim=-1)
        told = (state.width < tasks.opening - _MOVED) & (state.width_rate < _STILL)
        empty = told & (state.width < _EMPTY * tasks.grasp_width)
        there = (distance < _TAKEN) & (_RADIAN * turned < 2 * _TAKEN)
        closes = (there | (told & (distance < _HELD))) & ~empty
        holds = closes & told & (state.width_rate.abs() < _STILL)

        free = self._reach(state.q, tool, jacobian, grasp, tasks, index)
        carried = self._carry(state.q, tool, jacobian, seen, matching, tasks, index)
        opens = ~closes & (state.width < tasks.opening - _MOVED)
        away = torch.zeros_like(off)
        away[:, 2] = MAX_POSITION
        delta = torch.where(holds[:, None], carried, free)
        delta = torch.where((closes & ~holds)[:, None], 0.0, delta)
        delta = torch.where(opens[:, None], self._arm.joint_step(jacobian, away), delta)
        return in_action(delta, closes, self._config.max_joint_delta)

    def _reach(self, q: Tensor, tool: Tensor, jacobian: Tensor, grasp: Tensor, tasks: Tasks, index: Tensor) -> Tensor:
        """Deltas to the grasp: along the planned postures, then down a funnel about the approach direction."""
        length = self._config.approach
        inside = rotate(conjugate(grasp[:, 3:]), tool[:, :3] - grasp[:, :3])  # z is the approach direction
        turned = difference(grasp, tool)[:, 3:].norm(dim=-1)
        beside = inside[:, :2].norm(dim=-1) + _RADIAN / 4 * turned
        stand_off = length * ((beside - _OFF) / (_WIDE - _OFF)).clamp(0, 1)
        error = difference(backed(grasp, stand_off), tool)
        step = torch.cat([shortened(error[:, :3], _REACH_STEP), shortened(error[:, 3:], MAX_ROTATION)], -1)
        past = (-inside[:, 2] - length).clamp_min(0) + inside[:, 2].clamp_min(0)
        to_go = torch.sqrt(inside[:, :2].square().sum(-1) + past**2) + _RADIAN * turned
        return self._blended(q, jacobian, self._approach, index, step, to_go)

    def _carry(
        self,
        q: Tensor,
        tool: Tensor,
        jacobian: Tensor,
        seen: Tensor,
        matching: Matching,
        tasks: Tasks,
        index: Tensor,
    ) -> Tensor:
        """Deltas with a held object: up, to the first goal, and after the goals."""
        goal, started = matching.current(), matching.goal > 0
        advance = difference(matching.following(), goal)
        goal = torch.where(started[:, None], perturb(goal, -0.5 * advance), goal)
        to_go = difference(goal, seen)
        error = difference(compose(compose(goal, inverse(seen)), tool), tool)
        speed = matching.current_velocity() * started[:, None]
        turn = torch.linalg.cross(speed[:, 3:], tool[:, :3] - seen[:, :3])
        feed = SERVO_LAG * torch.cat([speed[:, :3] + turn, speed[:, 3:]], -1)
        straight = torch.cat([shortened(error[:, :3], MAX_POSITION), shortened(error[:, 3:], MAX_ROTATION)], -1)
        distance = to_go[:, :3].norm(dim=-1) + _RADIAN * to_go[:, 3:].norm(dim=-1)
        distance = torch.where(started, 0.0, distance)
        on_way = self._blended(q, jacobian, self._transfer, index, straight + feed, distance)

        height = seen[:, 2] - tasks.start[:, 2]
        beside = (seen[:, :2] - tasks.start[:, :2]).norm(dim=-1)
        low = ~started & (height < 0.85 * self._config.lift) & (beside < _BESIDE_START) & (distance > _NEAR)
        up = torch.zeros_like(straight)
        up[:, 2] = (_LIFT_FIRST + _LIFT_GROWTH * height).clamp(_LIFT_FIRST, MAX_POSITION)
        return torch.where(low[:, None], self._arm.joint_step(jacobian, up), on_way)

    def _blended(
        self, q: Tensor, jacobian: Tensor, way: JointWay, index: Tensor, step: Tensor, to_go: Tensor
    ) -> Tensor:
        """Deltas of the tool's step where little is left to go, and along the postures where much is."""
        arch = torch.zeros_like(step)
        arch[:, 2] = _ARCH * ((to_go - _FAR) / _ARCH_LENGTH).clamp(0, 1)
        straight = self._arm.joint_step(jacobian, step)
        along = way.ahead(q, index) + self._arm.joint_step(jacobian, arch)
        along = along * (0.12 / along.abs().amax(-1, keepdim=True).clamp_min(1e-9)).clamp_max(1.0)
        share = ((to_go - _NEAR) / (_FAR - _NEAR)).clamp(0, 1)[:, None]
        return share * along + (1 - share) * straight
