"""Looking for a lost object in all views, a piece of the search in each frame."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import FrameCues
from rhov_core.errors import InputError
from rhov_core.object_model import ObjectModel
from rhov_optimizer.initialise import InitialPoseConfig, SearchedObject, ViewSearch
from rhov_optimizer.initialise.candidates import nearest_symmetric
from rhov_optimizer.tracking.config import TrackerConfig
from rhov_optimizer.tracking.search import fit_nearby

REFINED, POLISHED = 30, 4
"""Fewer candidates than for the first pose are fitted: there is another search soon."""


class SpreadSearch:
    """Searches all views for a lost object without keeping frames waiting.

    The mask of the frame in which a search begins is searched; what is found is fitted to the mask of the frame in
    which it ends, four frames later with the usual settings.

    Args:
        model: The object.
        camera: Without distortion.
        initial: Settings of the search.
        config: Settings of the tracker.
    """

    def __init__(self, model: ObjectModel, camera: Camera, initial: InitialPoseConfig, config: TrackerConfig) -> None:
        self._model, self._camera, self._config = model, camera, config
        self._initial = replace(
            initial, refined=min(initial.refined, REFINED), polished=min(initial.polished, POLISHED)
        )
        self._search: ViewSearch | None = None

    def stop(self) -> None:
        """Forgets what was begun."""
        self._search = None

    def advance(self, cues: FrameCues, last: FloatArray) -> FloatArray | None:
        """Goes on with the search, or begins one if there is a mask.

        Args:
            cues: Of the newest frame.
            last: (4, 4) last good pose of the centred mesh: of poses that fit alike, the one turned least against it is
                preferred, and of a symmetric object's poses.

        Returns:
            The pose (4, 4) of the centred mesh if the search has ended in this frame, else None.
        """
        try:
            if self._search is None:
                self._search = ViewSearch(self._searched, self._camera, cues, self._initial, last)
            if not self._search.advance():
                return None
        except InputError:
            self.stop()
            return None
        found, self._search = self._search.T[0], None
        mesh = self._searched.mesh
        nearest = nearest_symmetric(mesh.in_file_frame(found), mesh.in_file_frame(last), self._searched.symmetries)
        T = mesh.centred(nearest)
        moved = fit_nearby(cues, mesh, self._camera, T, self._config)
        return T if moved is None else moved

    @cached_property
    def _searched(self) -> SearchedObject:
        return SearchedObject.from_model(self._model, self._initial)
