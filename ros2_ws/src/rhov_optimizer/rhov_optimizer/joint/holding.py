"""Where the hand is at the object before the object is solved for: what the wrist can tell about it."""

from __future__ import annotations

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.hand import HandModel
from rhov_core.sdf import SignedDistanceGrid
from rhov_optimizer.joint.contact import fingertip_gaps, signed_distances
from rhov_optimizer.joint.depth import align_depths
from rhov_optimizer.joint.hand_track import HandTrack
from rhov_optimizer.joint.residuals.wrist import WristTrack

FINGERS = 2
"""So many fingers near the object hold it."""


def wrist_track(
    distance: SignedDistanceGrid,
    T: FloatArray,
    seen: BoolArray,
    stamps: FloatArray,
    model: HandModel,
    hand: HandTrack,
    near: float,
) -> WristTrack:
    """The wrist as it was estimated, and where the hand touches the object within its uncertain depth.

    Args:
        distance: To the surface of the centred mesh.
        T: (N, 4, 4) tracked poses of it.
        seen: (N,) where it was tracked.
        stamps: (N,) [s].
        model: The hand model.
        hand: Its parameters.
        near: Distance below which a fingertip touches [m].
    """
    touching = align_depths(distance, T, 1.0, seen, stamps, model, hand)
    vertices = model.forward_numpy(touching.pose, touching.shape, touching.translation).vertices
    gaps = fingertip_gaps(signed_distances(distance, T, 1.0, vertices), model)
    holds = seen & hand.valid & ((gaps < near).sum(1) >= FINGERS)
    return WristTrack(model.wrist_transform(hand.pose, hand.shape, hand.translation), hand.valid, holds)
