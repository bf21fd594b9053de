"""What the object's colours say about hypotheses of its pose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import FrameCues
from rhov_core.object_model import ObjectModel
from rhov_optimizer.initialise.candidates import PoseCandidate, diverse
from rhov_optimizer.registration.appearance import Appearance, SeenSurface
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.tracking.fit import FrameFit

WEIGHT = 0.5
"""How much overlap colours outweigh that do not fit at all."""
ALIGNED, DISTINCT = 2, 0.5
"""So many copies of a candidate are aligned that differ by this much [rad]."""
FOLLOWED = (0.1, 0.05)
"""How much a pose that is followed may be off for its print to be recognised, step by step [rad]."""


class ColorEvidence:
    """Compares the colours of an object with pictures of it.

    Args:
        appearance: Its colours.
        model: The object.
        mesh: It, as the tracker draws it.
        camera: Without distortion.
    """

    def __init__(self, appearance: Appearance, model: ObjectModel, mesh: CentredMesh, camera: Camera) -> None:
        self._appearance, self._mesh, self._camera = appearance, mesh, camera
        near, exact = model.near_symmetries, model.symmetries
        self._copies = near if len(near) >= len(exact) else np.concatenate([exact, near])

    @classmethod
    def of(cls, model: ObjectModel, mesh: CentredMesh, camera: Camera) -> ColorEvidence | None:
        """None for an object without colours."""
        if model.colors is None:
            return None
        return cls(Appearance(model.colors, mesh.centre), model, mesh, camera)

    def __call__(self, fit: FrameFit, cues: FrameCues) -> float:
        """How much overlap the colours outweigh that speak against a fit; see `contest.Contradiction`."""
        seen = self._seen(fit.view, cues)
        return 0.0 if seen is None else WEIGHT * self._appearance.aligned(seen, np.eye(4), FOLLOWED)[1]

    def ranked(self, candidates: tuple[PoseCandidate, ...], cues: FrameCues) -> tuple[PoseCandidate, ...]:
        """Candidates in the order of overlap and colours, each turned to where its colours fit best.

        An object that looks alike from several sides, but for its colours, has several poses with one outline.
        """
        turned, scores = [], []
        for candidate in candidates:
            view = SurfaceView.draw(self._mesh, self._camera, self._mesh.centred(candidate.T))
            seen = self._seen(view, cues)
            turn, cost = (np.eye(4), 1.0) if seen is None else self._best_copy(seen)
            turned.append(replace(candidate, T=candidate.T @ turn))
            scores.append(candidate.iou - WEIGHT * cost)
        order = sorted(range(len(turned)), key=lambda i: -scores[i])  # stable
        return tuple(turned[i] for i in order)

    def _best_copy(self, seen: SeenSurface) -> tuple[FloatArray, float]:
        """The turn (4, 4) of the mesh to where its colours fit best, and their cost."""
        costs = self._appearance.costs(seen, self._copies)
        chosen = diverse(self._copies, -costs, np.eye(3)[None], DISTINCT, ALIGNED)
        return min((self._appearance.aligned(seen, self._copies[i]) for i in chosen), key=lambda found: found[1])

    def _seen(self, view: SurfaceView | None, cues: FrameCues) -> SeenSurface | None:
        if view is None or cues.crop is None or cues.object_mask is None:
            return None
        visible = cues.object_mask if cues.covered is None else cues.object_mask & ~cues.covered
        return SeenSurface.of(cues.crop, view, visible)
