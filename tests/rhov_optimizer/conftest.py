"""A clip of a moving object with exact truth: masks from the rasteriser, flow and features from its surface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import pytest

from rhov_core.camera import Camera
from rhov_core.cues import FrameCues, HandEstimate
from rhov_core.object_model import ObjectModel
from rhov_core.pose import exp_rotation, make_transform, rotation_angle, transform_points
from rhov_core.render import rasterize

CAMERA = Camera.from_focal(600.0, 640, 480)
SURFACE_POINTS = 1500
CLUTTER = 150


def chiral_model() -> ObjectModel:
    """A tapered L without any symmetry, not even a mirror, whose origin lies off its centre."""
    corners = np.array([[0, 0], [0.12, 0], [0.12, 0.045], [0.045, 0.05], [0.04, 0.17], [0, 0.16]])
    top = 0.62 * corners + [0.012, 0.004]
    vertices = np.concatenate([np.c_[corners, np.zeros(6)], np.c_[top, np.full(6, 0.06)]])
    cap = [(0, 1, 2), (0, 2, 3), (0, 3, 4), (0, 4, 5)]
    faces = [(a, c, b) for a, b, c in cap] + [(a + 6, b + 6, c + 6) for a, b, c in cap]
    for i in range(6):
        j = (i + 1) % 6
        faces += [(i, j, j + 6), (i, j + 6, i + 6)]
    return ObjectModel.from_mesh(vertices + np.array([0.03, -0.05, 0.02]), faces, name="tapered L", mass=0.3)


def render_depth(model: ObjectModel, T: np.ndarray) -> np.ndarray:
    """Depth (H, W) [m], infinite off the object."""
    face_id, inverse = rasterize(transform_points(T, model.vertices)[None], model.faces, CAMERA)
    with np.errstate(divide="ignore"):
        return np.where(face_id[0] >= 0, 1 / inverse[0].astype(np.float64), np.inf)


def surface_samples(model: ObjectModel, count: int, rng: np.random.Generator) -> np.ndarray:
    """Points (count, 3) spread evenly over the surface."""
    a, b, c = (model.vertices[model.faces[:, i]] for i in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    face = rng.choice(len(area), count, p=area / area.sum())
    u, v = rng.random((2, count, 1))
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    return a[face] + u * (b - a)[face] + v * (c - a)[face]


def hiding_blob(mask: np.ndarray, fraction: float, angle: float) -> np.ndarray:
    """A strip that comes from outside and hides about this fraction of a mask, like a hand."""
    rows, columns = np.nonzero(mask)
    centre = np.array([columns.mean(), rows.mean()])
    yy, xx = np.mgrid[: mask.shape[0], : mask.shape[1]]
    along = (xx - centre[0]) * np.cos(angle) + (yy - centre[1]) * np.sin(angle)
    across = -(xx - centre[0]) * np.sin(angle) + (yy - centre[1]) * np.cos(angle)
    strip = np.abs(across) < 0.35 * np.sqrt(len(rows)) * np.sqrt(max(1.0, fraction / 0.3))
    inside = np.sort(along[strip & mask])
    return strip & (along < inside[min(int(fraction * len(rows)), len(inside) - 1)])


@dataclass
class SyntheticClip:
    """Frames with truth. It is its own segmenter: the true mask, as far as the band reaches."""

    model: ObjectModel
    T: np.ndarray
    """(N, 4, 4) true poses."""
    textured: bool = True
    hidden: float = 0.15
    """Fraction of the object that the hand hides."""
    blank: range = range(0)
    """Frames in which nothing is seen."""
    camera: Camera = CAMERA
    segmented: list[int] = field(default_factory=list)
    """Frames in which `segment` was called."""

    def __post_init__(self) -> None:
        rng = np.random.default_rng(7)
        self._points = surface_samples(self.model, SURFACE_POINTS, rng)
        self._descriptors = rng.integers(0, 256, (SURFACE_POINTS, 32), dtype=np.uint8)
        self._clutter = rng.uniform(0, 1, (CLUTTER, 2)) * [639, 479]
        self._clutter_descriptors = rng.integers(0, 256, (CLUTTER, 32), dtype=np.uint8)
        self._drawn: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def _draw(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        """Depth (H, W), infinite off the object, and the hand (H, W) in a frame."""
        if i not in self._drawn:
            depth = render_depth(self.model, self.T[i])
            whole = np.isfinite(depth)
            hand = hiding_blob(whole, self.hidden, 0.4) if self.hidden else np.zeros_like(whole)
            self._drawn[i] = depth, hand
        return self._drawn[i]

    def hand(self, i: int) -> np.ndarray:
        """(H, W) the hand in a frame."""
        return self._draw(i)[1]

    def mask(self, i: int) -> np.ndarray:
        """(H, W) the visible object in a frame."""
        depth, hand = self._draw(i)
        return np.isfinite(depth) & ~hand

    def visible(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (P, 2) of all surface points in a frame, and which of them are seen (P,)."""
        p = transform_points(self.T[i], self._points)
        uv = self.camera.project(p)
        depth, hand = self._draw(i)
        column, row = np.clip(np.rint(uv).astype(int), 0, [639, 479]).T
        return uv, ~hand[row, column] & (np.abs(depth[row, column] - p[:, 2]) < 0.002)

    def cues(self, i: int) -> FrameCues:
        """What perception would say about a frame."""
        cues = FrameCues(i, i / 30, (640, 480))
        if i in self.blank:
            return cues
        rng = np.random.default_rng(i)
        uv, seen = self.visible(i)
        cues = replace(cues, hand_mask=self.hand(i), object_mask=self.mask(i), mask_score=0.8)
        if i > 0 and i - 1 not in self.blank:
            before, seen_before = self.visible(i - 1)
            both = np.flatnonzero(seen & seen_before)[::2]
            cues = replace(cues, flow_source=before[both], flow_target=uv[both] + rng.normal(0, 0.3, (len(both), 2)))
        if self.textured:
            flips = np.bitwise_and.reduce(rng.integers(0, 256, (4, SURFACE_POINTS, 32), dtype=np.uint8))  # 1 bit in 16
            descriptors = self._descriptors ^ flips
            found = seen & (rng.random(SURFACE_POINTS) < 0.7)
            positions = np.concatenate([uv[found] + rng.normal(0, 0.5, (found.sum(), 2)), self._clutter])
            every = np.concatenate([descriptors[found], self._clutter_descriptors])
            cues = replace(cues, feature_positions=positions, feature_descriptors=every)
        return cues

    def segment(self, frame_index: int, silhouette: np.ndarray, band: int) -> np.ndarray | None:
        """See `ObjectSegmenter`."""
        self.segmented.append(frame_index)
        if frame_index in self.blank:
            return None
        kernel = np.ones((2 * band + 1, 2 * band + 1), np.uint8)
        drawn = silhouette.astype(np.uint8)
        inner, outer = cv2.erode(drawn, kernel) > 0, cv2.dilate(drawn, kernel) > 0
        return (self.mask(frame_index) | inner) & outer & ~self.hand(frame_index)

    def errors(self, T: np.ndarray, i: int) -> tuple[float, float]:
        """Rotation [degree], over the symmetries, and distance of the object's centres [m] from the truth."""
        copies = self.T[i] @ self.model.symmetries
        angle = rotation_angle(copies[:, :3, :3] @ T[:3, :3].T)
        centre = (self.model.vertices.min(0) + self.model.vertices.max(0)) / 2
        gap = transform_points(T, centre[None]) - transform_points(self.T[i], centre[None])
        return float(np.degrees(angle.min())), float(np.linalg.norm(gap))


