"""How smoothly a trajectory moves."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.pose import log_rotation


def temporal_distance(vertices: ArrayLike, valid: ArrayLike | None = None) -> float:
    """Mean distance of vertices (N, V, 3) between adjacent frames [m] (the paper's Table 4a).

    Args:
        vertices: (N, V, 3) [m].
        valid: (N,) frames that count; both of a pair must. None: all.

    Returns:
        The mean over pairs; 0 where no pair counts.
    """
    v = np.asarray(vertices, np.float64)
    steps = np.diff(v, axis=0)[_runs(valid, len(v), 2)]
    return float(np.linalg.norm(steps, axis=-1).mean()) if len(steps) else 0.0


def acceleration_error(
    estimate: ArrayLike, truth: ArrayLike, frame_rate: float, valid: ArrayLike | None = None
) -> float:
    """Mean norm of the difference of accelerations [m/s^2] of points (N, P, 3), by second differences.

    Kanazawa et al., *Learning 3D Human Dynamics from Video*, CVPR 2019.

    Args:
        estimate: (N, P, 3) [m].
        truth: (N, P, 3) [m].
        frame_rate: [1/s]
        valid: (N,) frames that count; all three of a second difference must. None: all.

    Returns:
        The mean; NaN where no three adjacent frames count.
    """
    e, t = np.asarray(estimate, np.float64), np.asarray(truth, np.float64)
    second = (np.diff(e, n=2, axis=0) - np.diff(t, n=2, axis=0))[_runs(valid, len(e), 3)]
    return float(np.linalg.norm(second, axis=-1).mean() * frame_rate**2) if len(second) else float("nan")


def _runs(valid: ArrayLike | None, count: int, length: int) -> BoolArray:
    """(N - length + 1,) where this frame and those that follow it, `length` together, all count."""
    use = np.ones(count, bool) if valid is None else np.asarray(valid, bool)
    if count < length:
        return np.zeros(0, bool)
    return np.lib.stride_tricks.sliding_window_view(use, length).all(-1)


def rotation_jitter(rotations: ArrayLike) -> FloatArray:
    """Norms (N - 2,) [rad] of the second differences of rotations (N, 3, 3)."""
    R = np.asarray(rotations, np.float64)
    step = log_rotation(R[1:] @ np.swapaxes(R[:-1], -1, -2))
    return np.linalg.norm(np.diff(step, axis=0), axis=-1)


def translation_jitter(translations: ArrayLike) -> FloatArray:
    """Norms (N - 2,) [m] of the second differences of translations (N, 3)."""
    return np.linalg.norm(np.diff(np.asarray(translations, np.float64), n=2, axis=0), axis=-1)


def scale_wobble(scales: ArrayLike) -> float:
    """Relative spread of an object's scale along a clip: standard deviation over mean; 0 when one scale is shared."""
    s = np.asarray(scales, np.float64)
    return float(s.std() / s.mean())
