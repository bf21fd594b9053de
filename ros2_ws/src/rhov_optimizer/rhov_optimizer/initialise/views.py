"""Rotations spread evenly over all views of an object."""

from __future__ import annotations

import numpy as np

from rhov_core.arrays import FloatArray


def fibonacci_directions(count: int) -> FloatArray:
    """Unit vectors (count, 3) spread evenly over the sphere on a golden spiral."""
    i = np.arange(count) + 0.5
    polar, azimuth = np.arccos(1 - 2 * i / count), np.pi * (1 + 5**0.5) * i
    return np.stack([np.cos(azimuth) * np.sin(polar), np.sin(azimuth) * np.sin(polar), np.cos(polar)], 1)


def look_along(directions: FloatArray) -> FloatArray:
    """Rotations (N, 3, 3), object to camera, for a camera that looks at the object from `directions` (N, 3)."""
    z = -directions
    up = np.where(np.abs(directions[:, 2:]) < 0.95, [0.0, 0.0, 1.0], [1.0, 0.0, 0.0])
    x = np.cross(up, z)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return np.stack([x, np.cross(z, x), z], 1)


def rolls(count: int) -> FloatArray:
    """Rotations (count, 3, 3) about the line of sight."""
    angle = np.arange(count) * 2 * np.pi / count
    c, s, zero, one = np.cos(angle), np.sin(angle), np.zeros(count), np.ones(count)
    return np.stack([c, -s, zero, s, c, zero, zero, zero, one], 1).reshape(-1, 3, 3)


def towards(ray: FloatArray) -> FloatArray:
    """The shortest rotation (3, 3) that turns the optical axis into a viewing ray (3,)."""
    z = ray / np.linalg.norm(ray)
    axis = np.array([-z[1], z[0], 0.0])  # e_z x z
    k = np.array([[0, 0, axis[1]], [0, 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + k + k @ k / (1 + z[2])
