"""A rendered clip of a hand that does something with an object, with its truth."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import ByteArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.files import output_directory, read_json, write_json
from rhov_core.hand import HandModel
from rhov_core.object_model import ObjectModel
from rhov_core.pose import transform_points
from rhov_core.synth.actions import Task
from rhov_core.synth.actors import Actors
from rhov_core.synth.albedo import scanned_colors
from rhov_core.synth.grasps import Grasp, find_grasps
from rhov_core.synth.motion import HandPose
from rhov_core.synth.objects import SynthObject, synth_object
from rhov_core.synth.rehearsal import rehearsed_motion
from rhov_core.synth.scene import Scene, build_scene
from rhov_core.synth.suite import ClipSpec
from rhov_core.synth.truth import FrameTruth, TruthCamera
from rhov_core.synth.truth_files import CONTACT, CUES, TRAJECTORY, TruthFiles
from rhov_core.synth.view import choose_view
from rhov_core.video import VideoWriter

FPS = 30.0
MOMENTS = 3
"""Pictures averaged into one frame: antialiasing and motion blur."""
CONTRAST = 0.5
"""How much a camera darkens shades and brightens lights."""
RENDERING = 2
"""Goes up when the same spec gives another clip."""
_GRASP_SEEDS = 4
"""Clips share the grasps of a few seeds, since these take a while to find."""
_STAGINGS = 4
"""Motions that are tried until one has a good view."""
_MOTION, _LOOK, _NOISE = range(3)
"""Independent random streams of a seed."""


@dataclass(frozen=True)
class RenderedClip:
    """Where the parts of a rendered clip lie."""

    folder: Path
    video: Path
    mesh: Path
    camera: Path
    truth: Path
    """trajectory.npz with the true poses."""
    cues: Path
    """Cues directory (docs/cues.md) with the truth: masks, depth, tracks, hands."""
    contact: Path
    """contact.npz: held (N,), fingertip_distance (N, 5) and penetration (N,) [m], touching (N, V)."""
    box: tuple[int, int, int, int]
    """x, y, width, height around the object in the first frame [pixel]."""
    spec: ClipSpec


def synthesize(
    spec: ClipSpec, out: str | Path, *, progress: Callable[[float], None] = lambda fraction: None
) -> RenderedClip:
    """Renders a clip, or returns the one that is already there.

    Written are clip.mp4, camera.yaml, object.obj with object_colors.ply, clip.json (the last file, which says that the
    clip is complete) and truth/ with trajectory.npz, contact.npz, cues/ (what is visible) and masks_full/ (as if
    nothing was in the way). Objects of one colour have no file with colours.
    The same spec gives the same truth and the same frames.

    Args:
        spec: What is to be seen.
        out: Folder of the clip.
        progress: Called with a fraction from 0 to 1.

    Raises:
        InputError: If the folder cannot be written, or the object is unknown or its mesh cannot be used.
    """
    folder, obj = output_directory(out), synth_object(spec.object)
    hand = HandModel.load(side=spec.side)
    grasps = find_grasps(obj, hand, spec.seed % _GRASP_SEEDS)
    key = _key(spec, obj, grasps)
    if (done := _finished(folder, spec, key)) is not None:
        progress(1.0)
        return done
    (folder / "clip.json").unlink(missing_ok=True)
    stage = _Stage(spec, obj, hand, grasps)
    noise = np.random.default_rng([spec.seed, _NOISE])
    files = TruthFiles(folder, stage.view.camera, stage.actors, FPS)
    crf, hidden = int(noise.integers(18, 25)), []
    with VideoWriter(folder / "clip.mp4", FPS, spec.image_size, crf=crf) as writer:
        before: tuple[FrameTruth, list[FloatArray]] | None = None
        for i in range(spec.frames):
            writer.write(developed(stage.picture(i), noise))
            truth, vertices = stage.truth(i)
            files.write_frame(truth, None if before is None else stage.truth_camera.tracks(*before, truth, vertices))
            files.add_pose(*stage.poses(i))
            hidden.append(truth.occlusion)
            before = truth, vertices
            progress((i + 1) / spec.frames)
    trajectory = files.close()
    stage.view.camera.save(folder / "camera.yaml")
    stage.colored_model().save(folder / "object.obj")
    box = _box(stage.view.camera, transform_points(trajectory.T_camera_object[0], stage.actors.model.vertices))
    about = {"crf": crf, "occlusion": hidden, **stage.about()}
    write_json(folder / "clip.json", {"key": key, "spec": spec.to_dict(), "box": box, "fps": FPS, **about})
    return _clip(folder, spec, box)


class _Stage:
    """Everything about a clip that is decided before its first frame."""

    def __init__(self, spec: ClipSpec, obj: SynthObject, hand: HandModel, grasps: tuple[Grasp, ...]) -> None:
        rng, model = np.random.default_rng([spec.seed, _MOTION]), obj.load()
        task = Task(model.vertices, obj.T_world_object, grasps, hand)
        self.actors, seconds = Actors(model, hand, task.shoulder), spec.frames / FPS
        self._fault = np.inf
        for _ in range(_STAGINGS):
            motion, fault = rehearsed_motion(spec.action, task, self.actors, seconds, rng)
            view = choose_view(motion, self.actors, spec.occlusion, spec.image_size, rng)
            if 100 * fault + view.fault < self._fault:
                self._fault, self.motion, self.view = 100 * fault + view.fault, motion, view
            if self._fault == 0:
                break
        look = np.random.default_rng([spec.seed, _LOOK])
        self.scene: Scene = build_scene(self.actors, obj.material, self.view, look)
        self.truth_camera = TruthCamera(self.view.camera, self.scene.faces, self.scene.planes)
        self._exposure = float(look.uniform(0.2, 0.5))

    def vertices(self, frame: float) -> list[FloatArray]:
        """(V, 3) in the camera frame [m] of what moves, at a frame or between two."""
        vertices = self.actors.vertices(self.motion.at(frame / FPS))
        return [transform_points(self.view.T_camera_world, v) for v in vertices]

    def picture(self, frame: int) -> NDArray[np.float32]:
        """(H, W, 3) linear colour."""
        moments = self._exposure * (np.arange(MOMENTS) - (MOMENTS - 1) / 2) / (MOMENTS - 1)
        return self.scene.picture([self.vertices(frame + moment) for moment in moments])

    def truth(self, frame: int) -> tuple[FrameTruth, list[FloatArray]]:
        """What the frame shows, and the vertices of every part in the camera frame [m]."""
        vertices = [*self.vertices(frame), *self.scene.still]
        return self.truth_camera.look(vertices), vertices

    def poses(self, frame: int) -> tuple[FloatArray, Any, bool]:
        """T_camera_object (4, 4), the hand's parameters in the camera frame, whether it holds the object."""
        state = self.motion.at(frame / FPS)
        T = self.view.T_camera_world
        hand = self.actors.parameters(HandPose(T @ state.hand.wrist, state.hand.fingers))
        return T @ state.T_world_object, hand, state.held

    def colored_model(self) -> ObjectModel:
        """The object with its colours as a scanner measures them."""
        model = self.actors.model
        return replace(model, color_source=scanned_colors(model.vertices, model.faces, self.scene.object_surface))

    def about(self) -> dict[str, Any]:
        """What clip.json says about it."""
        return {
            "T_camera_world": self.view.T_camera_world,
            "skin_tone": self.scene.tone,
            "exposure_frames": self._exposure,
            "things": len(self.view.things),
            "fault": self._fault,
            "masks": "the hand ends at the wrist: forearm and sleeve belong to neither mask",
        }


