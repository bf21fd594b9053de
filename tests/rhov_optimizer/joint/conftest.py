"""Clips of a hand that holds a box, drawn by our own rasteriser, with exact truth and honest noise on the cues."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
import pytest
import torch

from rhov_core.camera import Camera
from rhov_core.cues import HandEstimate
from rhov_core.hand import HandModel
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.object_model import ObjectModel
from rhov_core.pose import exp_rotation, log_rotation, make_transform, perturb, transform_points
from rhov_core.render import rasterize
from rhov_core.sdf import SignedDistanceGrid
from rhov_core.trajectory import ObjectState
from rhov_optimizer.joint.bridging import bridged_hand
from rhov_optimizer.joint.config import JointConfig
from rhov_optimizer.joint.hand_track import HandTrack
from rhov_optimizer.joint.light_hand import light_hand
from rhov_optimizer.joint.scene import Problem
from rhov_optimizer.joint.start import seen_frames
from rhov_optimizer.joint.variables import Variables
from rhov_optimizer.packed_mask import PackedMask
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.track_record import TrackRecord

BOX = (0.17, 0.13, 0.05)
KEYFRAMES = (0, 15)


@dataclass(frozen=True)
class Clip:
    """A clip with its truth."""

    camera: Camera
    model: ObjectModel
    hand_model: HandModel
    records: list[TrackRecord]
    estimates: list[ObjectEstimate]
    T: np.ndarray
    """(N, 4, 4) true object poses."""
    hand_joints: np.ndarray
    """(N, 21, 3) true keypoints [m]."""

    def part(self, stop: int) -> Clip:
        """The first frames."""
        cut = slice(0, stop)
        return replace(
            self,
            records=self.records[cut],
            estimates=self.estimates[cut],
            T=self.T[cut],
            hand_joints=self.hand_joints[cut],
        )

    def lose(self, frames: range) -> Clip:
        """The clip with the tracker lost in some frames: the pose stands still, there is no mask and no match."""
        records, estimates = list(self.records), list(self.estimates)
        for i in frames:
            kept = estimates[frames.start - 1].T_camera_object if frames.start else np.eye(4)
            estimates[i] = replace(estimates[i], T_camera_object=kept, state=ObjectState.LOST)
            records[i] = TrackRecord(records[i].frame_index, records[i].stamp, records[i].image_size, records[i].hand)
        return replace(self, records=records, estimates=estimates)

    def object_errors(self, T: np.ndarray) -> tuple[float, float]:
        """Root mean square errors of poses (N, 4, 4): rotation [degree] and translation [m]."""
        angle = np.linalg.norm(log_rotation(T[:, :3, :3] @ np.swapaxes(self.T[:, :3, :3], 1, 2)), axis=1)
        distance = np.linalg.norm(T[:, :3, 3] - self.T[:, :3, 3], axis=1)
        return float(np.degrees(np.sqrt((angle**2).mean()))), float(np.sqrt((distance**2).mean()))


@cache
def _grasp() -> tuple[np.ndarray, np.ndarray]:
    """Pose (48,) and translation (3,) of a hand that holds the box, in the box's frame."""
    model, hand = ObjectModel.box(BOX, "box"), HandModel.load()
    grid = SignedDistanceGrid.from_mesh(model.vertices, model.faces, 48, 0.5)
    # Fingers along -y over the face at +z, thumb to the side of -x: the palm (-y at rest) looks at the box.
    x, y, z = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0])
    turn = log_rotation(np.stack([x, y, z], 1))
    pose = torch.zeros(1, 48)
    pose[0, :3] = torch.tensor(turn)
    translation = torch.tensor([[0.03, 0.15, 0.065]], requires_grad=True)
    fingers = torch.zeros(1, 45, requires_grad=True)
    pads = [torch.from_numpy(pad) for pad in hand.fingertip_vertices.values()]
    optimiser = torch.optim.Adam([{"params": [translation], "lr": 0.003}, {"params": [fingers], "lr": 0.03}])
    for _ in range(120):
        optimiser.zero_grad()
        vertices = hand.forward(torch.cat([pose[:, :3], fingers], 1), torch.zeros(10), translation).vertices
        distance = grid.distance(vertices[0])
        gaps = torch.stack([distance[pad].abs().min() for pad in pads])
        depth = (-distance).clamp(min=0)
        loss = (gaps**2).sum() * 1e4 + (depth**2).sum() * 1e3 + 0.3 * (fingers**2).sum()
        loss.backward()
        optimiser.step()
    return np.concatenate([turn, fingers.detach().numpy()[0]]), translation.detach().numpy()[0].astype(np.float64)


