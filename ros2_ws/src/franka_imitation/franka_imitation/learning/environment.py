"""N simulated workplaces in which a policy acts: task, observation and reward, the same for every simulator."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import torch
from torch import Tensor

from franka_imitation.learning.arm import Arm
from franka_imitation.learning.backend import SimBackend, SimState
from franka_imitation.learning.config import Randomisation, TaskConfig
from franka_imitation.learning.curriculum import Difficulty
from franka_imitation.learning.disturbance import Disturbance
from franka_imitation.learning.expert import expert_action
from franka_imitation.learning.guide import Guide, Sight
from franka_imitation.learning.held_starts import HeldStarts
from franka_imitation.learning.history import History
from franka_imitation.learning.matching import Match, Matching
from franka_imitation.learning.observation import guided_observation, paper_observation
from franka_imitation.learning.poses import rotate
from franka_imitation.learning.reactive import ReactiveExpert
from franka_imitation.learning.reward import RewardConfig, RewardState, reward_terms
from franka_imitation.learning.tasks import Tasks
from franka_imitation.learning.ways import with_room
from franka_imitation.robot import JOINTS

ACTIONS = JOINTS + 1
"""Seven joint deltas and the fingers: open above 0, closed below."""
_LARGEST = 10.0
"""Observations are clipped here."""
_OUT_OF_REACH = 1.0
"""Nothing can be taken farther than this from the base [m]."""


@dataclass(frozen=True)
class Episodes:
    """Episodes that ended in a step; n of them. Time-outs and drops are failures."""

    environment: Tensor
    """(n,) where."""
    success: Tensor
    """(n,) whether all goals were matched."""
    fraction_matched: Tensor
    """(n,)"""
    position_error: Tensor
    """(n,) mean over the goals that became due [m]; NaN if none did."""
    rotation_error: Tensor
    """(n,) the same [rad]."""
    total_reward: Tensor
    """(n,) sum over the episode."""


@dataclass(frozen=True)
class Step:
    """What an action led to."""

    observation: Tensor
    """(N, O) float32; of the new episode where one ended."""
    reward: Tensor
    """(N,)"""
    done: Tensor
    """(N,)"""
    timed_out: Tensor
    """(N,) whether it ended only because time was over."""
    ended: Episodes


class Environment:
    """N episodes at a time; each begins anew by itself when it ends.

    Args:
        backend: The simulator.
        arm: Kinematics.
        tasks: From which each episode takes one.
        config: The task.
        randomisation: What differs between episodes.
        reward: Weights.
        ready: (7,) posture in which the arm begins [rad].
        seed: Of everything random.
    """

    def __init__(
        self,
        backend: SimBackend,
        arm: Arm,
        tasks: Tasks,
        config: TaskConfig,
        randomisation: Randomisation,
        reward: RewardConfig | None = None,
        *,
        ready: Tensor,
        seed: int = 0,
    ) -> None:
        self.count, self.config, self.arm = backend.count, config, arm
        self._backend, self._ready = backend, ready
        self._all_tasks = with_room(tasks, arm)
        self._reward = reward or RewardConfig()
        self._random = Disturbance(randomisation, self.count, seed)
        self.task_index = torch.zeros(self.count, dtype=torch.long)
        self._tasks = self._all_tasks.select(self.task_index)
        self.matching = Matching(config, self._tasks)
        self.guide = Guide(arm, config, self._tasks)
        self._reactive = ReactiveExpert(arm, config, self._all_tasks, ready)
        self._history = History(self.count, config.history, config.history_stride)
        self._held_starts: HeldStarts | None = None
        self._held_share = 0.0
        self._total = torch.zeros(self.count, dtype=torch.float64)
        self._look()
        self._seen = self._state.object_pose
        self._start_height = torch.zeros(self.count, dtype=torch.float64)
        self.term_sums: dict[str, float] = defaultdict(float)
        """Sums of the reward's terms over all steps, by name."""
        self.reset()

    def reset(self, task_index: Tensor | None = None) -> Tensor:
        """Begins all episodes anew.

        Args:
            task_index: (N,) task of each environment; None: drawn.

        Returns:
            (N, O) observations.
        """
        self._begin(torch.arange(self.count), task_index)
        return self._observe()

    @property
    def tasks(self) -> int:
        """How many tasks there are."""
        return len(self._all_tasks)

    def seed(self, seed: int) -> None:
        """Makes everything random depend on a new seed; call `reset` after it."""
        self._random.seed(seed)

    def ease(self, difficulty: Difficulty) -> None:
        """Makes episodes easier than the task, or as hard as it is; those that began already stay where they are."""
        self.matching.ease(difficulty.tolerance, difficulty.length)
        self._held_share = difficulty.held_starts
        if self._held_share and self._held_starts is None:
            self._held_starts = HeldStarts(self.arm, self._all_tasks)

    @property
    def state(self) -> SimState:
        """Of the simulation now, as it is, without noise."""
        return self._state

    def expert(self) -> Tensor:
        """(N, 8) what the expert would do now: one that knows no more than the observation shows."""
        if self.config.observation == "paper":
            tool, jacobian = self._tool, self._jacobian
            return self._reactive.action(
                self._state, tool, jacobian, self._seen, self.matching, self._tasks, self.task_index
            )
        return expert_action(self.guide, self.arm, self._state.q, self.config.max_joint_delta)

    def step(self, action: Tensor) -> Step:
        """Does actions (N, 8), clipped to [-1, 1], for one control period."""
        action = torch.nan_to_num(action.double()).clamp(-1, 1)
        done_now = self._random.delayed(action)
        target = self.arm.limited(self._state.q + self.config.max_joint_delta * done_now[:, :JOINTS])
        width = torch.where(done_now[:, JOINTS] > 0, self._tasks.opening, self._tasks.closing)
        self._backend.step(target, width, self._tasks.grip_force)
        self._look()
        started, velocity = self.matching.started.clone(), self.matching.current_velocity()
        match = self.matching.step(self._state.object_pose)
        reward = self._judge(action, started, velocity, match)
        lost = started & (match.error[:, :3].norm(dim=-1) > self.config.lost_distance)
        lost |= self._state.object_pose[:, :2].norm(dim=-1) > _OUT_OF_REACH
        done = match.finished | match.late | lost
        self._total += reward
        ended = self._ended(done, match.finished)
        if done.any():
            self._begin(done.nonzero()[:, 0], None)
        return Step(self._observe(), reward, done, match.late & ~lost, ended)

    def _begin(self, ids: Tensor, task_index: Tensor | None) -> None:
        chosen = self._random.choose(len(self._all_tasks), len(ids)) if task_index is None else task_index
        self.task_index[ids] = chosen
        self._tasks = self._all_tasks.select(self.task_index)
        start = self._random.begin(ids, self._ready, self._tasks.start[ids], self._tasks.opening[ids])
        self._start_height[ids] = start.object_pose[:, 2]
        held = None
        if self._held_share and self._held_starts is not None:
            which, where = self._random.held_starts(len(ids), self._held_share)
            held = self._held_starts.begin(start, self.task_index[ids], which, where, self.matching.length)
            start = held.state
        self._backend.reset(ids, start)
        self._look()
        self.matching.reset(ids, self._tasks)
        self.guide.reset(ids, self._tasks, self._random.seen(self._state.object_pose)[ids])
        if held is not None:
            in_hand = ids[held.which]
            self.matching.begin_at(in_hand, held.goal[held.which])
            self.guide.begin_held(in_hand, held.tool[held.which], self._state.object_pose[in_hand])
        self._history.begin(ids)
        self._total[ids] = 0

    def _look(self) -> None:
        """Takes over the state of the simulation."""
        self._state = self._backend.state()
        self._tool, self._jacobian = self.arm.jacobian(self._state.q)

    def _observe(self) -> Tensor:
        """(N, O) what is seen now; moves the guide on where it is shown."""
        state, matching = self._state, self.matching
        self._seen = seen = self._random.seen(state.object_pose)
        if self.config.observation == "paper":
            observation = paper_observation(state, seen, self._tool, matching)
        else:
            started, goal, waited = matching.started, matching.goal, matching.fraction_waited
            self.guide.update(Sight(state.q, self._tool, self._jacobian, state.width, seen, started, goal, waited))
            observation = guided_observation(state, seen, self.guide, matching)
        return self._history.add(observation.float().clamp(-_LARGEST, _LARGEST))

    def _judge(self, action: Tensor, started: Tensor, velocity: Tensor, match: Match) -> Tensor:
        state, tool = self._state, self._tool
        side = torch.zeros(self.count, 3, dtype=tool.dtype)
        side[:, 1] = state.width / 2
        offset = rotate(tool[:, 3:], side)
        terms = reward_terms(
            RewardState(
                started=started,
                fingers=torch.stack([tool[:, :3] + offset, tool[:, :3] - offset], 1),
                object_position=state.object_pose[:, :3],
                height=state.object_pose[:, 2] - self._start_height,
                error=match.error,
                velocity_error=velocity - state.object_velocity,
                position_matched=match.position,
                rotation_matched=match.rotation,
                matched_fraction=self.matching.fraction_matched,
                just_matched=match.advanced,
                action=action,
            ),
            self._reward,
        )
        for name, value in terms.items():
            self.term_sums[name] += float(value.sum())
        return torch.stack(list(terms.values())).sum(0)

    def _ended(self, done: Tensor, finished: Tensor) -> Episodes:
        matching = self.matching
        means = matching.error_sum / matching.due_count[:, None]  # NaN where no goal became due
        return Episodes(
            done.nonzero()[:, 0],
            finished[done],
            matching.fraction_matched[done],
            means[done, 0],
            means[done, 1],
            self._total[done].clone(),
        )