def developed(picture: NDArray[np.float32], rng: np.random.Generator) -> ByteArray:
    """The picture as a camera gives it: highlights held back, a little blur, sensor noise, gamma; BGR.

    Args:
        picture: (H, W, 3) linear colour.
        rng: For the noise.
    """
    soft = cv2.GaussianBlur(picture / (1 + 0.25 * picture), (0, 0), 0.6)
    strength = np.float32(0.003) + np.float32(0.01) * np.sqrt(np.maximum(soft, 0))
    noisy = soft + strength * rng.standard_normal(soft.shape, np.float32)
    seen = np.clip(noisy, 0, 1) ** np.float32(1 / 2.2)
    seen += np.float32(CONTRAST) * (seen * seen * (3 - 2 * seen) - seen)
    return (seen * 255)[..., ::-1].astype(np.uint8)


def _key(spec: ClipSpec, obj: SynthObject, grasps: tuple[Grasp, ...]) -> str:
    """Changes whenever the clip would."""
    model = obj.load()
    digest = hashlib.sha256(json.dumps([RENDERING, spec.to_dict()]).encode())
    for array in (model.vertices, model.faces, *(a for g in grasps for a in (g.pose, g.translation, g.open_pose))):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def _finished(folder: Path, spec: ClipSpec, key: str) -> RenderedClip | None:
    path = folder / "clip.json"
    if not path.exists():
        return None
    content = read_json(path)
    return _clip(folder, spec, tuple(content["box"])) if content.get("key") == key else None


def _clip(folder: Path, spec: ClipSpec, box: tuple[int, int, int, int]) -> RenderedClip:
    return RenderedClip(
        folder,
        folder / "clip.mp4",
        folder / "object.obj",
        folder / "camera.yaml",
        folder / TRAJECTORY,
        folder / CUES,
        folder / CONTACT,
        box,
        spec,
    )


def _box(camera: Camera, points: FloatArray, margin: float = 0.03) -> tuple[int, int, int, int]:
    """A box around points (N, 3) in the picture, a little wider than they are [pixel]."""
    pixels = camera.project(points)
    low, high = pixels.min(0), pixels.max(0)
    low, high = low - margin * (high - low), high + margin * (high - low)
    x, y = np.maximum(np.floor(low), 0).astype(int)
    right, bottom = np.minimum(np.ceil(high), [camera.width - 1, camera.height - 1]).astype(int)
    return int(x), int(y), int(right - x), int(bottom - y)