def make_clip(
    count: int = 30,
    seed: int = 0,
    *,
    rotation_noise: float = 0.03,
    translation_noise: float = 0.004,
    hand_noise: float = 1.0,
    pixel_noise: float = 1.0,
    unit: float = 1.0,
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
    depth: str = "",
    behind: bool = False,
) -> Clip:
    """Renders a clip.

    Args:
        count: Frames, at 30 a second.
        seed: Of the noise.
        rotation_noise: Of the estimates [rad].
        translation_noise: Of the estimates [m].
        hand_noise: Factor of the noise of the hand's estimates.
        pixel_noise: Factor of the noise of keypoints, flow and features.
        unit: The mesh file's unit [m]: other than 1, its size is not metric.
        origin: Where the mesh file's origin is, seen from the box's centre [m].
        depth: "metric" or "relative" adds a depth cue.
        behind: Whether the hand is behind the box, seen from the camera.
    """
    rng = np.random.default_rng(seed)
    camera = Camera.from_focal(380.0, 320, 240)
    metric = ObjectModel.box(BOX, "box")
    hand = HandModel.load()
    grasp_pose, grasp_translation = _grasp()
    time = np.arange(count) / 30
    turn = np.stack([0.5 * np.sin(2.1 * time), 0.6 * np.cos(1.7 * time) - 0.3, 0.4 * np.sin(1.3 * time + 1)], 1)
    place = np.stack([0.03 * np.sin(2 * time), 0.03 + 0.02 * np.cos(2.5 * time), 0.5 + 0.03 * np.sin(1.5 * time)], 1)
    T = make_transform(exp_rotation(turn) @ exp_rotation([-0.4 if behind else 2.6, 0.0, 0.0]), place)
    wrist = hand.joint_template[0]
    pose = np.tile(grasp_pose, (count, 1))
    pose[:, :3] = log_rotation(T[:, :3, :3] @ exp_rotation(grasp_pose[:3]))
    translation = transform_points(T, (grasp_translation + wrist)[None])[:, 0] - wrist
    geometry = hand.forward_numpy(pose, np.zeros(10), translation)
    surface = _Surface(camera, metric, T, hand, geometry.vertices)
    records, estimates = [], []
    for i in range(count):
        uv = camera.project(geometry.joints[i]) + pixel_noise * rng.normal(0, 0.7, (21, 2))
        noisy = pose[i] + hand_noise * rng.normal(0, 0.06, 48)
        moved = translation[i] + hand_noise * rng.normal(0, [0.004, 0.004, 0.01])
        estimate = HandEstimate(
            "right",
            0.9,
            uv,
            noisy,
            np.zeros(10),
            moved,
            hand.forward_numpy(noisy, np.zeros(10), moved).joints[0],
            np.eye(6) * 1e-4,
            hand.name,
        )
        record = surface.record(i, estimate, rng, pixel_noise)
        if depth:
            seen = surface.depth(i, 4) + pixel_noise * 0.003 * np.random.default_rng(1000 + i).normal(size=(60, 80))
            # Another scale and shift in each frame, as networks give.
            changed = seen if depth == "metric" else (3.0 + 0.2 * i) * seen - 0.1 * i
            record = replace(record, depth=changed.astype(np.float32), depth_is_metric=depth == "metric")
        records.append(record)
        guess = perturb(T[i], rng.normal(0, np.repeat([translation_noise, rotation_noise], 3)))
        guess[:3, 3] = (guess[:3, :3] @ origin + guess[:3, 3]) / unit
        estimates.append(ObjectEstimate(i, i / 30, guess, np.eye(6) * 1e-4, ObjectState.TRACKED))
    model = replace(metric, vertices=(metric.vertices - origin) / unit, is_metric=unit == 1.0)
    T = T @ make_transform(np.eye(3), origin)
    return Clip(camera, model, hand, records, estimates, T, geometry.joints)


