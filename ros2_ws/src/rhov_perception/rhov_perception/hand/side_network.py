"""What a detector's landmarks say about the side of a hand, whatever it says itself.

MediaPipe tells sides apart by fingers and guesses while something hides them: in 13 of 100 rendered views of hands
that hold things it is wrong. But seen as the wrong hand, landmarks contradict one another, and its habits differ
between palms and backs. A small network, learnt from rendered hands that hold things (`dev/train_hand_side.py`), looks
at a detection once as a right hand and once, mirrored, as a left one, and says which is likelier; with objects that it
has not seen it is wrong in 7 of 100.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_perception.hand.corrector import FARTHEST, canonical
from rhov_perception.hand.detector import HandDetection

_WEIGHTS = Path(__file__).with_name("data") / "hand_side.npz"


class SideNetwork:
    """Three layers, one of them residual, that give a score to a detection taken for a right hand.

    Args:
        weights: `mean`, `spread` (F,) of the features of `corrector.canonical`, `weight0` to `weight2` and `bias0`,
            `bias1` of the layers; the last has no bias since only differences count.
    """

    def __init__(self, weights: dict[str, FloatArray]) -> None:
        self._mean, self._spread = weights["mean"], weights["spread"]
        self._first = weights["weight0"], weights["bias0"]
        self._second = weights["weight1"], weights["bias1"]
        self._last = weights["weight2"]

    @classmethod
    def load(cls) -> SideNetwork:
        """The network that comes with this package."""
        return _loaded()

    def log_odds(self, detection: HandDetection, camera: Camera) -> float:
        """Logarithm of the odds that a detection is of a right hand.

        Args:
            detection: What the detector saw.
            camera: Of the image, without distortion.
        """
        right, left = (canonical(detection, side, camera).features for side in ("right", "left"))
        return self._score(right) - self._score(left)

    def _score(self, features: FloatArray) -> float:
        x = np.clip((features - self._mean) / self._spread, -FARTHEST, FARTHEST)
        (W, b), (V, c) = self._first, self._second
        hidden = np.maximum(W @ x + b, 0)
        hidden = hidden + np.maximum(V @ hidden + c, 0)
        return float(self._last @ hidden)


@lru_cache(maxsize=1)
def _loaded() -> SideNetwork:
    with np.load(_WEIGHTS, allow_pickle=False) as file:
        return SideNetwork({name: file[name].astype(np.float64) for name in file.files})
