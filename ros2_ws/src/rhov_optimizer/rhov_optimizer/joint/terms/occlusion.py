"""Occlusion term: who is in front of whom, against what the masks say."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.render import rasterize
from rhov_optimizer.joint.hand_masks import distance_to, masks_are_drawn
from rhov_optimizer.joint.scene import Problem, Scene
from rhov_optimizer.joint.terms.term import Couples, CueMissingError, Term
from rhov_optimizer.registration.surface import SurfaceView

TOLERANCE = 0.005
"""A distance to the right side that counts one [m]."""
HUBER = 8.0
"""From this many tolerances on, the loss grows linearly."""
ALLOWED = 0.001
"""Skin gives way: this much on the wrong side is free [m]."""
BORDER = 2
"""Masks are not believed this near to their border [pixel]."""
ASIDE = 0.015
"""A part over the object is hidden only where no hand is seen within this distance [m], about a finger's width: nearer
to a seen finger it is more likely that finger, estimated a little aside."""
AGREEING, FEWEST = 0.6, 3
"""A part of the hand counts as hidden, or as in front, if at least this share of its vertices over the object do
(of the foremost ones, as to being in front), and at least so many."""
FRONT = 0.005
"""Vertices this near behind the foremost of the hand are seen [m]."""


class OcclusionTerm(Term):
    """Hand and object where they overlap in the image.

    Where the object's mask covers a part of the hand, that part is behind the object: each of its vertices has to be
    beyond the face through which its viewing ray leaves the object. Where the hand's mask covers the object's
    silhouette, the part of the hand that is seen there is in front: beyond the face through which the ray enters.
    These are the paper's L_occ of hand and object in one, as distances to faces instead of differences of depth, so
    that a finger in front of a face that hides it is drawn behind the object and not into it.

    Faces and sides are decided at the start and halfway. Hand masks that were drawn from the estimate say nothing of
    what is in front; then only the object's mask counts.
    """

    couples = Couples.HAND_AND_OBJECT

    def __init__(self, problem: Problem) -> None:
        if problem.hand is None or problem.hand_model is None or problem.start.hand is None:
            raise CueMissingError("no frame shows a hand")
        held = [record.object_mask is not None and not record.object_mask.is_empty for record in problem.records]
        self._both = problem.hand.valid & problem.seen & np.array(held)
        if not self._both.any():
            raise CueMissingError("no frame shows hand and object with an object mask")
        self._problem = problem
        self._faces = problem.hand_model.faces
        self._part = problem.hand_model.weights.argmax(1)
        self._hand_seen = not masks_are_drawn(problem)
        count = problem.start.hand.vertices.shape[1]
        self._normal = torch.zeros(len(problem), count, 3)
        self._offset = torch.zeros(len(problem), count)
        self._counts = torch.zeros(len(problem), count)
        self.update(problem.start)

    def update(self, scene: Scene) -> None:
        """Decides which vertices belong on which side of which face."""
        assert scene.hand is not None
        vertices = scene.hand.vertices.detach().double().numpy()
        scale = float(scene.object_scale)
        for frame in range(scene.own_frames.start, scene.own_frames.stop):
            self._counts[frame] = 0
            place = frame - scene.frames.start
            if self._both[frame]:
                T = np.eye(4)
                T[:3, :3] = scene.object_rotation[place].detach().double().numpy()
                T[:3, 3] = scene.object_translation[place].detach().double().numpy() / scale
                self._decide(frame, T, vertices[place] / scale, scale)

    def _decide(self, frame: int, T: FloatArray, hand: FloatArray, scale: float) -> None:
        """One frame: the object at T, and the hand's vertices (V, 3), both in the mesh's unscaled units."""
        view = SurfaceView.draw(self._problem.mesh, self._problem.camera, T)
        if view is None or hand[:, 2].min() <= 0:
            return
        uv = self._problem.camera.project(hand) - [view.x0, view.y0]
        column, row = np.rint(uv).astype(np.int64).T
        height, width = view.face_id.shape
        over = (column >= 0) & (row >= 0) & (column < width) & (row < height)
        row, column = np.where(over, row, 0), np.where(over, column, 0)
        entry = view.face_id[row, column]
        leaving = _leaving_faces(view)[row, column]
        over &= (entry >= 0) & (leaving >= 0)
        aside = ASIDE / scale * self._problem.camera.fx / float(np.median(hand[:, 2]))
        object_seen, hand_seen = self._seen(frame, view, max(1, round(aside)))
        hidden = self._agreed(over, over & object_seen[row, column])
        foremost = over & self._foremost(view, hand, row, column, scale)
        front = self._agreed(foremost, foremost & hand_seen[row, column])
        mesh = view.mesh
        face = np.where(hidden, leaving, entry)[hidden | front]
        corners = mesh.vertices[mesh.faces[face]]
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-15)
        counted = torch.from_numpy(hidden | front)
        self._normal[frame, counted] = torch.from_numpy(normal).float()
        self._offset[frame, counted] = torch.from_numpy((normal * corners[:, 0]).sum(1)).float()
        self._counts[frame] = counted.float()

    def _seen(self, frame: int, view: SurfaceView, aside: int) -> tuple[BoolArray, BoolArray]:
        """Where the object hides a hand and where the hand is seen, in the region of a view (h, w).

        Args:
            frame: Of the clip.
            view: The object.
            aside: How far from a seen hand the object hides one [pixel].
        """
        record = self._problem.records[frame]
        assert record.object_mask is not None
        thing = record.object_mask.unpack()
        if record.hand_mask is None:
            return _core(thing)[view.region], np.zeros_like(thing)[view.region]
        hand = record.hand_mask.unpack() & ~thing
        away = distance_to(hand.astype(np.uint8)) > aside
        return (_core(thing) & away)[view.region], (_core(hand) & self._hand_seen)[view.region]

    def _agreed(self, asked: BoolArray, says: BoolArray) -> BoolArray:
        """Those vertices (V,) that say so and whose part of the hand mostly does, of the vertices that are asked."""
        voters, votes = (np.bincount(self._part[which], minlength=16) for which in (asked, says))
        agreed = (votes >= FEWEST) & (votes >= AGREEING * voters)
        return says & agreed[self._part]

    def _foremost(
        self, view: SurfaceView, hand: FloatArray, row: NDArray[np.int64], column: NDArray[np.int64], scale: float
    ) -> BoolArray:
        """(V,) the vertices that no other part of the hand hides."""
        height, width = view.face_id.shape
        region = view.camera.cropped(view.x0, view.y0, width, height)
        inverse = rasterize(hand[None].astype(np.float32), self._faces, region)[1][0, row, column].astype(np.float64)
        return (inverse <= 0) | (hand[:, 2] < 1 / np.maximum(inverse, 1e-9) + FRONT / scale)

    def loss(self, scene: Scene) -> torch.Tensor:
        """Squared distances to the right side, weighed as those of the penetration term."""
        assert scene.hand is not None
        frames = scene.own_frames
        points = scene.in_object(scene.hand.vertices)[scene.own]
        normal, offset = self._normal[frames].to(points), self._offset[frames].to(points)
        short = (offset - (normal * points).sum(-1)) * scene.object_scale
        wrong = (short - ALLOWED).clamp(min=0) / TOLERANCE
        huber = torch.nn.functional.huber_loss(wrong, torch.zeros_like(wrong), reduction="none", delta=HUBER)
        per_frame = 2 * (self._counts[frames] * huber).sum(1) / (0.1 * points.shape[1])
        return per_frame.sum() / len(self._problem)


def _core(mask: BoolArray) -> BoolArray:
    size = 2 * BORDER + 1
    return cv2.erode(mask.astype(np.uint8), np.ones((size, size), np.uint8)) > 0


def _leaving_faces(view: SurfaceView) -> NDArray[np.int32]:
    """(h, w) the face through which each pixel's ray first leaves the object, -1 where it misses it."""
    vertices = view.mesh.vertices @ view.T[:3, :3].T + view.T[:3, 3]
    a, b, c = (vertices[view.mesh.faces[:, i]] for i in range(3))
    away = np.flatnonzero((np.cross(b - a, c - a) * a).sum(1) > 0)
    if not len(away):
        return np.full_like(view.face_id, -1)
    height, width = view.face_id.shape
    region = view.camera.cropped(view.x0, view.y0, width, height)
    drawn = rasterize(vertices[None].astype(np.float32), view.mesh.faces[away], region)[0][0]
    return np.where(drawn >= 0, away[drawn], -1).astype(np.int32)
