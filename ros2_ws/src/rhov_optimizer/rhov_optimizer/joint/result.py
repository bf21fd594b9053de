"""Trajectory and quality figures of a solved clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.hand import HandModel
from rhov_core.metrics.temporal import rotation_jitter, translation_jitter
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.trajectory import HandObjectTrajectory, ObjectState
from rhov_optimizer.joint.hand_track import HandTrack
from rhov_optimizer.registration.agreement import overlap
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.track_record import TrackRecord


def assemble(
    camera: Camera,
    name: str,
    mesh: CentredMesh,
    estimates: Sequence[ObjectEstimate],
    T: FloatArray,
    scale: float,
    covariance: FloatArray,
    hand_model: HandModel,
    hand: HandTrack | None,
) -> HandObjectTrajectory:
    """The trajectory in the frame of the mesh file.

    Args:
        camera: Of the clip.
        name: Of the object.
        mesh: For its centre.
        estimates: For frames and states.
        T: (N, 4, 4) poses of the centred mesh, after scaling.
        scale: Of the object.
        covariance: (N, 6, 6) of T.
        hand_model: The full model.
        hand: The hand's parameters, or None if the clip shows none; they are then zero and marked invalid.
    """
    count = len(estimates)
    scaled = replace(mesh, centre=scale * mesh.centre)
    joints = np.zeros((count, 21, 3))
    if hand is not None:
        joints = hand_model.forward_numpy(hand.pose, hand.shape, hand.translation).joints
    return HandObjectTrajectory(
        frame_index=np.array([estimate.frame_index for estimate in estimates]),
        stamp=np.array([estimate.stamp for estimate in estimates]),
        K=camera.K,
        image_size=np.array([camera.width, camera.height]),
        object_name=name,
        T_camera_object=np.stack([scaled.in_file_frame(pose) for pose in T]),
        object_scale=scale,
        object_covariance=np.stack(
            [scaled.covariance_in_file_frame(*pair) for pair in zip(T, covariance, strict=True)]
        ),
        object_state=np.array([int(estimate.state) for estimate in estimates]),
        hand_side=hand_model.side if hand is None else hand.side,
        hand_pose=np.zeros((count, 48)) if hand is None else hand.pose,
        hand_shape=np.zeros(10) if hand is None else hand.shape,
        hand_translation=np.zeros((count, 3)) if hand is None else hand.translation,
        hand_joints=joints,
        hand_valid=np.zeros(count, np.bool_) if hand is None else hand.valid,
        hand_model=hand_model.name,
    )


def quality(
    camera: Camera, mesh: CentredMesh, records: Sequence[TrackRecord], states: Sequence[ObjectState], T: FloatArray
) -> dict[str, float | None]:
    """Jitter and mask overlap of poses (N, 4, 4) of the centred, unscaled mesh; None where nothing can be said."""
    overlaps = []
    for record, state, pose in zip(records, states, T, strict=True):
        if state == ObjectState.LOST or record.object_mask is None or record.object_mask.is_empty:
            continue
        view = SurfaceView.draw(mesh, camera, pose)
        if view is not None:
            ignored = None if record.excluded is None else record.excluded.unpack()
            overlaps.append(overlap(view.silhouette(), record.object_mask.unpack(), ignored))
    compared = np.array(overlaps)[np.isfinite(overlaps)] if overlaps else np.zeros(0)
    moving = len(T) > 2
    return {
        "rotation_jitter_deg": float(np.degrees(np.median(rotation_jitter(T[:, :3, :3])))) if moving else None,
        "translation_jitter_m": float(np.median(translation_jitter(T[:, :3, 3]))) if moving else None,
        "mask_iou": float(np.median(compared)) if len(compared) else None,
    }
