"""Way-points for taking an object and following goals, from what is seen now.

A state machine for each of N environments. It is the planner's knowledge in closed loop: the expert turns its
way-points into actions, and the guided observation shows them to the policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import torch
from torch import Tensor

from franka_imitation.learning.arm import Arm
from franka_imitation.learning.backend import CONTROL_RATE
from franka_imitation.learning.config import TaskConfig
from franka_imitation.learning.poses import compose, difference, interpolate, inverse, perturb, rotate
from franka_imitation.learning.tasks import Tasks
from franka_imitation.robot import JOINTS


class Stage(IntEnum):
    """What the arm should do now."""

    APPROACH = 0
    REACH = 1
    CLOSE = 2
    LIFT = 3
    TRANSFER = 4
    FOLLOW = 5
    RETREAT = 6


_REACH_STEPS, _LIFT_STEPS, _RETREAT_STEPS = 36, 36, 45
_REACH_PATIENCE = 180
"""Steps after which an approach that does not come near is begun again."""
_NEAR_POSTURE, _NEAR_CORNER = 0.04, 0.15
"""A posture, or a corner on the way to it, is reached within this largest difference of a joint [rad]."""
_NEAR_POINT, _FAR_POINT, _AT_POINT = 0.02, 0.06, 0.006
"""The way-point moves on if the tool is near, is given up if it is far, and is reached if it is at it [m]."""
_AT_ANGLE = 0.06
_MISSED = 0.5
"""Fingers that close to less than this part of the object's width hold nothing."""
_THIN = 0.01
"""The width of the fingers does not tell whether they hold something thinner [m]."""
_DROPPED = 0.05
"""An object that moved this far in the grip is lost [m]."""
_GRIP_RATE = 0.2
"""Part of a change of the object in the grip that is taken over in a step."""
_SEEN_RATE = 0.15
"""The same of the pose of an object that stands."""
_RETREAT_UP, _RETREAT_BACK = 0.08, 0.06
_ARCH = 0.1
"""While the arm is far from the end of a way, it aims this much higher [m]: fingers do not brush the object that stands
a little otherwise than in the plan, and a held object does not drag over the table."""
_ARCH_FROM, _ARCH_TO = 0.5, 0.06
"""Largest difference of a joint from which it aims that much higher, and at which no more [rad]."""
_MAX_TWIST = 1.5
_TWIST_RATE = 0.4


@dataclass
class Sight:
    """What the guide is told in each step, N environments."""

    q: Tensor
    tool: Tensor
    """(N, 7) pose of the tool centre point."""
    jacobian: Tensor
    """(N, 6, 7) of `tool`."""
    width: Tensor
    object_pose: Tensor
    """(N, 7) as measured."""
    started: Tensor
    """(N,) whether the first goal was matched."""
    goal: Tensor
    """(N,) index of the current goal."""
    fraction: Tensor
    """(N,) how much of the time of the current goal has passed, at most 1."""


