"""What a policy sees."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from franka_imitation.learning.backend import SimState
from franka_imitation.learning.config import TaskConfig
from franka_imitation.learning.guide import Guide, Stage
from franka_imitation.learning.matching import Matching
from franka_imitation.learning.poses import axes, difference
from franka_imitation.robot import JOINTS

_POSE = 9
_WAVES = (0.2, 0.05)
"""Lengths of the sines in which the vector to the object is shown besides [m]: a network tells a few millimetres near
the grasp from a number that covers half a metre only after very long training."""
_COMMON_SIZE = 2 * (JOINTS + 1) + 3 + 6 + 2 * _POSE
PAPER_SIZE = _COMMON_SIZE + 6 * len(_WAVES)
GUIDED_SIZE = _COMMON_SIZE + 2 * _POSE + 6 + 6 + JOINTS + len(Stage) + 2
_LONGEST_DWELL = 60.0
"""Of what is shown of the time in the stage CLOSE [control steps]."""


def observation_size(config: TaskConfig) -> int:
    """Length of an observation."""
    return config.history * (PAPER_SIZE if config.observation == "paper" else GUIDED_SIZE)


def paper_observation(state: SimState, object_pose: Tensor, tool: Tensor, matching: Matching) -> Tensor:
    """(N, PAPER_SIZE) observations of section 4.2, roughly scaled to 1.

    Joint positions and velocities (with the fingers'), vector from the gripper to the object, position and rotation
    difference to the current goal, current and next goal. The vector to the object is there twice, plain and, last, as
    sines and cosines of its coordinates.

    Args:
        state: Of the simulation.
        object_pose: (N, 7) as measured.
        tool: (N, 7) pose of the tool centre point.
        matching: Tells the goals.
    """
    to_object = object_pose[:, :3] - tool[:, :3]
    waves = [wave(2 * math.pi / length * to_object) for length in _WAVES for wave in (torch.sin, torch.cos)]
    return torch.cat([_common(state, object_pose, tool, matching), *waves], -1)


def _common(state: SimState, object_pose: Tensor, tool: Tensor, matching: Matching) -> Tensor:
    """What both kinds of observation begin with."""
    current, following = matching.current(), matching.following()
    error = difference(current, object_pose)
    parts = [
        state.q,
        25 * state.width[:, None],
        0.5 * state.velocity,
        5 * state.width_rate[:, None],
        5 * (object_pose[:, :3] - tool[:, :3]),
        5 * error[:, :3],
        error[:, 3:],
        *_shown(current),
        *_shown(following),
    ]
    return torch.cat(parts, -1)


def guided_observation(state: SimState, object_pose: Tensor, guide: Guide, matching: Matching) -> Tensor:
    """(N, GUIDED_SIZE): what the paper's policy sees, and what is to be done now.

    Args:
        state: Of the simulation.
        object_pose: (N, 7) as measured.
        guide: Updated with the same state.
        matching: Tells the goals.
    """
    by_joint = guide.moves_joints[:, None]
    error = guide.error * torch.tensor([20.0, 20, 20, 4, 4, 4], dtype=state.q.dtype)
    stage = torch.nn.functional.one_hot(guide.stage, len(Stage)).to(state.q.dtype)
    closing = (guide.stage == Stage.CLOSE) * guide.steps.clamp_max(_LONGEST_DWELL) / _LONGEST_DWELL
    parts = [
        _common(state, object_pose, guide.tool, matching),
        *_shown(object_pose),
        *_shown(guide.tool),
        torch.where(by_joint, 0.0, error),
        torch.where(by_joint, 0.0, 2 * guide.twist),
        torch.where(by_joint, 4 * (guide.posture - state.q), 0.0),
        stage,
        closing[:, None],
        matching.fraction_matched[:, None],
    ]
    return torch.cat(parts, -1)


def _shown(pose: Tensor) -> tuple[Tensor, Tensor]:
    return 2 * pose[:, :3], axes(pose[:, 3:])
