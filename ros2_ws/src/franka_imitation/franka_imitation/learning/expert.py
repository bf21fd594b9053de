"""The actions that a policy learns to imitate: functions of what the guided observation shows, of nothing else.

An expert with a memory of its own cannot be imitated from observations that do not hold it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from franka_imitation.learning.arm import Arm
from franka_imitation.learning.guide import Guide

SERVO_LAG = 0.1
"""The arm's servos follow this much later [s]; a delta of lag times velocity keeps up."""
_JOINT_STEP = 0.12
"""Largest delta on the way to a posture [rad]: about 1.2 rad/s."""
MAX_POSITION, MAX_ROTATION = 0.04, 0.3
"""Part of the way to a way-point that is gone at once [m], [rad]."""


def expert_action(guide: Guide, arm: Arm, q: Tensor, max_joint_delta: float) -> Tensor:
    """(N, 8) joint deltas over `max_joint_delta`, and 1 for open or -1 for closed fingers.

    Args:
        guide: Updated with the present state.
        arm: Kinematics.
        q: (N, 7) joint positions [rad].
        max_joint_delta: Delta of an action of 1 [rad].
    """
    to_posture = guide.posture - q
    longest = to_posture.abs().amax(-1, keepdim=True).clamp_min(1e-9)
    by_joint = to_posture * (_JOINT_STEP / longest).clamp_max(1.0)
    error = guide.error
    position = shortened(error[:, :3], MAX_POSITION)
    rotation = shortened(error[:, 3:], MAX_ROTATION)
    by_tool = arm.joint_step(guide.jacobian, torch.cat([position, rotation], -1) + SERVO_LAG * guide.twist)
    delta = torch.where(guide.moves_joints[:, None], by_joint, by_tool)
    return in_action(delta, guide.closes, max_joint_delta)


def in_action(delta: Tensor, closes: Tensor, max_joint_delta: float) -> Tensor:
    """(N, 8) actions of joint deltas (N, 7) [rad], with fingers that close where `closes` (N,)."""
    fingers = torch.where(closes, -1.0, 1.0).to(delta)
    return torch.cat([(delta / max_joint_delta).clamp(-1, 1), fingers[:, None]], -1)


def shortened(vector: Tensor, length: float) -> Tensor:
    """Vectors (N, 3), those that are longer than `length` cut to it."""
    return vector * (length / vector.norm(dim=-1, keepdim=True).clamp_min(1e-9)).clamp_max(1.0)