def make_motion(count: int, start: np.ndarray, speed: float = 1.0) -> np.ndarray:
    """(count, 4, 4) a smooth motion from a pose: about 1.5 degrees and 4 mm from frame to frame."""
    time = speed * np.arange(count) / 30
    turn = exp_rotation(np.stack([0.5 * np.sin(2 * time), 0.7 * time, 0.4 * (1 - np.cos(2 * time))], 1))
    shift = np.stack([0.06 * np.sin(1.5 * time), 0.03 * (1 - np.cos(2 * time)), 0.05 * np.sin(time)], 1)
    return make_transform(turn @ start[:3, :3], start[:3, 3] + shift)


@pytest.fixture(scope="session")
def clip_of() -> Callable[..., SyntheticClip]:
    """Makes clips: `clip_of(model, T, **fields)`."""
    return SyntheticClip


@pytest.fixture(scope="session")
def motion() -> Callable[..., np.ndarray]:
    """Makes motions: `motion(count, start)`."""
    return make_motion


@pytest.fixture(scope="session")
def model() -> ObjectModel:
    """The tapered L."""
    return chiral_model()


@pytest.fixture(scope="session")
def plain_clip(model) -> Callable[[int], SyntheticClip]:
    """Makes clips of the L without texture: `plain_clip(frames)`."""

    def make(frames: int) -> SyntheticClip:
        R = exp_rotation([0.3, 0.4, 0.2])
        centre = (model.vertices.min(0) + model.vertices.max(0)) / 2
        start = make_transform(R, np.array([-0.02, 0.0, 0.45]) - R @ centre)
        return SyntheticClip(model, make_motion(frames, start), textured=False)

    return make


def make_hand(depth: float, sigma: float = 0.03) -> HandEstimate:
    """A hand of which only the depth [m] and its standard deviation [m] matter."""
    joints = np.tile([0.0, 0.0, depth], (21, 1))
    covariance = np.diag([1e-4, 1e-4, sigma**2, 0.01, 0.01, 0.01])
    zeros = np.zeros((21, 2)), np.zeros(48), np.zeros(10), np.zeros(3)
    return HandEstimate("right", 1.0, *zeros, joints, covariance, "none")


@pytest.fixture(scope="session")
def hand_at() -> Callable[..., HandEstimate]:
    """Makes hands: `hand_at(depth, sigma=...)`."""
    return make_hand
