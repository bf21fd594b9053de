"""Keeps the per-frame estimates of a run, so that they survive when the optimiser does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rhov_core.camera import Camera
from rhov_core.cues import HandEstimate
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.result_directory import write_result
from rhov_core.trajectory import HandObjectTrajectory
from rhov_optimizer.joint.hand_track import side_seen


class CollectedEstimates:
    """The newest estimate of each frame."""

    def __init__(self) -> None:
        self._objects: dict[int, ObjectEstimate] = {}
        self._hands: dict[int, HandEstimate] = {}

    def add_object(self, estimate: ObjectEstimate) -> None:
        """Remembers where the object was in a frame."""
        self._objects[estimate.frame_index] = estimate

    def add_hand(self, frame_index: int, estimate: HandEstimate) -> None:
        """Remembers the hand of a frame."""
        self._hands[frame_index] = estimate

    def __len__(self) -> int:
        return len(self._objects)

    def trajectory(self, object_name: str, camera: Camera) -> HandObjectTrajectory | None:
        """The estimates, not smoothed, with the hands of one side (`side_seen`); None if there are none."""
        frames = sorted(self._objects)
        if not frames:
            return None
        objects = [self._objects[i] for i in frames]
        hands = [self._hands.get(i) for i in frames]
        side = side_seen(hands)
        hands = [hand if hand is not None and hand.side == side else None for hand in hands]
        seen = next((hand for hand in hands if hand is not None), None)
        return HandObjectTrajectory(
            frame_index=np.array(frames),
            stamp=np.array([o.stamp for o in objects]),
            K=camera.K,
            image_size=np.array([camera.width, camera.height]),
            object_name=object_name,
            T_camera_object=np.stack([o.T_camera_object for o in objects]),
            object_scale=1.0,
            object_covariance=np.stack([o.covariance for o in objects]),
            object_state=np.array([int(o.state) for o in objects]),
            hand_side=seen.side if seen else "right",
            hand_pose=np.stack([np.zeros(48) if h is None else h.pose for h in hands]),
            hand_shape=seen.shape if seen else np.zeros(10),
            hand_translation=np.stack([np.zeros(3) if h is None else h.translation for h in hands]),
            hand_joints=np.stack([np.zeros((21, 3)) if h is None else h.joints for h in hands]),
            hand_valid=np.array([h is not None for h in hands]),
            hand_model=seen.model if seen else "none",
        )

    def save_partial(self, directory: str | Path, object_name: str, camera: Camera | None, reason: str) -> Path | None:
        """Writes what there is to `<directory>/partial`; None if there is nothing to write."""
        trajectory = self.trajectory(object_name, camera) if camera is not None else None
        if trajectory is None or camera is None:
            return None
        report = {
            "complete": False,
            "reason": reason,
            "frames": len(trajectory),
            "frames_lost": trajectory.frames_lost,
            "note": "tracked poses, not optimised together",
        }
        return write_result(Path(directory) / "partial", trajectory, camera, report)
