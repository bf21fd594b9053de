"""The search of all views of an object for those that fit a mask, in pieces of bounded time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import FrameCues
from rhov_core.errors import InputError
from rhov_core.object_model import ObjectModel
from rhov_optimizer.initialise.candidates import cosines, diverse
from rhov_optimizer.initialise.config import InitialPoseConfig
from rhov_optimizer.initialise.refine import COARSE, FINE, ContourFit
from rhov_optimizer.initialise.sweep import Target, sweep
from rhov_optimizer.registration.hand_depth import HandDepth
from rhov_optimizer.registration.mesh import CentredMesh

TURN_PENALTY = 0.03
"""What a turn against an earlier pose outweighs of the overlap [1/rad]."""
SWEPT_AT_ONCE = 150
"""Views that are drawn in one piece of the search."""
FITTED_AT_ONCE = 15
"""Candidates that are fitted in one piece."""


@dataclass(frozen=True)
class SearchedObject:
    """An object as the search draws it."""

    mesh: CentredMesh
    """For the fits."""
    coarse: CentredMesh
    """With few faces, for the sweep."""
    symmetries: FloatArray
    """(S, 4, 4) of the mesh as it is in its file."""

    @property
    def rotations(self) -> FloatArray:
        """(S, 3, 3) of the symmetries."""
        return self.symmetries[:, :3, :3]

    @classmethod
    def from_model(cls, model: ObjectModel, config: InitialPoseConfig) -> SearchedObject:
        """Simplifies a model."""
        small = [CentredMesh.from_model(model, faces) for faces in (config.max_faces, config.sweep_faces)]
        return cls(small[0], small[1], model.symmetries)


class ViewSearch:
    """Searches all views of an object for those that fit the mask of one frame.

    A sweep at low resolution gives diverse starts, and Gauss-Newton on the contour fits them.

    Args:
        searched: The object.
        camera: Without distortion.
        cues: Of the frame; its object mask is needed.
        config: Settings.
        near: (4, 4) pose of the centred mesh that the object had a while ago: of poses that fit alike, the one turned
            least against it is preferred. None: nothing is known.

    Raises:
        InputError: If there is no mask or it is too small.
    """

    def __init__(
        self,
        searched: SearchedObject,
        camera: Camera,
        cues: FrameCues,
        config: InitialPoseConfig,
        near: FloatArray | None = None,
    ) -> None:
        self._asked = searched, camera, cues, config, near
        self._searched, self._camera, self._config, self._near = searched, camera, config, near
        self._mask = _require_mask(cues, config)
        self._target = Target.from_masks(self._mask, cues.covered, config.hand_margin)
        self._hand = HandDepth.of(cues, self._mask, searched.mesh.diameter)
        self._pieces, self._advanced = self._search(), 0
        self.T, self.score = np.zeros((0, 4, 4)), np.zeros(0)
        """Poses (N, 4, 4) of the centred mesh that differ, best first, and how well they fit (N,), when it is done."""

    def advance(self) -> bool:
        """Does the next piece and returns whether it was the last.

        Raises:
            InputError: If too little of the mask lies outside the widened hand.
        """
        self._advanced += 1
        return next(self._pieces, True)

    def finish(self) -> None:
        """Does all that is left; see `advance`."""
        while not self.advance():
            pass

    def __getstate__(self) -> tuple[Any, ...]:
        """What was asked for and how far it is: pieces in progress cannot be kept, but be done again."""
        return (*self._asked, self._advanced)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        *asked, advanced = state
        self.__init__(*asked)  # type: ignore[misc]
        for _ in range(advanced):
            self.advance()

    def _search(self) -> Iterator[bool]:
        config, target, hand, mesh = self._config, self._target, self._hand, self._searched.mesh
        swept = []
        for first in range(0, config.views, SWEPT_AT_ONCE):
            views = slice(first, first + SWEPT_AT_ONCE)
            swept.append(sweep(self._searched.coarse, self._camera, target, config, views))
            yield False
        T, score = (np.concatenate(parts) for parts in zip(*swept, strict=True))
        if hand is not None:
            score = score - np.array([hand.penalty(t) for t in T])
        T = T[self._diverse(T, score, config.distinct, config.refined)]

        half_mask, half_ignored = target.shrunk(2)
        half_camera = self._camera.scaled(half_mask.shape[1], half_mask.shape[0])
        yield from self._fit_all(ContourFit(mesh, half_camera, half_mask, half_ignored, COARSE, hand, drawn=True), T)
        T = self.T[self._diverse(self.T, self.score, config.distinct / 2, config.polished)]
        yield from self._fit_all(ContourFit(mesh, self._camera, self._mask, target.ignored, FINE, hand), T)
        if self._near is not None:
            turns = cosines(self._near[:3, :3], self.T[:, :3, :3], self._searched.rotations)
            self.score = self.score - TURN_PENALTY * np.arccos(np.clip(turns, -1, 1))
        kept = self._diverse(self.T, self.score, config.distinct / 2, config.polished)
        self.T, self.score = self.T[kept], self.score[kept]

    def _fit_all(self, fit: ContourFit, T: FloatArray) -> Iterator[bool]:
        fitted = []
        for n, start in enumerate(T, 1):
            fitted.append(fit.fit(start))
            if n % FITTED_AT_ONCE == 0:
                yield False
        poses, scores = zip(*fitted, strict=True)
        self.T, self.score = np.stack(poses), np.array(scores)

    def _diverse(self, T: FloatArray, score: FloatArray, angle: float, count: int) -> list[int]:
        """As `diverse`, of which there must be one."""
        if kept := diverse(T, score, self._searched.rotations, angle, count):
            return kept
        raise InputError(
            "no pose of the object can be compared with its mask, which lies under the hand or at the image's border",
            "a frame in which a part of the object's outline is well visible",
            "give a box in another frame (--start)",
        )


def _require_mask(cues: FrameCues, config: InitialPoseConfig) -> BoolArray:
    mask = cues.object_mask
    area = 0 if mask is None else int(np.count_nonzero(mask))
    if mask is None or area < config.least_area:
        raise InputError(
            f"the object's mask in frame {cues.frame_index} has {area} pixels",
            f"a mask of at least {config.least_area} pixels",
            "give a box that holds the whole object in a frame where it is well visible",
        )
    return mask
