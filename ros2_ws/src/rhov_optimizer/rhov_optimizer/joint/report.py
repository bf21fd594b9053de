"""What the joint optimisation reports: plain values, ready for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.metrics.temporal import rotation_jitter, translation_jitter
from rhov_optimizer.joint.residual_losses import ResidualLosses
from rhov_optimizer.joint.size import Sizes
from rhov_optimizer.joint.terms.build import TermReport
from rhov_optimizer.joint.weights import TermWeights
from rhov_optimizer.registration.agreement import overlap
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.track_record import TrackRecord


def object_report(
    mesh: CentredMesh,
    camera: Camera,
    records: Sequence[TrackRecord],
    seen: BoolArray,
    start: FloatArray,
    end: FloatArray,
) -> dict[str, dict[str, float | None]]:
    """Jitter and mask overlap of the object's poses before and after.

    Args:
        mesh: The object.
        camera: Without distortion.
        records: N frames.
        seen: (N,) where the object was tracked.
        start: (N, 4, 4) poses of the centred, unscaled mesh.
        end: (N, 4, 4) the same afterwards.
    """
    before, after = (_quality(mesh, camera, records, seen, T) for T in (start, end))
    return {name: {"start": before[name], "end": after[name]} for name in before}


def _quality(
    mesh: CentredMesh, camera: Camera, records: Sequence[TrackRecord], seen: BoolArray, T: FloatArray
) -> dict[str, float | None]:
    """None where nothing can be said."""
    overlaps = []
    for frame in np.flatnonzero(seen):
        record, view = records[frame], SurfaceView.draw(mesh, camera, T[frame])
        if view is not None and record.object_mask is not None and not record.object_mask.is_empty:
            ignored = None if record.excluded is None else record.excluded.unpack()
            overlaps.append(overlap(view.silhouette(), record.object_mask.unpack(), ignored))
    compared = np.array(overlaps)[np.isfinite(overlaps)] if overlaps else np.zeros(0)
    moving = len(T) > 2
    return {
        "rotation_jitter_deg": float(np.degrees(np.median(rotation_jitter(T[:, :3, :3])))) if moving else None,
        "translation_jitter_m": float(np.median(translation_jitter(T[:, :3, 3]))) if moving else None,
        "mask_iou": float(np.median(compared)) if len(compared) else None,
    }


def residuals_report(losses: ResidualLosses, start: FloatArray, end: FloatArray) -> dict[str, dict[str, float]]:
    """Weight and loss of each residual of the object's Gauss-Newton stage, at poses before and after."""
    weights, before, after = losses.weights(), losses.at(start), losses.at(end)
    return {
        name: {"weight": weights[name], "start": before[name], "end": after[name]} for name in before if name in after
    }


def size_report(sizes: Sizes, object_scale: float) -> dict[str, Any]:
    """What stage one found."""
    return {
        "contact": sizes.contact,
        "gap_m": None if np.isnan(sizes.gap) else sizes.gap,
        "hand_factor": sizes.hand_factor,
        "meeting_factor": None if np.isnan(sizes.meeting_factor) else sizes.meeting_factor,
        "object_scale": object_scale,
    }


def terms_report(weights: TermWeights, report: TermReport) -> dict[str, dict[str, float]]:
    """Weight and loss, before the weight, at start and end of each term that was in force."""
    weight = {name: value for name, _, value in weights.terms()}
    return {
        name: {"weight": weight[name], "start": report.start[name], "end": report.end[name]} for name in report.start
    }
