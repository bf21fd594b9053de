"""Finding an object again by its outline where it was, or nearly."""

from __future__ import annotations

import cv2
import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import FrameCues
from rhov_optimizer.initialise.refine import FINE, ContourFit
from rhov_optimizer.registration.hand_depth import HandDepth
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.tracking.config import TrackerConfig
from rhov_optimizer.tracking.observation import SMALLEST_MASK, widened_hand


def fit_nearby(
    cues: FrameCues, mesh: CentredMesh, camera: Camera, T: FloatArray, config: TrackerConfig
) -> FloatArray | None:
    """The pose (4, 4) that the last good one T becomes when it is fitted to the mask in the cues, if that fits.

    It is fitted from where it was, and from where it covers the mask.
    """
    mask = cues.object_mask
    if mask is None or np.count_nonzero(mask) < SMALLEST_MASK:
        return None
    hand = widened_hand(cues, config.hand_margin)
    ignored = np.zeros_like(mask) if hand is None else hand
    fit = ContourFit(mesh, camera, mask, ignored, FINE, HandDepth.of(cues, mask, mesh.diameter))
    found = [fit.fit(start) for start in (T, _shifted_to(mask, mesh, camera, T))]
    best, score = max(found, key=lambda one: one[1])
    return best if score >= config.search_iou else None


def _shifted_to(mask: BoolArray, mesh: CentredMesh, camera: Camera, T: FloatArray) -> FloatArray:
    """The pose (4, 4) moved parallel to the image until its silhouette is centred on the mask (H, W)."""
    view = SurfaceView.draw(mesh, camera, T)
    if view is None:
        return T
    offset = _centre(mask) - _centre(view.face_id >= 0) - [view.x0, view.y0]
    out = T.copy()
    out[:2, 3] += offset * T[2, 3] / [camera.fx, camera.fy]
    return out


def _centre(mask: BoolArray) -> FloatArray:
    """Centre (2,) of the box around a mask (H, W) [pixel]."""
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    return np.array([x + width / 2, y + height / 2])
