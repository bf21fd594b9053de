"""Letting go of an object so that it comes to lie on the table and not on the hand."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from franka_imitation.closed_loop.config import FeedbackConfig
from franka_imitation.closed_loop.correction import Correction
from franka_imitation.closed_loop.player import Player
from franka_imitation.closed_loop.pose_filter import PoseFilter
from franka_imitation.closed_loop.recovery import Recovery
from franka_imitation.timing import hold
from rhov_core.arrays import FloatArray
from rhov_core.errors import PlanningError

_LET_GO = 0.6
"""For the fingers to open [s]."""
_REST = 0.5
"""For which a lost object must have stayed where it is [s]."""
_REST_CHANGE = 0.005
"""By at most this much [m]."""
_REST_PATIENCE = 5.0
_SHAKES = 2
"""How often the hand is turned down for an object that lies on it."""


class Grip(NamedTuple):
    """How the fingers are closed."""

    width: float
    """Commanded distance [m]."""
    force: float
    """[N]"""


def put_away(
    player: Player, recovery: Recovery, correction: Correction, feedback: FeedbackConfig, grip: Grip | None
) -> FloatArray:
    """Opens the fingers and waits until the object is at rest.

    What is still held, or lies on the hand, is first brought down to the table with the hand above it.

    Args:
        player: Of the robot.
        recovery: Knows the ways.
        correction: Of the joints, at rest.
        feedback: How measurements are averaged.
        grip: Of an object that is held; None: it is not.

    Returns:
        (4, 4) T_table_object where it lies.
    """
    gripper = recovery.planner.robot.gripper
    wide = Grip(gripper.max_width, gripper.max_force)
    if grip is not None:
        _bring_down(player, recovery, correction, player.look().measured, grip, held=True)
    lies = _settled(player, correction, feedback, wide)
    for _ in range(_SHAKES):
        if not recovery.is_aloft(lies) or not _bring_down(player, recovery, correction, lies, wide, held=False):
            break
        lies = _settled(player, correction, feedback, wide)
    return lies


def _bring_down(
    player: Player,
    recovery: Recovery,
    correction: Correction,
    T_table_object: FloatArray,
    grip: Grip,
    *,
    held: bool,
) -> bool:
    """Whether there was a way."""
    try:
        motion = recovery.bringing_down(player.q, T_table_object, grip.width, held=held)
    except PlanningError:
        return False
    player.drive(motion, correction, *grip)
    return True


def _settled(player: Player, correction: Correction, feedback: FeedbackConfig, grip: Grip) -> FloatArray:
    """(4, 4) T_table_object once it does not move any more."""
    period = player.period
    player.drive(hold(player.q, _LET_GO, period), correction, *grip)
    lies, patience = PoseFilter(feedback), _REST_PATIENCE
    while patience > 0:
        before, fresh = None if lies.is_empty else lies.pose.copy(), False
        for _ in range(round(_REST * feedback.rate)):
            player.drive(hold(player.q, 1 / feedback.rate, period), correction, *grip)
            seen = player.look()
            if seen.is_new or lies.is_empty:
                lies.update(seen.measured)
            fresh = fresh or seen.is_new
        if fresh and before is not None and np.linalg.norm(lies.pose[:3, 3] - before[:3, 3]) < _REST_CHANGE:
            break
        patience -= _REST
    return lies.pose
