"""Procedural textures: square images (S, S, 3) of linear colour, 0 to 1, that repeat without a seam."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray

Texture = NDArray[np.float32]


def cloudy(rng: np.random.Generator, size: int, falloff: float) -> FloatArray:
    """Noise (size, size) of unit variance whose amplitude falls with frequency to the given power."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None])
    frequency[0, 0] = np.inf
    noise = np.fft.ifft2(np.fft.fft2(rng.normal(size=(size, size))) * frequency**-falloff).real
    return noise / noise.std()


def printed(rng: np.random.Generator, size: int = 512) -> Texture:
    """A printed cardboard: panels of colour, pictures, lines of text."""
    image = np.tile(rng.uniform(0.35, 0.8, 3), (size, size, 1)).astype(np.float32)
    for _ in range(9):
        corner = rng.integers(0, size, 2)
        end = corner + rng.integers(size // 8, size // 2, 2)
        cv2.rectangle(image, corner.tolist(), end.tolist(), rng.uniform(0.05, 0.9, 3).tolist(), -1)
    for _ in range(8):
        centre, radius = rng.integers(0, size, 2), int(rng.integers(size // 40, size // 9))
        cv2.circle(image, centre.tolist(), radius, rng.uniform(0.05, 0.9, 3).tolist(), -1, cv2.LINE_AA)
    letters = np.array(list("ABCDEGHKLMNOPRSTUVWXYZ023456789"))
    for _ in range(16):
        word, place = "".join(rng.choice(letters, 7)), rng.integers(0, size, 2)
        color = rng.uniform(0.02, 0.95, 3).tolist()
        cv2.putText(image, word, place.tolist(), cv2.FONT_HERSHEY_DUPLEX, size / 700, color, 2, cv2.LINE_AA)
    return image * (1 + 0.03 * cloudy(rng, size, 1.0)[..., None]).astype(np.float32)


def plain(rng: np.random.Generator, color: tuple[float, float, float], grain: float, size: int = 512) -> Texture:
    """One colour with cloudy grain of the given relative strength."""
    return (np.array(color) * (1 + grain * cloudy(rng, size, 1.3)[..., None])).clip(0.01, 1).astype(np.float32)


def room(rng: np.random.Generator, width: int, height: int) -> Texture:
    """A blurred background (height, width, 3) with shelves and furniture."""
    image = np.tile(rng.uniform(0.06, 0.2, 3), (height, width, 1)).astype(np.float32)
    for _ in range(30):
        corner = rng.integers([0, 0], [width, height])
        end = corner + rng.integers(width // 20, width // 4, 2)
        cv2.rectangle(image, corner.tolist(), end.tolist(), rng.uniform(0.03, 0.3, 3).tolist(), -1)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), width / 90), np.float32)
