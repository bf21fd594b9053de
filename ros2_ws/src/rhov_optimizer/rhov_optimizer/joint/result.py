"""The trajectory of a solved clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.hand import HandModel
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.trajectory import HandObjectTrajectory
from rhov_optimizer.joint.hand_track import HandTrack
from rhov_optimizer.registration.mesh import CentredMesh


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
