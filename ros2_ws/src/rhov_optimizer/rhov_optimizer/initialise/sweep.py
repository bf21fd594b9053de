"""Comparing a mask with the object's silhouette from all sides, at low resolution."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.pose import make_transform
from rhov_optimizer.initialise.config import InitialPoseConfig
from rhov_optimizer.initialise.coverage import moments, overlaps
from rhov_optimizer.initialise.views import fibonacci_directions, look_along, rolls, towards
from rhov_optimizer.registration.mesh import CentredMesh

ALL = slice(None)
MOMENT_SCALE = 4
"""Areas and centroids are taken from an image this many times smaller."""


@dataclass(frozen=True)
class Target:
    """The mask that poses are compared with."""

    mask: BoolArray
    """(H, W) the visible object."""
    ignored: BoolArray
    """(H, W) where nothing is known: the widened hand."""
    area: float
    """Of the whole object, with a guess of what the hand hides [pixel^2]."""
    centroid: FloatArray
    """(2,) of the whole object [pixel]."""

    @classmethod
    def from_masks(cls, mask: BoolArray, hand: BoolArray | None, hand_margin: int) -> Target:
        """Prepares a mask; what the hand hides is guessed to be the hand's part of the mask's convex hull."""
        whole, ignored = mask.astype(np.uint8), np.zeros_like(mask)
        if hand is not None and hand.any():
            hull = np.zeros(mask.shape, np.uint8)
            cv2.fillConvexPoly(hull, cv2.convexHull(cv2.findNonZero(whole)), (1,))
            whole |= hull & hand
            ignored = widen(hand, hand_margin)
        m = cv2.moments(whole, binaryImage=True)
        return cls(mask, ignored, m["m00"], np.array([m["m10"], m["m01"]]) / m["m00"])

    def shrunk(self, scale: int) -> tuple[BoolArray, BoolArray]:
        """Mask and ignored region for an image `scale` times smaller."""
        height, width = self.mask.shape
        size = (round(width / scale), round(height / scale))
        small = cv2.resize(self.mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        ignored = cv2.resize(self.ignored.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        return small > 0.5, ignored > 0.25


def widen(mask: BoolArray, margin: int) -> BoolArray:
    """The mask (H, W), dilated by a disc of the given radius [pixel]."""
    if margin == 0:
        return mask
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
    return cv2.dilate(mask.astype(np.uint8), disc).astype(np.bool_)


def sweep(
    mesh: CentredMesh, camera: Camera, target: Target, config: InitialPoseConfig, views: slice = ALL
) -> tuple[FloatArray, FloatArray]:
    """Draws the object in all views and rolls, moved to the mask's area and centroid.

    Args:
        mesh: The object, with few faces.
        camera: Without distortion.
        target: The mask.
        config: How many views.
        views: Which of them are drawn now.

    Returns:
        Poses (N, 4, 4) of the centred mesh and their overlaps (N,) with the mask, 0 to 1.
    """
    ray = camera.rays(target.centroid)
    along = towards(ray) @ look_along(fibonacci_directions(config.views)[views])
    distance, offset = _align(mesh, camera, target, ray, along)
    turn = towards(ray) @ rolls(config.rolls) @ towards(ray).T
    R = (turn[None] @ along[:, None]).reshape(-1, 3, 3)
    # The silhouette turns with the roll about the point that the ray goes through, and its centroid with it.
    shift = (rolls(config.rolls)[None, :, :2, :2] @ offset[:, None, :, None])[..., 0].reshape(-1, 2)
    depth = np.repeat(distance, config.rolls)
    t = ray * depth[:, None]
    t[:, 0] -= shift[:, 0] * depth / camera.fx
    t[:, 1] -= shift[:, 1] * depth / camera.fy
    T = make_transform(R, t)
    mask, ignored = target.shrunk(config.sweep_scale)
    small = camera.scaled(mask.shape[1], mask.shape[0])
    return T, overlaps(mesh.vertices, mesh.faces, T, small, mask, ignored)


def _align(
    mesh: CentredMesh, camera: Camera, target: Target, ray: FloatArray, R: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Depths (N,) [m] at which views (N, 3, 3) have the mask's area, and their centroids (N, 2) [pixel] off the ray."""
    small = camera.scaled(round(camera.width / MOMENT_SCALE), round(camera.height / MOMENT_SCALE))
    # Drawn in a frame wide enough for any silhouette, centred on the ray.
    side = 4 * int(np.ceil(np.sqrt(target.area) / MOMENT_SCALE)) + 16
    centre = small.project(ray)
    wide = small.cropped(round(centre[0]) - side, round(centre[1]) - side, 2 * side, 2 * side)
    origin = wide.project(ray)
    scale = np.array([camera.fx / small.fx, camera.fy / small.fy])
    depth = np.full(len(R), 0.6 * mesh.diameter * camera.fx / np.sqrt(target.area))
    offset = np.zeros((len(R), 2))
    for _ in range(3):
        m = moments(mesh.vertices, mesh.faces, make_transform(R, ray * depth[:, None]), wide)
        area = np.maximum(m[:, 0], 1.0) * scale.prod()
        offset = (m[:, 1:] - origin) * scale * np.sqrt(target.area / area)[:, None]
        depth = np.maximum(depth * np.sqrt(area / target.area), 0.6 * mesh.diameter)
    return depth, offset
