"""Which goal an object has to match now, and how far it came: the paper's two phases."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from franka_imitation.learning.backend import CONTROL_RATE
from franka_imitation.learning.config import TaskConfig
from franka_imitation.learning.poses import difference
from franka_imitation.learning.tasks import Tasks


@dataclass(frozen=True)
class Match:
    """What one step changed, for N environments."""

    error: Tensor
    """(N, 6) from the object to the goal that was current before the step [m], [rad]."""
    position: Tensor
    """(N,) whether its position matches."""
    rotation: Tensor
    """(N,) whether its rotation matches."""
    advanced: Tensor
    """(N,) whether a goal was matched."""
    finished: Tensor
    """(N,) whether it was the last."""
    late: Tensor
    """(N,) whether the time for the goals is over."""


class Matching:
    """Goals of N environments.

    A goal is matched when position and rotation are within the thresholds, but not before its time; then the next one
    becomes current. An environment has started once the first goal is matched.
    """

    def __init__(self, config: TaskConfig, tasks: Tasks) -> None:
        count = len(tasks)
        self._config, self._tasks = config, tasks
        self.goal = torch.zeros(count, dtype=torch.long)
        """(N,) index of the current goal."""
        self.started = torch.zeros(count, dtype=torch.bool)
        self.matched = torch.zeros(count, dtype=torch.long)
        """(N,) how many goals were matched."""
        self._waited = torch.zeros(count, dtype=torch.float64)
        self._steps = torch.zeros(count, dtype=torch.float64)
        self._since_start = torch.zeros(count, dtype=torch.float64)
        self.error_sum = torch.zeros(count, 2, dtype=torch.float64)
        """(N, 2) errors in position [m] and rotation [rad], summed over the goals that became due."""
        self.due_count = torch.zeros(count, dtype=torch.float64)
        self._tolerance = 1.0
        self.length = tasks.goals.shape[1]
        """Goals after which an episode is finished."""

    def ease(self, tolerance: float, length: float) -> None:
        """Multiplies the errors within which a goal is matched, and finishes after a part of the goals."""
        self._tolerance = tolerance
        count = self._tasks.goals.shape[1]
        self.length = max(math.ceil(length * count), min(2, count))

    def begin_at(self, ids: Tensor, goal: Tensor) -> None:
        """Begins in the environments `ids` (n,) when goals (n,) and all before them were matched in time."""
        self.started[ids] = True
        self.goal[ids] = self.matched[ids] = goal + 1
        since = self._tasks.dwell.cumsum(-1) - self._tasks.dwell[:, :1]
        self._since_start[ids] = since[ids, goal]

    def reset(self, ids: Tensor, tasks: Tasks) -> None:
        """Begins anew in the environments `ids` (n,); `tasks` are those of all N."""
        self._tasks = tasks
        self.started[ids] = False
        for counter in (self.goal, self.matched, self._waited, self._steps, self._since_start, self.due_count):
            counter[ids] = 0
        self.error_sum[ids] = 0

    @property
    def fraction_waited(self) -> Tensor:
        """(N,) part of the time of the current goal that has passed, at most 1."""
        return (self._waited / self._dwell()).clamp_max(1.0)

    @property
    def fraction_matched(self) -> Tensor:
        """(N,) of all goals."""
        return self.matched / self._tasks.goals.shape[1]

    def current(self) -> Tensor:
        """(N, 7) the current goals."""
        return self._tasks.goals[self._rows(), self.goal]

    def following(self) -> Tensor:
        """(N, 7) the goals after the current ones; the last stays."""
        return self._tasks.goals[self._rows(), (self.goal + 1).clamp_max(self._tasks.goals.shape[1] - 1)]

    def current_velocity(self) -> Tensor:
        """(N, 6) velocities of the current goals by finite differences [m/s], [rad/s]; see the paper's eq. 14."""
        rows, goals = self._rows(), self._tasks.goals
        to = (self.goal + 1).clamp_max(goals.shape[1] - 1)
        source = (to - 1).clamp_min(0)
        step = difference(goals[rows, to], goals[rows, source])
        return step * CONTROL_RATE / self._tasks.dwell[rows, to, None]

    def step(self, object_pose: Tensor) -> Match:
        """Judges poses (N, 7) of the object and moves the goals on."""
        config, count = self._config, self._tasks.goals.shape[1]
        self._steps += 1
        self._since_start += self.started
        self._waited += self.started
        error = difference(self.current(), object_pose)
        distance, angle = error[:, :3].norm(dim=-1), error[:, 3:].norm(dim=-1)
        position = distance <= self._tolerance * config.max_position_error
        rotation = angle <= self._tolerance * config.max_rotation_error
        due = ~self.started | (self._waited >= self._dwell())
        advanced = position & rotation & due
        counts = advanced & ~self.started | (self.started & (self._waited == self._dwell()))
        self.error_sum += torch.where(counts[:, None], torch.stack([distance, angle], -1), 0.0)
        self.due_count += counts
        finished = advanced & (self.goal >= self.length - 1)
        self.matched += advanced
        self.started |= advanced
        self.goal = (self.goal + advanced).clamp_max(count - 1)
        self._waited[advanced] = 0
        allowed = config.slowness * self._tasks.dwell.sum(-1) + CONTROL_RATE
        patience = config.patience * CONTROL_RATE
        late = torch.where(self.started, self._since_start > allowed, self._steps > patience)
        return Match(error, position, rotation, advanced, finished, late & ~finished)

    def _dwell(self) -> Tensor:
        return self._tasks.dwell[self._rows(), self.goal]

    def _rows(self) -> Tensor:
        return torch.arange(len(self.goal))
