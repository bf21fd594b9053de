"""Figures of the hand, and of its contact with the object."""

from __future__ import annotations

from functools import partial

import numpy as np

from rhov.evaluation_figure import Figure
from rhov.evaluation_input import Matched
from rhov_core import metrics
from rhov_core.arrays import FloatArray
from rhov_core.hand import HandModel
from rhov_core.pose import inverse, transform_points
from rhov_core.sdf import SignedDistanceGrid

VOLUME_FRAMES = 10
"""The volume of penetration is measured in so many frames, evenly spread: each needs a distance field of the hand."""
AUC_LIMIT = 0.05
"""Of joint errors, as HO-3D's and FreiHAND's curves [m]."""
_FACES = 5000


def hand_figures(matched: Matched) -> list[Figure]:
    """Joint errors; lost frames are left out of means and count as wrong in the area."""
    found, of = matched.hand_found, int(matched.hand_annotated.sum())
    if not of:
        return []
    n = int(found.sum())
    mean = partial(Figure, "hand", frames=n, of=of, failures="left out")
    share = partial(Figure, "hand", frames=of, of=of, failures="count as wrong")
    out = [share("frames lost", 1 - n / of, "fraction", "none")]
    estimate = matched.estimate.hand_joints[matched.row]
    true = matched.truth.trajectory.hand_joints
    e, t = estimate[found], true[found]
    if n:
        right = matched.estimate.hand_side == matched.truth.trajectory.hand_side
        out.append(mean("clips with the right side", float(right), "fraction", "none"))
    if not n:
        return [*out, share(f"PCK AUC to {AUC_LIMIT} m", 0.0, "fraction", "Procrustes with scale")]
    joints = np.linalg.norm(metrics.align_procrustes(e, t) - t, axis=-1)
    each = joints.mean(-1)
    failed = np.full((of - n) * joints.shape[1], np.inf)
    area = metrics.area_under_curve(np.append(joints, failed), AUC_LIMIT)
    steady = len(true) > 1 and bool((np.diff(matched.truth.trajectory.frame_index) == 1).all())
    ours, own = (metrics.temporal_distance(v, found) if steady else float("nan") for v in (estimate, true))
    error = metrics.acceleration_error(estimate, true, matched.frame_rate, found) if steady else float("nan")
    return [
        *out,
        mean("MPJPE", float(metrics.mpjpe_absolute(e, t).mean()), "m", "none"),
        mean("MPJPE, root-relative", float(metrics.mpjpe_root_relative(e, t).mean()), "m", "wrist"),
        mean("MPJPE, Procrustes", float(each.mean()), "m", "Procrustes with scale"),
        mean("MPJPE, Procrustes, median", float(np.median(each)), "m", "Procrustes with scale"),
        mean("MPJPE, Procrustes, 95th percentile", float(np.percentile(each, 95)), "m", "Procrustes with scale"),
        share(f"PCK AUC to {AUC_LIMIT} m", area, "fraction", "Procrustes with scale"),
        mean("temporal distance", ours, "m", "none"),
        mean("temporal distance of the truth", own, "m", "none"),
        mean("acceleration error", error, "m/s^2", "none"),
    ]


def contact_figures(matched: Matched, hand: HandModel | None) -> list[Figure]:
    """How the estimated hand touches the estimated object, in frames that have both.

    Args:
        matched: Result and truth; the truth says only which frames count and what the object is.
        hand: The model of the result's hand parameters; None: there are no figures.
    """
    both = np.flatnonzero(matched.object_found & matched.estimate.hand_valid[matched.row])
    of = int(matched.object_annotated.sum())
    if hand is None or not len(both):
        return []
    estimate, rows = matched.estimate, matched.row[both]
    geometry = hand.forward_numpy(estimate.hand_pose[rows], estimate.hand_shape, estimate.hand_translation[rows])
    vertices = transform_points(inverse(matched.T_estimated[both]), geometry.vertices)
    model = matched.truth.model.simplified(_FACES)
    size = estimate.object_scale
    field = SignedDistanceGrid.from_mesh(size * model.vertices, model.faces)
    depths = [metrics.penetration_depth(v, field.distance) for v in vertices]
    tips = np.array([[field.distance(v[i]).min() for i in hand.fingertip_vertices.values()] for v in vertices])
    chosen = np.unique(np.linspace(0, len(both) - 1, min(len(both), VOLUME_FRAMES)).astype(int))
    bounds = np.stack([size * model.vertices.min(0), size * model.vertices.max(0)])
    volumes = [_volume(vertices[i], hand, field, bounds) for i in chosen]
    figure = partial(Figure, "contact", alignment="none", of=of, failures="left out")
    return [
        figure("penetration depth", float(np.mean(depths)), "m", frames=len(both)),
        figure("penetration volume", float(np.mean(volumes)), "m^3", frames=len(chosen)),
        figure("contact ratio to 5 mm", metrics.contact_ratio(tips), "fraction", frames=len(both)),
    ]


def _volume(vertices: FloatArray, hand: HandModel, field: SignedDistanceGrid, bounds: FloatArray) -> float:
    hand_field = SignedDistanceGrid.from_mesh(vertices, hand.faces, resolution=48)
    return metrics.penetration_volume(hand_field.distance, field.distance, bounds)
