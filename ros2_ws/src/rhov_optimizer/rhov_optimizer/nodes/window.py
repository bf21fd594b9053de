"""A window of a stream as a trajectory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rhov_core.camera import Camera
from rhov_core.hand import HandModel
from rhov_core.object_model import ObjectModel
from rhov_core.trajectory import HandObjectTrajectory
from rhov_optimizer.joint.hand_track import side_seen
from rhov_optimizer.nodes.track_buffer import TrackedFrame


def tracked_trajectory(
    frames: Sequence[TrackedFrame], camera: Camera, model: ObjectModel, hand_model: HandModel
) -> HandObjectTrajectory:
    """The poses of the frames' estimates and the hands of the detector, frame by frame.

    Args:
        frames: At least one, in order.
        camera: Of the images.
        model: The object.
        hand_model: Names the hand where no frame has one.
    """
    hands = [frame.record.hand for frame in frames]
    seen = [hand for hand in hands if hand is not None]
    side = side_seen(hands) or hand_model.side
    valid = np.array([hand is not None and hand.side == side for hand in hands])

    def of_hands(name: str, *shape: int) -> np.ndarray:
        blank = np.zeros(shape)
        rows = zip(hands, valid, strict=True)
        return np.stack([getattr(hand, name) if good else blank for hand, good in rows])

    estimates = [frame.estimate for frame in frames]
    return HandObjectTrajectory(
        frame_index=np.array([e.frame_index for e in estimates]),
        stamp=np.array([e.stamp for e in estimates]),
        K=camera.K,
        image_size=np.array([camera.width, camera.height]),
        object_name=model.name,
        T_camera_object=np.stack([e.T_camera_object for e in estimates]),
        object_scale=1.0,
        object_covariance=np.stack([e.covariance for e in estimates]),
        object_state=np.array([int(e.state) for e in estimates]),
        hand_side=side,
        hand_pose=of_hands("pose", 48),
        hand_shape=np.median(of_hands("shape", 10)[valid], axis=0) if valid.any() else np.zeros(10),
        hand_translation=of_hands("translation", 3),
        hand_joints=of_hands("joints", 21, 3),
        hand_valid=valid,
        hand_model=seen[0].model if seen else hand_model.name,
    )
