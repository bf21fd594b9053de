"""Depth terms of object and hand (paper equation 2)."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.render import render
from rhov_optimizer.joint.depth_cue import LEAST_SAMPLES, hand_depths, object_depths, relief
from rhov_optimizer.joint.regions import Regions, bounds
from rhov_optimizer.joint.scene import Problem, Scene
from rhov_optimizer.joint.terms.term import CueMissingError, Term
from rhov_optimizer.track_record import TrackRecord

TOLERANCE = 0.005
"""An error of metric depth that counts one [m]."""
RELATIVE_TOLERANCE = 0.3
"""An error of normalised depth that counts one: no network is better at the scale of a hand."""
HUBER = 3.0
"""From this many tolerances on, the loss grows linearly: masks hold some of what is behind."""


class _Depths:
    """Rendered depth against the depth cue, frame by frame.

    Args:
        problem: The clip.
        usable: (N,) which frames show the thing.
        read: Gives the pixels and depths of a frame's cue on the thing.
        vertices: (N, V, 3) of the thing at the start, camera frame [m].
        faces: (F, 3) of the thing.

    Raises:
        CueMissingError: If no frame has depth on the thing.
    """

    def __init__(
        self,
        problem: Problem,
        usable: NDArray[np.bool_],
        read: Callable[[TrackRecord], tuple[FloatArray, FloatArray] | None],
        vertices: torch.Tensor,
        faces: NDArray[np.int32],
    ) -> None:
        self._faces, self._count = faces, len(problem)
        low, high = bounds(problem.project(vertices).numpy().astype(np.float64), [None] * len(problem))
        self._regions = Regions.around(problem.camera, low, high, problem.config.resolution)
        side = problem.config.resolution
        self._target = torch.zeros(len(problem), side, side)
        self._known = torch.zeros(len(problem), side, side, dtype=torch.bool)
        self._metric = torch.tensor([record.depth_is_metric for record in problem.records])
        for frame in np.flatnonzero(usable):
            if (observed := read(problem.records[frame])) is not None:
                self._set_frame(frame, *observed, problem.records[frame].depth_stride)
        self._known &= (self._known.sum((1, 2)) >= LEAST_SAMPLES)[:, None, None]
        if not self._known.any():
            raise CueMissingError("no frame has depth where it is seen")
        self._relief = torch.ones(len(problem))
        self._weigh(vertices)

    def _set_frame(self, frame: int, pixels: FloatArray, depths: FloatArray, stride: int) -> None:
        """Interpolates the region's pixels between the cue's, where all four neighbours are known."""
        x, y, side = self._regions.box[frame]
        centre = (np.arange(len(self._target[frame])) + 0.5) * side / len(self._target[frame]) - 0.5
        grid = np.rint(pixels / stride).astype(np.int64)
        width, height = grid.max(0) + 1
        image = np.full((height, width), np.nan, np.float32)
        image[grid[:, 1], grid[:, 0]] = depths
        columns, rows = np.meshgrid((centre + x) / stride, (centre + y) / stride)
        maps = columns.astype(np.float32), rows.astype(np.float32)
        taken = cv2.remap(image, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(np.nan,))
        self._known[frame] = torch.from_numpy(np.isfinite(taken))
        self._target[frame] = torch.from_numpy(np.nan_to_num(taken)).float()

    def _weigh(self, vertices: torch.Tensor) -> None:
        """Sets how much each frame's relative depths say; flat views say little."""
        size = float((vertices.amax(1) - vertices.amin(1)).norm(dim=1).median())
        for frame in torch.nonzero(self._known.any(2).any(1))[:, 0].tolist():
            frames = slice(frame, frame + 1)
            drawn = render(self._regions.mapped(vertices[frames], frames), self._faces, self._regions.camera).depth
            values = drawn[(drawn > 0) & self._known[frames]]
            spread = float(values.std()) if len(values) > 1 else 0.0
            self._relief[frame] = 1.0 if self._metric[frame] else relief(spread, size)

    def loss(self, vertices: torch.Tensor, frames: slice, *, metric: bool) -> torch.Tensor:
        """Robust squared differences, the mean over the pixels, summed over the frames with metric or other depth."""
        compared = self._known[frames] & (self._metric[frames] == metric)[:, None, None]
        if not compared.any():
            return vertices.new_zeros(())
        drawn = render(self._regions.mapped(vertices, frames), self._faces, self._regions.camera).depth
        both = compared & (drawn.detach() > 0)
        weight = both.to(drawn)
        target = self._target[frames].to(drawn)
        if metric:
            error = (drawn - target) / TOLERANCE
        else:
            error = (_normalised(drawn, weight) - _normalised(target, weight)) / RELATIVE_TOLERANCE
        huber = torch.nn.functional.huber_loss(error, torch.zeros_like(error), reduction="none", delta=HUBER)
        held = weight.sum((1, 2))
        per_frame = 2 * (weight * huber).sum((1, 2)) / held.clamp(min=1)
        counted = (held >= LEAST_SAMPLES) * self._relief[frames].to(drawn)
        return (counted * per_frame).sum() / self._count


def _normalised(depth: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The paper's N over each image (n, H, W): zero mean and unit variance where the weight is one."""
    held = weight.sum((1, 2), keepdim=True).clamp(min=1)
    centred = depth - (weight * depth).sum((1, 2), keepdim=True) / held
    variance = (weight * centred.square()).sum((1, 2), keepdim=True) / held
    return centred / (variance + 1e-12).sqrt()


class ObjectDepthTerm(Term):
    """The object's depth, over the pixels that show it.

    Depth up to scale and shift is normalised on both sides and never moves the object's size, not even a little
    through the perspective; metric depth does, where the size is free.
    """

    residuals = ("depth_weight",)

    def __init__(self, problem: Problem) -> None:
        self._vertices = torch.from_numpy(problem.mesh.vertices)
        self._depths = _Depths(problem, problem.seen, object_depths, problem.start.object_vertices, problem.mesh.faces)

    def loss(self, scene: Scene) -> torch.Tensor:
        """Paper equation 2."""
        R, t = scene.object_rotation[scene.own], scene.object_translation[scene.own]
        of_this_size = (scene.object_scale.detach() * self._vertices.to(R)) @ R.transpose(1, 2) + t[:, None]
        relative = self._depths.loss(of_this_size, scene.own_frames, metric=False)
        return relative + self._depths.loss(scene.object_vertices[scene.own], scene.own_frames, metric=True)


class HandDepthTerm(Term):
    """The hand's depth, over the pixels that show it; the same for the hand."""

    def __init__(self, problem: Problem) -> None:
        if problem.hand is None or problem.hand_model is None or problem.start.hand is None:
            raise CueMissingError("no frame shows a hand")
        vertices = problem.start.hand.vertices
        self._depths = _Depths(problem, problem.hand.valid, hand_depths, vertices, problem.hand_model.faces)

    def loss(self, scene: Scene) -> torch.Tensor:
        """Paper equation 2."""
        assert scene.hand is not None
        vertices = scene.hand.vertices[scene.own]
        relative = self._depths.loss(vertices, scene.own_frames, metric=False)
        return relative + self._depths.loss(vertices, scene.own_frames, metric=True)
