"""The hand of the other side that looks the same in the picture.

Mirrored in depth, a right hand that shows its palm becomes a left hand that shows its back, with nearly the same
outline. A detector that is wrong about the side has therefore still seen where everything is across the viewing ray,
and most of the error along it is that mirroring: frames that saw the wrong side need not be thrown away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.linalg import block_diag

from rhov_core.arrays import FloatArray
from rhov_core.cues import HandEstimate
from rhov_core.hand import HandModel, mirror_pose
from rhov_core.pose import exp_rotation, log_rotation
from rhov_optimizer.track_record import TrackRecord


def hands_of_side(records: Sequence[TrackRecord], model: HandModel) -> dict[int, HandEstimate]:
    """The hands of a clip by frame, all of the model's side: those of the other side are mirrored in depth.

    Args:
        records: What tracking left of the frames.
        model: The hand model.
    """
    seen = {i: record.hand for i, record in enumerate(records) if record.hand is not None}
    return {i: hand if hand.side == model.side else mirrored_in_depth(hand, model) for i, hand in seen.items()}


def mirrored_in_depth(hand: HandEstimate, model: HandModel) -> HandEstimate:
    """The other hand: mirrored at the plane through the middle of the joints, across the ray to it.

    Args:
        hand: The estimate.
        model: The model of the other side.
    """
    middle = hand.joints.mean(0)
    ray = middle / max(float(np.linalg.norm(middle)), 1e-9)
    mirror = np.eye(3) - 2 * np.outer(ray, ray)
    wrist = hand.translation + _wrist(model.mirrored(), hand)
    wrist = wrist - 2 * ray * (ray @ (wrist - middle))
    rotation = mirror @ exp_rotation(hand.pose[:3]) @ np.diag([-1.0, 1.0, 1.0])
    pose = np.concatenate([log_rotation(rotation), mirror_pose(hand.pose[3:])])
    translation = wrist - _wrist(model, hand)
    turned = block_diag(mirror, -mirror)  # turns are mirrored as axial vectors
    return replace(
        hand,
        side=model.side,
        pose=pose,
        translation=translation,
        joints=model.forward_numpy(pose, hand.shape, translation).joints[0],
        wrist_covariance=turned @ hand.wrist_covariance @ turned.T,
    )


def _wrist(model: HandModel, hand: HandEstimate) -> FloatArray:
    return np.asarray(model.joint_template[0] + model.joint_shape_directions[0] @ hand.shape)