class Guide:
    """State machines of N environments.

    Args:
        arm: Kinematics.
        config: Lengths of approach and lift.
        tasks: N tasks, one for each environment; `reset` exchanges them.
    """

    def __init__(self, arm: Arm, config: TaskConfig, tasks: Tasks) -> None:
        count = len(tasks)
        self._arm, self._config, self._tasks = arm, config, tasks
        self.stage = torch.zeros(count, dtype=torch.long)
        self.steps = torch.zeros(count, dtype=torch.float64)
        """(N,) control steps in the stage."""
        self.posture = torch.zeros(count, JOINTS, dtype=torch.float64)
        """(N, 7) where the joints should go in the stages APPROACH and TRANSFER [rad]."""
        self.way_point = torch.zeros(count, 7, dtype=torch.float64)
        """(N, 7) where the tool should be in the other stages."""
        self.twist = torch.zeros(count, 6, dtype=torch.float64)
        """(N, 6) how the way-point moves [m/s], [rad/s]."""
        self.tool = torch.zeros(count, 7, dtype=torch.float64)
        self.jacobian = torch.zeros(count, 6, JOINTS, dtype=torch.float64)
        self.error = torch.zeros(count, 6, dtype=torch.float64)
        """(N, 6) from the tool to the way-point."""
        self._corner = torch.zeros(count, dtype=torch.long)
        self._progress = torch.zeros(count, dtype=torch.float64)
        self._grip = torch.zeros(count, 7, dtype=torch.float64)
        self._seen = torch.zeros(count, 7, dtype=torch.float64)
        self._anchor = torch.zeros(count, 7, dtype=torch.float64)
        """Pose of the tool from which the stages CLOSE, LIFT and RETREAT start."""

    def reset(self, ids: Tensor, tasks: Tasks, object_pose: Tensor) -> None:
        """Begins anew in the environments `ids`; `tasks` are those of all N, `object_pose` (n, 7) is as measured."""
        self._tasks = tasks
        self.stage[ids] = Stage.APPROACH
        self.posture[ids] = tasks.approach[ids, 0]
        self._seen[ids] = object_pose
        self._grip[ids] = tasks.grasp[ids]
        self.steps[ids] = 0
        self.twist[ids] = 0
        self._corner[ids] = 0
        self._progress[ids] = 0

    def begin_held(self, ids: Tensor, tool: Tensor, object_pose: Tensor) -> None:
        """Begins in the environments `ids` (n,) with the object at (n, 7) in the fingers of a tool at (n, 7)."""
        self.stage[ids] = Stage.FOLLOW
        self.way_point[ids] = tool
        self._grip[ids] = compose(inverse(object_pose), tool)

    @property
    def moves_joints(self) -> Tensor:
        """(N,) whether the posture counts, not the way-point."""
        return (self.stage == Stage.APPROACH) | (self.stage == Stage.TRANSFER)

    @property
    def closes(self) -> Tensor:
        """(N,) whether the fingers should be closed."""
        return (self.stage >= Stage.CLOSE) & (self.stage <= Stage.FOLLOW)

    def update(self, sight: Sight) -> None:
        """Moves way-points and stages on, by one control step."""
        self.steps += 1
        self.tool, self.jacobian = sight.tool, sight.jacobian
        self._look(sight)
        before, last = self.stage.clone(), self.way_point.clone()
        self._leave_stages(sight)
        self._aim_posture(sight)
        self.way_point = self._aim(sight)
        self.error = difference(self.way_point, self.tool)
        stays = (self.stage == before) & ~self.moves_joints & (self.stage != Stage.CLOSE)
        moved = (difference(self.way_point, last) * CONTROL_RATE).clamp(-_MAX_TWIST, _MAX_TWIST)
        self.twist = torch.where(stays[:, None], (1 - _TWIST_RATE) * self.twist + _TWIST_RATE * moved, 0.0)

    def _look(self, sight: Sight) -> None:
        """Takes over where the object is: smoothed, relative to the table while it stands and to the hand after."""
        stands = self.stage < Stage.CLOSE
        seen = perturb(self._seen, _SEEN_RATE * difference(sight.object_pose, self._seen))
        jumped = difference(sight.object_pose, self._seen)[:, :3].norm(dim=-1) > _NEAR_POINT
        seen = torch.where(jumped[:, None], sight.object_pose, seen)
        self._seen = torch.where(stands[:, None], seen, self._seen)
        held = (self.stage >= Stage.LIFT) & (self.stage <= Stage.FOLLOW)
        now = compose(inverse(sight.object_pose), self.tool)
        grip = perturb(self._grip, _GRIP_RATE * difference(now, self._grip))
        self._slip = (now[:, :3] - self._grip[:, :3]).norm(dim=-1)
        self._grip = torch.where(held[:, None], grip, self._grip)

    def _aim_posture(self, sight: Sight) -> None:
        """Where the joints should go; the last corner is bent to where the object is seen."""
        for stage, corners in ((Stage.APPROACH, self._tasks.approach), (Stage.TRANSFER, self._tasks.transfer)):
            inside = self.stage == stage
            if not inside.any():
                continue
            rows = inside.nonzero()[:, 0]
            last = corners.shape[1] - 1
            early = self._corner[rows] < last
            way = rows[early]
            self.posture[way] = corners[way, self._corner[way]]
            end = rows[~early]
            if not len(end):
                continue
            if stage == Stage.APPROACH:
                grasp = compose(self._seen[end], self._tasks.grasp[end])
                target = backed(grasp, torch.full((len(end),), self._config.approach, dtype=grasp.dtype))
            else:
                target = compose(self._tasks.goals[end, 0], self._grip[end])
            fresh = self.steps[end] <= 1
            begin = torch.where(fresh[:, None], corners[end, last], self.posture[end])
            to_go = (begin - sight.q[end]).abs().amax(-1)
            target[:, 2] += _ARCH * ((to_go - _ARCH_TO) / (_ARCH_FROM - _ARCH_TO)).clamp(0, 1)
            self.posture[end] = self._arm.towards(begin, target, 2)

    def _aim(self, sight: Sight) -> Tensor:
        tasks, config = self._tasks, self._config
        rows = torch.arange(len(self.stage))
        eased = _eased(self._progress)
        reach = backed(compose(self._seen, tasks.grasp), config.approach * (1 - eased))
        lift = self._anchor.clone()
        lift[:, 2] += config.lift * eased
        before = tasks.goals[rows, (sight.goal - 1).clamp_min(0)]
        wanted = interpolate(before, tasks.goals[rows, sight.goal], sight.fraction)
        follow = compose(wanted, self._grip)
        point = torch.where((self.stage == Stage.REACH)[:, None], reach, self.tool)
        fixed = (self.stage == Stage.CLOSE) | (self.stage == Stage.RETREAT)
        point = torch.where(fixed[:, None], self._anchor, point)
        point = torch.where((self.stage == Stage.LIFT)[:, None], lift, point)
        return torch.where((self.stage == Stage.FOLLOW)[:, None], follow, point)

    def _leave_stages(self, sight: Sight) -> None:
        tasks, stage = self._tasks, self.stage.clone()
        error = difference(self.way_point, self.tool)
        off, turned = error[:, :3].norm(dim=-1), error[:, 3:].norm(dim=-1)
        to_go = (self.posture - sight.q).abs().amax(-1)

        near_corner = torch.where(self.moves_joints, to_go < _NEAR_CORNER, False)
        corners = torch.where(stage == Stage.APPROACH, tasks.approach.shape[1], tasks.transfer.shape[1]) - 1
        passes = near_corner & (self._corner < corners)
        self._corner += passes
        self.steps[passes] = 0
        arrived = self.moves_joints & ~passes & (self._corner == corners) & (to_go < _NEAR_POSTURE) & (self.steps > 2)
        self._enter(arrived & (stage == Stage.APPROACH), Stage.REACH)

        reaching = stage == Stage.REACH
        self._progress += torch.where(reaching & (off < _NEAR_POINT), 1 / _REACH_STEPS, 0.0)
        there = reaching & (self._progress >= 1) & (off < _AT_POINT) & (turned < _AT_ANGLE)
        self._enter(there, Stage.CLOSE)
        far = reaching & ((off > _FAR_POINT) | (self.steps > _REACH_PATIENCE))

        empty = (sight.width < _MISSED * tasks.grasp_width) & (tasks.grasp_width > _THIN)
        closed = (stage == Stage.CLOSE) & (self.steps >= tasks.close_steps)
        self._enter(closed & ~empty, Stage.LIFT)
        self._grip[closed] = compose(inverse(sight.object_pose), self.tool)[closed]

        lifting = stage == Stage.LIFT
        self._progress += torch.where(lifting, 1 / _LIFT_STEPS, 0.0)
        self._enter(lifting & (self._progress >= 1) & (off < _NEAR_POINT), Stage.TRANSFER)
        self._enter(((stage == Stage.TRANSFER) & (arrived | sight.started)), Stage.FOLLOW)

        carries = (stage >= Stage.LIFT) & (stage <= Stage.FOLLOW)
        self._enter(far | (closed & empty) | (carries & (empty | (self._slip > _DROPPED))), Stage.RETREAT)
        again = (stage == Stage.RETREAT) & (self.steps >= _RETREAT_STEPS)
        self._enter(again, Stage.APPROACH)
        self._seen[again] = sight.object_pose[again]
        self._corner[again] = tasks.approach.shape[1] - 1

    def _enter(self, which: Tensor, stage: Stage) -> None:
        if not which.any():
            return
        self.stage[which] = int(stage)
        self.steps[which] = 0
        self._progress[which] = 0
        self._corner[which] = 0
        if stage == Stage.CLOSE:
            self._anchor[which] = self.way_point[which]
        elif stage == Stage.LIFT:
            self._anchor[which] = self.tool[which]
        elif stage == Stage.RETREAT:
            up = backed(self.tool[which], torch.full((int(which.sum()),), _RETREAT_BACK, dtype=self.tool.dtype))
            up[:, 2] = (up[:, 2] + _RETREAT_UP).clamp_min(0.2)
            self._anchor[which] = up


def backed(pose: Tensor, distance: Tensor) -> Tensor:
    """Poses of the tool (n, 7) moved back against its approach direction by distances (n,) [m]."""
    forward = torch.zeros_like(pose[:, :3])
    forward[:, 2] = distance
    return torch.cat([pose[:, :3] - rotate(pose[:, 3:], forward), pose[:, 3:]], -1)


def _eased(progress: Tensor) -> Tensor:
    """Rest to rest, with minimum jerk."""
    s = progress.clamp(0, 1)
    return s**3 * (10 + s * (6 * s - 15))
