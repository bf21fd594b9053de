"""The overlay video: the reconstruction drawn on the frames that it was made from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rhov_core.arrays import ByteArray
from rhov_core.camera import Camera
from rhov_core.draw import HAND, LOST, OBJECT, draw_axes, draw_hand, write_line
from rhov_core.draw_surfaces import Surface, draw_surfaces
from rhov_core.errors import InputError
from rhov_core.hand import HandModel
from rhov_core.object_model import ObjectModel
from rhov_core.trajectory import HandObjectTrajectory, ObjectState
from rhov_core.video import VideoReader, VideoWriter


def write_overlay(
    path: str | Path,
    trajectory: HandObjectTrajectory,
    video: str | Path,
    model: ObjectModel,
    camera: Camera,
    progress: Callable[[float], None] | None = None,
) -> None:
    """Writes the frames of a trajectory with object and hand drawn on them.

    Args:
        path: The video file to write (.mp4).
        trajectory: The reconstruction.
        video: The video that was reconstructed.
        model: The object.
        camera: Of the video, with its distortion.
        progress: Called with a fraction from 0 to 1.

    Raises:
        InputError: If the video cannot be read or has none of the frames.
    """
    reader = VideoReader(video, int(trajectory.frame_index[0]))
    place = {int(frame): i for i, frame in enumerate(trajectory.frame_index)}
    hand_model = _hand_model(trajectory)
    drawn, last = 0, int(trajectory.frame_index[-1])
    with VideoWriter(path, reader.info.fps, (camera.width, camera.height)) as writer:
        for frame in reader:
            if frame.frame_index > last:
                break
            i = place.get(frame.frame_index)
            if i is None:
                continue
            image = camera.rectify(frame.image)
            writer.write(draw_frame(image, trajectory, i, model, camera.rectified(), hand_model))
            drawn += 1
            if progress is not None:
                progress(drawn / len(trajectory))
        if not drawn:
            given = f"'{video}' has none of the frames of the trajectory"
            raise InputError(given, "the video that was reconstructed", "give that video")


def draw_frame(
    image: ByteArray,
    trajectory: HandObjectTrajectory,
    index: int,
    model: ObjectModel,
    camera: Camera,
    hand_model: HandModel | None = None,
) -> ByteArray:
    """Draws object and hand of one frame on its image.

    Args:
        image: (H, W, 3) BGR, without lens distortion.
        trajectory: The reconstruction.
        index: Which of its frames.
        model: The object.
        camera: Of the image.
        hand_model: Of the trajectory; None: only the joints of the hand are drawn.
    """
    T, state = trajectory.T_camera_object[index], ObjectState(trajectory.object_state[index])
    points = trajectory.object_scale * model.vertices @ T[:3, :3].T + T[:3, 3]
    color = LOST if state == ObjectState.LOST else OBJECT
    surfaces = [Surface(points, model.faces, color)]
    seen = bool(trajectory.hand_valid[index])
    if seen and hand_model is not None:
        pose, translation = trajectory.hand_pose[index], trajectory.hand_translation[index]
        hand = hand_model.forward_numpy(pose, trajectory.hand_shape, translation).vertices[0]
        surfaces.append(Surface(hand, hand_model.faces, HAND, opacity=0.7, outline=1))
    out = draw_surfaces(image, surfaces, camera)
    out = draw_axes(out, camera, T, 0.3 * trajectory.object_scale * model.diameter)
    if seen and hand_model is None:
        out = draw_hand(out, camera, trajectory.hand_joints[index])
    text = f"frame {trajectory.frame_index[index]}   {state.name.lower()}"
    return write_line(out, text, color if state == ObjectState.LOST else (255, 255, 255))


def _hand_model(trajectory: HandObjectTrajectory) -> HandModel | None:
    """The model that comes with RHOV, if the hand's parameters belong to it."""
    model = HandModel.load(side="left" if trajectory.hand_side == "left" else "right")
    return model if model.name == trajectory.hand_model else None
