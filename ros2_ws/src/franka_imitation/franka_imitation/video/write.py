"""The video of a rollout: the robot, the object, and as a ghost where the object should be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from franka_imitation.motion_plan import PHASES, MotionPlan
from franka_imitation.robot import Robot
from franka_imitation.scene import Scene, build_scene
from franka_imitation.simulate import Rollout
from franka_imitation.video.opengl import OpenGLPainter
from franka_imitation.video.plain import PlainPainter
from franka_imitation.video.view import SIZE, Painter, View
from rhov_core.arrays import ByteArray
from rhov_core.errors import MissingDependencyError
from rhov_core.object_model import ObjectModel
from rhov_core.pose import difference
from rhov_core.video import VideoWriter

FPS = 30.0
_WORDS = {
    "approach": "approaching",
    "reach": "reaching for the grasp",
    "close": "closing the fingers",
    "lift": "lifting",
    "transfer": "moving to the first pose",
    "follow": "following the demonstration",
    "hold": "done",
}


def write_video(
    path: str | Path,
    plan: MotionPlan,
    rollout: Rollout,
    object_model: ObjectModel,
    robot: Robot,
    thresholds: tuple[float, float],
    *,
    progress: Callable[[str, float], None] = lambda stage, fraction: None,
) -> str:
    """Draws a rollout at 30 frames per second: the way to the demonstration at double speed, the rest in real time.

    Args:
        path: The mp4 file.
        plan: What was asked for.
        rollout: What happened.
        object_model: The object, in the size of the demonstration.
        robot: The arm.
        thresholds: A step is matched within this distance [m] and angle [rad].
        progress: Told which fraction of the stage "writing" is done.

    Returns:
        How it was drawn; says what to install where OpenGL is missing.
    """
    scene = build_scene(robot, object_model, visual=True)
    painter, how = _make_painter(scene, View.of(plan))
    picked = _picked(plan)
    poses = rollout.T_table_object
    try:
        with VideoWriter(path, FPS, SIZE) as writer:
            for n, k in enumerate(picked):
                frame = int(np.clip(np.searchsorted(plan.frame_due, plan.time[k], "right") - 1, 0, None))
                target = plan.T_table_object[frame]
                error = difference(poses[k], target)
                image = painter.paint(rollout.state[k], target)
                errors = float(np.linalg.norm(error[:3])), float(np.linalg.norm(error[3:]))
                _annotate(image, plan, int(k), frame, errors, thresholds)
                writer.write(image)
                if n % 30 == 0:
                    progress("writing", n / len(picked))
    finally:
        painter.close()
    return how


def _make_painter(scene: Scene, view: View) -> tuple[Painter, str]:
    try:
        return OpenGLPainter(scene, view), "OpenGL"
    except MissingDependencyError as error:
        return PlainPainter(scene, view), f"plain shading: {error}"


def _picked(plan: MotionPlan) -> NDArray[np.int64]:
    """Indices of the set-points that are drawn."""
    start = plan.time[np.argmax(plan.phase == PHASES.index("follow"))]
    times = np.concatenate([np.arange(0, start, 2 / FPS), np.arange(start, plan.time[-1], 1 / FPS)])
    return np.rint(times / plan.period).astype(np.int64)


def _annotate(
    image: ByteArray,
    plan: MotionPlan,
    sample: int,
    frame: int,
    errors: tuple[float, float],
    thresholds: tuple[float, float],
) -> None:
    phase = PHASES[plan.phase[sample]]
    if phase in ("follow", "hold"):
        matched = errors[0] <= thresholds[0] and errors[1] <= thresholds[1]
        verdict = "matched" if matched else "missed"
        lines = [
            f"{plan.robot}: {_WORDS[phase]}",
            f"step {frame + 1} of {len(plan.frame_index)}",
            f"error {1e3 * errors[0]:.1f} mm, {np.rad2deg(errors[1]):.1f} deg: {verdict}",
        ]
    else:
        lines = [f"{plan.robot}: {_WORDS[phase]} (x2)"]
    for i, line in enumerate(lines):
        _write(image, line, (12, 24 + 20 * i), 0.5)
    _write(image, "blue: the pose of the object in the video", (12, SIZE[1] - 12), 0.42)
    _write(image, f"{plan.time[sample]:5.1f} s", (SIZE[0] - 70, SIZE[1] - 12), 0.42)


def _write(image: ByteArray, text: str, where: tuple[int, int], size: float) -> None:
    for colour, width in (((255, 255, 255), 3), ((40, 40, 40), 1)):
        cv2.putText(image, text, where, cv2.FONT_HERSHEY_SIMPLEX, size, colour, width, cv2.LINE_AA)
