"""More room on the ways with a held object than a plan leaves, which knows exactly how the object lies in the hand."""

from __future__ import annotations

from dataclasses import replace

import torch

from franka_imitation.learning.arm import Arm
from franka_imitation.learning.poses import difference
from franka_imitation.learning.tasks import Tasks

_RAISE = 0.05
"""Corners on the way to the first goal are this much higher than in the plan [m]."""
_ITERATIONS = 12
_REACHED = 5e-3
"""A raised corner is used if the arm gets as near to it as this [m], [rad]."""


def with_room(tasks: Tasks, arm: Arm) -> Tasks:
    """The tasks with raised corners on the way to the first goal; where the arm cannot be raised, the plan's stay.

    A tilt of the object in the grip, or a start that is turned by a few degrees, lets a large object touch the table
    on a way that the plan finds free by a centimetre.
    """
    corners = tasks.transfer[:, :-1]
    if not corners.numel():
        return tasks
    q = corners.reshape(-1, corners.shape[-1])
    target = arm.forward(q)
    target[:, 2] += _RAISE
    raised = arm.towards(q, target, _ITERATIONS)
    reached = difference(target, arm.forward(raised)).norm(dim=-1) < _REACHED
    chosen = torch.where(reached[:, None], raised, q).reshape(corners.shape)
    return replace(tasks, transfer=torch.cat([chosen, tasks.transfer[:, -1:]], 1))
