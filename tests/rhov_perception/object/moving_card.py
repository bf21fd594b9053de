"""A clip with exact truth: a textured card that moves over a textured table, with a hand that covers a corner."""

from dataclasses import dataclass

import cv2
import numpy as np

WIDTH, HEIGHT = 320, 240
CARD = (110, 80)
"""Width and height of the card [pixel]."""
SKIN = (140, 170, 220)


def _texture(seed, size, colors):
    """Blotches of the given colours, smooth enough for optical flow and sharp enough for corners."""
    rng = np.random.default_rng(seed)
    cells = rng.integers(0, len(colors), (size[1] // 6 + 2, size[0] // 6 + 2))
    picture = cv2.resize(np.array(colors, np.uint8)[cells], None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST)
    noise = rng.normal(0, 6, picture.shape)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 1.0) + noise, 0, 255).astype(np.uint8)[: size[1], : size[0]]


@dataclass(frozen=True)
class Frame:
    """One picture and the truth about it."""

    image: np.ndarray
    visible: np.ndarray
    """(H, W) the card, without what the hand covers."""
    silhouette: np.ndarray
    """(H, W) the card as if there were no hand."""
    hand_mask: np.ndarray
    """(H, W)"""
    motion: np.ndarray
    """(2, 3) from pixels of the frame before to pixels of this one."""


def pose(k, speed=1.0):
    """(2, 3) from card to image pixels in frame k."""
    angle, scale = 0.02 * k * speed, 1 + 0.004 * k * speed
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    center = np.array([130 + 2.5 * k * speed, 110 + 1.2 * k * speed])
    A = np.array([[c, -s], [s, c]])
    return np.hstack([A, (center - A @ [CARD[0] / 2, CARD[1] / 2])[:, None]])


def render(k, speed=1.0, hand=True):
    """Frame k of the clip."""
    table = _texture(0, (WIDTH, HEIGHT), [(60, 60, 50), (80, 75, 70), (95, 95, 90)])
    card = _texture(1, CARD, [(30, 120, 230), (20, 200, 240), (40, 60, 160), (60, 160, 200)])
    T = pose(k, speed)
    cover = cv2.warpAffine(np.full(CARD[::-1], 255, np.uint8), T, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    drawn = cv2.warpAffine(card, T, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = cover[..., None] / 255.0
    image = (alpha * drawn + (1 - alpha) * table).astype(np.uint8)
    silhouette = cover > 127
    hand_mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    if hand:
        corner = T @ [0, CARD[1], 1]
        cv2.circle(hand_mask, tuple(int(v) for v in np.rint(corner)), 22, 1, -1)
        cv2.line(hand_mask, tuple(int(v) for v in np.rint(corner)), (10, HEIGHT - 1), 1, 26)
    noise = np.random.default_rng(100 + k).normal(0, 3, image.shape)
    image[hand_mask > 0] = SKIN
    image = np.clip(image + noise, 0, 255).astype(np.uint8)
    square = np.eye(3)
    square[:2] = pose(k - 1, speed)
    motion = T @ np.linalg.inv(square)
    return Frame(image, silhouette & (hand_mask == 0), silhouette, hand_mask > 0, motion)


def box_of(mask, margin=4):
    """Bounding box x, y, width, height of a mask with a margin."""
    x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
    return x - margin, y - margin, w + 2 * margin, h + 2 * margin


def overlap(a, b):
    """Intersection over union."""
    return np.count_nonzero(a & b) / max(1, np.count_nonzero(a | b))