class _Surface:
    """Draws the truth and reads cues from it."""

    def __init__(
        self, camera: Camera, model: ObjectModel, T: np.ndarray, hand: HandModel, hand_vertices: np.ndarray
    ) -> None:
        self._camera, self._T = camera, T
        thing = transform_points(T, model.vertices)
        self._face, self._inverse = rasterize(thing, model.faces, camera)
        hand_face, hand_inverse = rasterize(hand_vertices, hand.faces, camera)
        self._hand = (hand_face >= 0) & (hand_inverse > self._inverse)
        self._nearest = np.maximum(self._inverse, hand_inverse)
        self._object = (self._face >= 0) & ~self._hand

    def depth(self, frame: int, stride: int) -> np.ndarray:
        """What a depth camera sees of hand and object [m], NaN elsewhere."""
        inverse = self._nearest[frame, ::stride, ::stride].astype(np.float64)
        return np.where(inverse > 0, 1 / np.maximum(inverse, 1e-6), np.nan)

    def _follow(self, source: int, target: int, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the surface under pixels (M, 2) of one frame is in another, and whether it is seen there."""
        column, row = pixels.T
        z = 1 / self._inverse[source, row, column].astype(np.float64)
        points = self._camera.rays(pixels) * z[:, None]
        moved = transform_points(self._T[target] @ np.linalg.inv(self._T[source]), points)
        uv = self._camera.project(moved)
        column, row = np.clip(np.rint(uv).astype(int), 0, [self._camera.width - 1, self._camera.height - 1]).T
        seen = self._object[target, row, column]
        return uv, seen & (np.abs(1 / moved[:, 2] - self._inverse[target, row, column]) * moved[:, 2] < 0.01)

    def _pixels(self, frame: int, rng: np.random.Generator, count: int) -> np.ndarray:
        inner = cv2.erode(self._object[frame].astype(np.uint8), np.ones((9, 9), np.uint8))
        row, column = np.nonzero(inner)
        pick = rng.choice(len(row), min(count, len(row)), replace=False)
        return np.stack([column[pick], row[pick]], 1)

    def record(self, frame: int, hand: HandEstimate, rng: np.random.Generator, noise: float) -> TrackRecord:
        """The cues of a frame."""
        flow = np.zeros((0, 2)), np.zeros((0, 2))
        if frame:
            source = self._pixels(frame - 1, rng, 60)
            uv, seen = self._follow(frame - 1, frame, source)
            flow = source[seen].astype(float), uv[seen] + noise * rng.normal(0, 0.3, (seen.sum(), 2))
        matches = []
        for key in KEYFRAMES:
            if key < frame:
                source = self._pixels(key, np.random.default_rng(key), 40)
                uv, seen = self._follow(key, frame, source)
                found = uv[seen] + noise * rng.normal(0, 0.6, (seen.sum(), 2))
                matches.append((np.full(seen.sum(), key), source[seen], found))
        key, source, target = (
            (np.concatenate(part) for part in zip(*matches, strict=True))
            if matches
            else (np.zeros(0), np.zeros((0, 2)), np.zeros((0, 2)))
        )
        return TrackRecord(
            frame,
            frame / 30,
            (self._camera.width, self._camera.height),
            hand=hand,
            hand_mask=PackedMask.pack(self._hand[frame]),
            object_mask=PackedMask.pack(self._object[frame]),
            excluded=PackedMask.pack(cv2.dilate(self._hand[frame].astype(np.uint8), np.ones((7, 7), np.uint8))),
            flow_source=flow[0],
            flow_target=flow[1],
            match_keyframe=key,
            match_source=source,
            match_target=target,
        )


@pytest.fixture(scope="session")
def clip() -> Clip:
    """Thirty frames of a hand with a box of known size."""
    return make_clip()


@pytest.fixture(scope="session")
def long_clip() -> Clip:
    """Eighty frames: more than one part of the first-order stage."""
    return make_clip(80, seed=2)


def make_problem(clip: Clip, *, config: JointConfig | None = None) -> tuple[Variables, Problem]:
    """The first-order problem of a clip at its estimates, in double precision so that differences are exact."""
    mesh = CentredMesh.from_model(clip.model, 500)
    stamps = np.array([record.stamp for record in clip.records])
    hand = HandTrack.from_records(clip.records, clip.hand_model)
    hand = None if hand is None else bridged_hand(hand, clip.hand_model, stamps)
    light = None if hand is None else light_hand(clip.hand_model, 400)
    T = np.stack([mesh.centred(estimate.T_camera_object) for estimate in clip.estimates])
    variables = Variables(mesh, T, 1.0, light, hand)
    for name, value in vars(variables).items():
        if isinstance(value, torch.Tensor):
            setattr(variables, name, value.double())
    problem = Problem(
        camera=clip.camera,
        records=clip.records,
        stamps=stamps,
        seen=seen_frames(clip.estimates),
        mesh=mesh,
        distance=SignedDistanceGrid.from_mesh(mesh.vertices, mesh.faces, 48, 0.3),
        hand_model=light,
        hand=hand,
        start=variables.scene(slice(0, len(clip.records))),
        config=config or JointConfig(),
    )
    return variables, problem


@pytest.fixture(scope="session")
def true_clip() -> Clip:
    """Six frames whose estimates are the truth and whose cues have no noise worth the name."""
    return make_clip(6, rotation_noise=0.0, translation_noise=0.0, hand_noise=0.0, pixel_noise=0.0)


@pytest.fixture(scope="session")
def clip_factory() -> Callable[..., Clip]:
    """`make_clip`."""
    return make_clip


@pytest.fixture(scope="session")
def problem_of() -> Callable[..., tuple[Variables, Problem]]:
    """`make_problem`."""
    return make_problem
