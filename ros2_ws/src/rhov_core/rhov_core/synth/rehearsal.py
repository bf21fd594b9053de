"""Motions are tried out before they are drawn: nothing shall go through the table, no finger through the object."""

from __future__ import annotations

import numpy as np

from rhov_core.pose import inverse, transform_points
from rhov_core.sdf import SignedDistanceGrid
from rhov_core.synth.actions import Task, write_pieces
from rhov_core.synth.actors import FOREARM, HAND, OBJECT, Actors
from rhov_core.synth.motion import Motion

TRIES = 12
SAMPLES_PER_SECOND = 12.0
FREE_DEPTH = 0.002
"""A free hand may be this deep in the object [m]."""
TABLE_DEPTH = 0.004
"""The hand may be this deep in the table: its flesh gives way [m]."""


def rehearsed_motion(
    action: str, task: Task, actors: Actors, seconds: float, rng: np.random.Generator
) -> tuple[Motion, float]:
    """The first of some random motions in which nothing goes through anything, or the least bad.

    Args:
        action: What is done.
        task: With which object, hand and grasps.
        actors: Who moves.
        seconds: How long it takes.
        rng: Generator.

    Returns:
        The motion, and how deep things are too deep in each other, summed over a few times [m].
    """
    distance = SignedDistanceGrid.from_mesh(actors.model.vertices, actors.model.faces)
    best: tuple[Motion, float] | None = None
    for _ in range(TRIES):
        motion = Motion(write_pieces(action, task, seconds, rng), seconds, rng)
        fault = _fault(motion, actors, distance)
        if best is None or fault < best[1]:
            best = motion, fault
        if fault == 0:
            break
    assert best is not None
    return best


def _fault(motion: Motion, actors: Actors, distance: SignedDistanceGrid) -> float:
    fault = 0.0
    for time in np.linspace(0, motion.seconds, max(8, int(motion.seconds * SAMPLES_PER_SECOND))):
        state = motion.at(time)
        vertices = actors.vertices(state)
        fault += max(0.0, -0.001 - vertices[OBJECT][:, 2].min())
        lowest = min(vertices[HAND][:, 2].min(), vertices[FOREARM][:, 2].min())
        fault += max(0.0, -TABLE_DEPTH - lowest)
        if not state.held:
            in_object = transform_points(inverse(state.T_world_object), vertices[HAND])
            fault += max(0.0, -FREE_DEPTH - float(distance.distance(in_object).min()))
    return fault
