"""Episodes that begin in the middle of a motion, with the object in the hand (reference-state initialisation).

Source: Peng et al., DeepMimic: Example-Guided Deep Reinforcement Learning of Physics-Based Character Skills, ACM
Transactions on Graphics 37(4), 2018, section 6.1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from franka_imitation.learning.arm import Arm
from franka_imitation.learning.backend import ResetState
from franka_imitation.learning.poses import compose, difference, inverse
from franka_imitation.learning.tasks import Tasks

_ITERATIONS = 4
_FIRST_ITERATIONS = 20
_REACHED = 0.01
"""A posture is used if the tool is as near to where the goal wants it as this [m], [rad]."""
_SQUEEZED = 0.001
"""The fingers begin so much closer than the object is wide [m], so that it does not fall before they press."""


@dataclass(frozen=True)
class Held:
    """Which of n new episodes begin with the object in the hand."""

    which: Tensor
    """(n,)"""
    goal: Tensor
    """(n,) the goal at which they begin, which counts as matched."""
    state: ResetState
    """Of all n, the others unchanged."""
    tool: Tensor
    """(n, 7) pose of the tool there."""


class HeldStarts:
    """Postures for all goals of K tasks, with the planner's grasp.

    Args:
        arm: Kinematics.
        tasks: Which.
    """

    def __init__(self, arm: Arm, tasks: Tasks) -> None:
        self._arm, self._tasks = arm, tasks
        targets = compose(tasks.goals, tasks.grasp[:, None].expand(-1, tasks.goals.shape[1], -1))
        q = arm.towards(tasks.transfer[:, -1], targets[:, 0], _FIRST_ITERATIONS)
        postures, reached = [], []
        for target in targets.unbind(1):
            q = arm.towards(q, target, _ITERATIONS)
            postures.append(q)
            reached.append(difference(target, arm.forward(q)).norm(dim=-1) < _REACHED)
        self._postures, self._reached = torch.stack(postures, 1), torch.stack(reached, 1)

    def begin(self, state: ResetState, task_index: Tensor, which: Tensor, fraction: Tensor, length: int) -> Held:
        """Puts objects into hands.

        Args:
            state: How the n episodes would begin on the table.
            task_index: (n,) their tasks.
            which: (n,) those that should not begin there. Where the arm does not reach the goal they do nevertheless.
            fraction: (n,) from 0 to 1, where in the motion to begin.
            length: Goals of an episode; it begins at one before the last.
        """
        goal = (fraction * (length - 1)).long().clamp_max(length - 2)
        which = which & self._reached[task_index, goal]
        q = self._postures[task_index, goal]
        tool = self._arm.forward(q)
        width = self._tasks.grasp_width[task_index] - _SQUEEZED
        pose = compose(tool, inverse(self._tasks.grasp[task_index]))
        held = replace(
            state,
            q=torch.where(which[:, None], q, state.q),
            width=torch.where(which, width.clamp_min(0.0), state.width),
            object_pose=torch.where(which[:, None], pose, state.object_pose),
        )
        return Held(which, goal, held, tool)
