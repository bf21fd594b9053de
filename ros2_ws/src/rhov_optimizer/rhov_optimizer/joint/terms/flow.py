"""Optical flow term of the object (paper equation 5)."""

from __future__ import annotations

import numpy as np
import torch

from rhov_optimizer.joint.scene import Problem, Scene
from rhov_optimizer.joint.terms.term import Couples, CueMissingError, Term
from rhov_optimizer.registration.surface import SurfaceView

POINTS = 32
"""Tracks used of each frame."""
TOLERANCE = 1.0
"""An error that counts one [pixel]."""
HUBER = 3.0
"""From this many tolerances on, the loss grows linearly."""
GRAZING = 0.2
"""Surface seen at a smaller cosine is left out."""


class FlowTerm(Term):
    """Projected motion of visible surface points against the flow from the frame before.

    The paper takes the flow at the mesh's visible vertices; here the surface points are those under the tracked
    pixels, so that coarse meshes have as many as fine ones. They are cast anew when the driver says `update`.
    """

    couples, residuals = Couples.FRAMES, ("flow_weight",)

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        count = len(problem)
        self._points = torch.zeros(count, POINTS, 3)
        self._flow = torch.zeros(count, POINTS, 2)
        self._weight = torch.zeros(count, POINTS)
        self._cast(problem.start)
        if not self._weight.any():
            raise CueMissingError("no frame has optical flow on the object")

    def update(self, scene: Scene) -> None:
        """Casts the surface points at the current poses."""
        self._cast(scene)

    def _cast(self, scene: Scene) -> None:
        start = max(scene.own_frames.start, 1)
        for frame in range(start, scene.frames.stop):
            record, seen = self._problem.records[frame], self._problem.seen
            self._weight[frame] = 0
            if not (seen[frame] and seen[frame - 1] and len(record.flow_source)):
                continue
            before = frame - 1 - scene.frames.start
            T = np.eye(4)
            T[:3, :3] = scene.object_rotation[before].detach().double().numpy()
            T[:3, 3] = (scene.object_translation[before] / scene.object_scale).detach().double().numpy()
            view = SurfaceView.draw(self._problem.mesh, self._problem.camera, T)
            if view is None:
                continue
            pick = np.linspace(0, len(record.flow_source) - 1, min(POINTS, len(record.flow_source))).astype(np.int64)
            source, target = record.flow_source[pick], record.flow_target[pick]
            points, cosines = view.unproject(source)
            self._points[frame, : len(pick)] = torch.from_numpy(points).float()
            self._flow[frame, : len(pick)] = torch.from_numpy(target - source).float()
            self._weight[frame, : len(pick)] = torch.from_numpy(cosines > GRAZING).float()

    def loss(self, scene: Scene) -> torch.Tensor:
        """Paper equation 5, the mean over the points of a frame, under a Huber kernel."""
        first = max(scene.lead, 1)
        frames = slice(scene.frames.start + first, scene.frames.stop)
        points, weight = scene.object_scale * self._points[frames].to(scene.object_scale), self._weight[frames]
        moved = self._project(scene, points, slice(first, None))
        before = self._project(scene, points, slice(first - 1, -1))
        error = (moved - before - self._flow[frames]) / TOLERANCE
        distance = (error.square().sum(-1) + 1e-12).sqrt()
        loss = torch.nn.functional.huber_loss(distance, torch.zeros_like(distance), reduction="none", delta=HUBER)
        per_frame = 2 * (weight * loss).sum(1) / weight.sum(1).clamp(min=1)
        return per_frame.sum() / len(self._problem)

    def _project(self, scene: Scene, points: torch.Tensor, frames: slice) -> torch.Tensor:
        R, t = scene.object_rotation[frames], scene.object_translation[frames]
        return self._problem.project(points @ R.transpose(1, 2) + t[:, None])
