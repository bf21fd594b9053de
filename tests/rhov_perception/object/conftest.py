"""Rendered pictures of things in hands that no network was taught with, and what tests import from each other."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def pictures():
    """Image (160, 160, 3), and masks of the object, of skin, of the whole object, and of the drawn hand.

    From `dev/render_held_objects.py --unseen --seed 5`.
    """
    with np.load(Path(__file__).with_name("data") / "held.npz", allow_pickle=False) as table:
        ends = np.cumsum(table["lengths"])
        images = [cv2.imdecode(code, cv2.IMREAD_COLOR) for code in np.split(table["pictures"], ends[:-1])]
        names = ("object", "skin", "whole", "drawn")
        sides = images[0].shape[:2]
        masks = [np.unpackbits(table[name], axis=1).reshape(-1, *sides).astype(bool) for name in names]
    return list(zip(images, *masks, strict=True))
