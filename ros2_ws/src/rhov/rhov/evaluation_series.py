"""Errors of each frame, for plots and for comparisons frame by frame."""

from __future__ import annotations

import numpy as np

from rhov.evaluation_input import Matched
from rhov.evaluation_object import SURFACE_POINTS, surface_points
from rhov_core import metrics
from rhov_core.arrays import FloatArray
from rhov_core.pose import transform_points


def error_series(matched: Matched) -> dict[str, FloatArray]:
    """Errors at the N frames of the truth, NaN where the result or the truth has nothing.

    Returns:
        `frame_index`, `object_annotated`, `hand_annotated` (N,); `rotation` [rad] and `translation` [m], both at the
        nearest symmetry, `chamfer` after aligning translations, `add_s` (N,) [m], all NaN in lost frames;
        `translation_given` and `chamfer_given` likewise (N,), but also for the poses that bridge lost frames;
        `hand_joints` (N, 21), joint errors after Procrustes alignment with scale [m], and their mean `hand` (N,).
    """
    n, true = len(matched.row), matched.truth.trajectory
    names = ("rotation", "translation", "chamfer", "add_s", "translation_given", "chamfer_given")
    out = {name: np.full(n, np.nan) for name in names}
    given, model = matched.object_given, matched.truth.model
    if given.any():
        e, t = matched.T_estimated[given], matched.T_true[given]
        scaled = e.copy()
        scaled[:, :3, :3] *= matched.estimate.object_scale
        points = surface_points(model, SURFACE_POINTS)
        t = metrics.nearest_symmetric(e, t, model.symmetries)
        pairs = zip(transform_points(scaled, points), transform_points(t, points), strict=True)
        out["rotation"][given] = metrics.rotation_error(e, t)
        out["add_s"][given] = metrics.add_s(scaled, t, points)
        out["translation_given"][given] = metrics.translation_error(e, t)
        out["chamfer_given"][given] = [metrics.chamfer_translation_aligned(a, b) for a, b in pairs]
        out |= {name: out[f"{name}_given"].copy() for name in ("translation", "chamfer")}
        for name in ("rotation", "translation", "chamfer", "add_s"):
            out[name][~matched.object_found] = np.nan
    joints, seen = np.full((n, 21), np.nan), matched.hand_found
    if seen.any():
        e, t = matched.estimate.hand_joints[matched.row][seen], true.hand_joints[seen]
        joints[seen] = np.linalg.norm(metrics.align_procrustes(e, t) - t, axis=-1)
    return {
        "frame_index": true.frame_index.astype(np.float64),
        "object_annotated": matched.object_annotated.astype(np.float64),
        "hand_annotated": matched.hand_annotated.astype(np.float64),
        **out,
        "hand_joints": joints,
        "hand": joints.mean(-1),
    }
