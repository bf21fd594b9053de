"""Procedural textures: square images (S, S, 3) of linear colour, 0 to 1, that repeat without a seam."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray

Texture = NDArray[np.float32]
SIZE = 512
"""Side of a texture [pixel]."""


def muted(rng: np.random.Generator, low: float, high: float, chroma: float = 0.35) -> FloatArray:
    """A colour (3,) as things in rooms have it: a grey between two values, tinted by a share of itself."""
    return np.asarray(rng.uniform(low, high) * (1 + rng.uniform(-chroma, chroma, 3)))


def cloudy(rng: np.random.Generator, size: int, falloff: float, stretch: float = 1.0) -> FloatArray:
    """Noise (size, size) of unit variance whose amplitude falls with frequency to the given power.

    Args:
        rng: Generator.
        size: Side [pixel].
        falloff: Power of the frequency.
        stretch: How many times longer than high its clouds are.
    """
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], stretch * np.fft.fftfreq(size)[None])
    frequency[0, 0] = np.inf
    noise = np.fft.ifft2(np.fft.fft2(rng.normal(size=(size, size))) * frequency**-falloff).real
    return noise / noise.std()


def printed(rng: np.random.Generator, color: FloatArray, accents: list[FloatArray], size: int = SIZE) -> Texture:
    """A printed cardboard: panels of colour, pictures, lines of text."""
    image = np.tile(color, (size, size, 1)).astype(np.float32)
    inks = [*accents, *(rng.uniform(0.02, 0.9, 3) ** 2 for _ in range(6))]
    for _ in range(9):
        corner = rng.integers(0, size, 2)
        end = corner + rng.integers(size // 8, size // 2, 2)
        cv2.rectangle(image, corner.tolist(), end.tolist(), inks[int(rng.integers(len(inks)))].tolist(), -1)
    for _ in range(10):
        centre, radius = rng.integers(0, size, 2), int(rng.integers(size // 40, size // 9))
        cv2.circle(image, centre.tolist(), radius, inks[int(rng.integers(len(inks)))].tolist(), -1, cv2.LINE_AA)
    _write(rng, image, 18)
    return _grained(rng, image, 0.03, 1.0)


def label(rng: np.random.Generator, color: FloatArray, accent: FloatArray, size: int = SIZE) -> Texture:
    """Packaging in two colours: bands around it, a few pictures, text."""
    image = np.tile(color, (size, size, 1)).astype(np.float32)
    for _ in range(3):
        row, height = int(rng.integers(0, size)), int(rng.integers(size // 14, size // 6))
        shade = accent * rng.uniform(0.7, 1.2)
        for start in (row, row - size):  # a band that leaves at the bottom comes in again at the top
            cv2.rectangle(image, (0, start), (size, start + height), shade.clip(0, 1).tolist(), -1)
    for _ in range(5):
        centre, radius = rng.integers(size // 8, size - size // 8, 2), int(rng.integers(size // 30, size // 10))
        shade = (accent if rng.random() < 0.6 else 1 - color) * rng.uniform(0.6, 1.3)
        cv2.circle(image, centre.tolist(), radius, shade.clip(0.02, 0.95).tolist(), -1, cv2.LINE_AA)
    _write(rng, image, 12)
    return _grained(rng, image, 0.03, 1.0)


def plain(rng: np.random.Generator, color: FloatArray | tuple[float, float, float], grain: float) -> Texture:
    """One colour with cloudy grain of the given relative strength."""
    return _grained(rng, np.tile(np.asarray(color, np.float32), (SIZE, SIZE, 1)), grain, 1.3)


def wood(rng: np.random.Generator, color: FloatArray) -> Texture:
    """Boards with their grain along the rows."""
    rings = 0.25 * cloudy(rng, SIZE, 1.9, 12.0) + int(rng.integers(6, 14)) * np.arange(SIZE)[:, None] / SIZE
    light = 0.12 * np.sin(2 * np.pi * rings) + 0.1 * cloudy(rng, SIZE, 1.2, 20.0)
    return np.asarray((color * (1 + light[..., None])).clip(0.01, 1), np.float32)


def brushed(rng: np.random.Generator, color: FloatArray) -> Texture:
    """Metal with fine lines along the rows."""
    light = 0.07 * cloudy(rng, SIZE, 0.5, 30.0) + 0.04 * cloudy(rng, SIZE, 1.8)
    return np.asarray((color * (1 + light[..., None])).clip(0.01, 1), np.float32)


def cloth(rng: np.random.Generator, color: FloatArray, stripes: bool = False) -> Texture:
    """Woven cloth, with stripes both ways if wanted."""
    threads = np.sin(2 * np.pi * np.arange(SIZE) / 8)
    light = 0.05 * (threads[:, None] + threads[None]) + 0.08 * cloudy(rng, SIZE, 1.5)
    image = np.tile(np.asarray(color, np.float32), (SIZE, SIZE, 1))
    if stripes:
        other = muted(rng, 0.04, 0.6, 0.4)
        place = np.arange(SIZE) / SIZE
        across, along = ((place * int(rng.integers(3, 9))) % 1 < share for share in (0.25, 0.2))
        image[across[:, None] | along[None]] = 0.4 * np.asarray(color) + 0.6 * other
    return (image * (1 + light[..., None])).clip(0.01, 1).astype(np.float32)


def skin(rng: np.random.Generator) -> Texture:
    """What varies on skin of any tone, as factors around one: blotches that are stronger in green and blue."""
    blotches = 0.06 * cloudy(rng, SIZE, 1.7)[..., None] * np.array([0.4, 1.0, 0.9])
    return np.asarray(1 + blotches + 0.03 * cloudy(rng, SIZE, 1.0)[..., None], np.float32)


def room(rng: np.random.Generator) -> Texture:
    """A wall with shelves and furniture, blurred as if out of focus."""
    image = np.tile(muted(rng, 0.15, 0.5, 0.2), (SIZE, SIZE, 1)).astype(np.float32)
    for _ in range(26):
        corner = rng.integers(0, SIZE, 2)
        end = corner + rng.integers(SIZE // 20, SIZE // 4, 2)
        cv2.rectangle(image, corner.tolist(), end.tolist(), muted(rng, 0.02, 0.45, 0.5).tolist(), -1)
    wide = np.tile(image, (3, 3, 1))
    soft = cv2.GaussianBlur(wide, (0, 0), float(rng.uniform(4, 9)))[SIZE : 2 * SIZE, SIZE : 2 * SIZE]
    return _grained(rng, np.asarray(soft, np.float32), 0.04, 1.3)


def _write(rng: np.random.Generator, image: Texture, words: int) -> None:
    letters = np.array(list("ABCDEGHKLMNOPRSTUVWXYZ023456789"))
    size = len(image)
    for _ in range(words):
        word, place = "".join(rng.choice(letters, 7)), rng.integers(0, size, 2)
        color = np.full(3, rng.choice([0.02, 0.85])).tolist()
        cv2.putText(image, word, place.tolist(), cv2.FONT_HERSHEY_DUPLEX, size / 700, color, 2, cv2.LINE_AA)


def _grained(rng: np.random.Generator, image: Texture, grain: float, falloff: float) -> Texture:
    noise = cloudy(rng, len(image), falloff)[..., None]
    return np.asarray((image * (1 + grain * noise)).clip(0.01, 1), np.float32)
