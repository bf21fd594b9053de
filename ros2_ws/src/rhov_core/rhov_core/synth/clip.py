"""A rendered clip of a hand that carries and turns an object, with its truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from rhov_core.arrays import ByteArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.files import output_directory, write_json
from rhov_core.hand import HandModel
from rhov_core.object_model import ObjectModel
from rhov_core.pose import exp_rotation, log_rotation, make_transform, transform_points
from rhov_core.sdf import SignedDistanceGrid
from rhov_core.synth.grip import grip
from rhov_core.synth.shading import Part, Shader
from rhov_core.synth.textures import plain, printed, room
from rhov_core.trajectory import HandObjectTrajectory
from rhov_core.video import VideoWriter

FPS = 30.0
SKIN = (0.55, 0.33, 0.24)
SUBFRAMES = 2
"""Pictures averaged into one frame: antialiasing and a little motion blur."""
_KNOT_SECONDS = 1.1
"""Between two poses that the hand passes."""


@dataclass(frozen=True)
class RenderedClip:
    """Where the parts of a rendered clip lie."""

    video: Path
    mesh: Path
    camera: Path
    truth: Path
    """trajectory.npz with the true poses."""
    box: tuple[int, int, int, int]
    """x, y, width, height around the object in the first frame [pixel]."""


def synthesize_clip(
    model: ObjectModel,
    seed: int,
    out: str | Path,
    frames: int = 150,
    hand: HandModel | None = None,
    progress: Callable[[float], None] = lambda fraction: None,
) -> RenderedClip:
    """Renders a right hand that holds an object before a table, carries it about and turns it.

    Args:
        model: The object; its frame's z axis stands upright in the hand.
        seed: Of motion, textures and noise; the same seed gives the same truth.
        out: Folder for clip.mp4, camera.yaml, object.obj, clip.json and truth/trajectory.npz.
        frames: Number of frames, at 30 per second.
        hand: The hand model; None: the free one.
        progress: Called with a fraction from 0 to 1.

    Raises:
        InputError: If the folder cannot be written.
    """
    folder, rng = output_directory(out), np.random.default_rng(seed)
    camera, hand = Camera.from_focal(600.0, 640, 480), hand or HandModel.load()
    stage = _Stage(model, hand, camera, rng)
    poses = _motion(rng, frames)
    with VideoWriter(folder / "clip.mp4", FPS, (camera.width, camera.height), crf=16) as writer:
        for i in range(frames):
            writer.write(_developed(stage.picture(poses, i), rng))
            progress((i + 1) / frames)
    truth = stage.truth(np.stack([poses(i) for i in range(frames)]))
    truth.save(folder / "truth" / "trajectory.npz")
    camera.save(folder / "camera.yaml")
    model.save(folder / "object.obj")
    box = stage.box(poses(0))
    write_json(folder / "clip.json", {"seed": seed, "frames": frames, "box": box, "object": model.name})
    return RenderedClip(
        folder / "clip.mp4", folder / "object.obj", folder / "camera.yaml", folder / "truth" / "trajectory.npz", box
    )


def _motion(rng: np.random.Generator, frames: int) -> Callable[[float], FloatArray]:
    """A smooth T_camera_object over time [frame]: the object stands upright at first, about 0.5 m away."""
    knots = max(4, int(np.ceil(frames / FPS / _KNOT_SECONDS)) + 1)
    places = rng.uniform([-0.06, -0.05, -0.05], [0.06, 0.04, 0.05], (knots, 3)) + np.array([0, 0, 0.5])
    turns = rng.uniform(-0.32, 0.32, (knots, 3))
    upright = exp_rotation([np.pi / 2 + 0.25, 0, 0]) @ exp_rotation([0, 0, 0.35])  # z against gravity, seen from above
    times = np.linspace(0, max(frames - 1, 1), knots)
    place, turn = (CubicSpline(times, values, bc_type="clamped") for values in (places, turns))
    return lambda t: make_transform(exp_rotation(turn(t)) @ upright, place(t))


class _Stage:
    """Everything that is drawn."""

    def __init__(self, model: ObjectModel, hand: HandModel, camera: Camera, rng: np.random.Generator) -> None:
        self._model, self._hand, self._camera = model, hand, camera
        centre = (model.vertices.max(0) + model.vertices.min(0)) / 2
        distance = SignedDistanceGrid.from_mesh(model.vertices, model.faces)
        # the palm behind the object, the forearm coming from the right
        approach, fingers = np.array([0.0, -1.0, 0.0]), np.array([-1.0, 0.0, 0.0])
        self._pose, self._translation = grip(hand, distance, centre, approach, fingers)
        held = hand.forward_numpy(self._pose, np.zeros(10), self._translation)
        self._held = held.vertices[0]
        sleeve, sleeve_faces = _sleeve(held.joints[0])
        self._sleeve = sleeve
        extent = float(np.ptp(model.vertices, axis=0).max())
        parts = [
            Part(model.vertices, model.faces, printed(rng), 1 / extent, False),
            Part(self._held, hand.faces, plain(rng, SKIN, 0.05), 12.0, True),
            Part(sleeve, sleeve_faces, plain(rng, (0.12, 0.2, 0.38), 0.15), 9.0, True),
            Part(_TABLE, _TABLE_FACES, plain(rng, (0.5, 0.42, 0.33), 0.12), 1.6, False),
        ]
        self._shader = Shader(parts, camera, np.array([0.35, 0.75, 0.6]))
        self._room = room(rng, camera.width, camera.height)

    def picture(self, poses: Callable[[float], FloatArray], frame: int) -> NDArray[np.float32]:
        """The frame (H, W, 3) in linear colour, averaged over the exposure."""
        total = np.zeros((self._camera.height, self._camera.width, 3), np.float32)
        for k in range(SUBFRAMES):
            T = poses(frame + 0.3 * (k - (SUBFRAMES - 1) / 2))
            image = self._room.copy()
            moving = [transform_points(T, points) for points in (self._model.vertices, self._held, self._sleeve)]
            self._shader.draw([*moving, _TABLE], image)
            total += image / SUBFRAMES
        return total

    def box(self, T: FloatArray, margin: float = 0.03) -> tuple[int, int, int, int]:
        """A box around the whole object, a little wider than it [pixel]."""
        pixels = self._camera.project(transform_points(T, self._model.vertices))
        low, high = pixels.min(0), pixels.max(0)
        low, high = low - margin * (high - low), high + margin * (high - low)
        x, y = np.maximum(np.floor(low), 0).astype(int)
        right, bottom = np.minimum(np.ceil(high), [self._camera.width - 1, self._camera.height - 1]).astype(int)
        return int(x), int(y), int(right - x), int(bottom - y)

    def truth(self, T: FloatArray) -> HandObjectTrajectory:
        """The true trajectory of object poses (N, 4, 4), with the hand that is carried along."""
        count = len(T)
        R = T[:, :3, :3]
        pose = np.tile(self._pose, (count, 1))
        pose[:, :3] = log_rotation(R @ exp_rotation(self._pose[:3]))
        wrist = self._hand.joint_template[0]
        translation = (wrist + self._translation) @ np.swapaxes(R, 1, 2) + T[:, :3, 3] - wrist
        return HandObjectTrajectory(
            frame_index=np.arange(count),
            stamp=np.arange(count) / FPS,
            K=self._camera.K,
            image_size=np.array([self._camera.width, self._camera.height]),
            object_name=self._model.name,
            T_camera_object=T,
            object_scale=1.0,
            object_covariance=np.zeros((count, 6, 6)),
            object_state=np.ones(count, np.int64),
            hand_side=self._hand.side,
            hand_pose=pose,
            hand_shape=np.zeros(10),
            hand_translation=translation,
            hand_joints=self._hand.forward_numpy(pose, np.zeros(10), translation).joints,
            hand_valid=np.ones(count, np.bool_),
            hand_model=self._hand.name,
        )


_TABLE = np.array([[-1.5, 0.26, 0.2], [1.5, 0.26, 0.2], [1.5, 0.05, 1.8], [-1.5, 0.05, 1.8]])
_TABLE_FACES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def _sleeve(joints: FloatArray) -> tuple[FloatArray, np.ndarray]:
    """A tube from the wrist away from the fingers: vertices (V, 3) [m] and faces (F, 3)."""
    wrist, knuckle, across = joints[0], joints[9], joints[5] - joints[17]
    along = (wrist - knuckle) / np.linalg.norm(wrist - knuckle)
    side = across - along * (across @ along)
    side /= np.linalg.norm(side)
    up, count, rings = np.cross(along, side), 32, 24
    angle = np.arange(count) * 2 * np.pi / count
    vertices = []
    for ring in range(rings):
        s = ring / (rings - 1)
        radius = 0.028 + 0.03 * s
        circle = np.cos(angle)[:, None] * side * radius * 1.15 + np.sin(angle)[:, None] * up * radius
        vertices.append(wrist + along * (0.008 + 0.95 * s) + circle)
    a = np.arange((rings - 1) * count)
    b = a - a % count + (a + 1) % count
    faces = np.concatenate([np.stack([a, b, a + count], 1), np.stack([b, b + count, a + count], 1)])
    return np.concatenate(vertices), faces.astype(np.int32)


def _developed(picture: NDArray[np.float32], rng: np.random.Generator) -> ByteArray:
    """The picture as a camera gives it: a little blur, sensor noise, gamma; BGR."""
    soft = cv2.GaussianBlur(picture, (0, 0), 0.6)
    noisy = soft + (0.004 + 0.012 * np.sqrt(np.maximum(soft, 0))) * rng.normal(size=soft.shape)
    return (np.clip(noisy, 0, 1) ** (1 / 2.2) * 255)[..., ::-1].astype(np.uint8)
