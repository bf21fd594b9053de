"""The object in the size that it has in a reconstruction."""

from __future__ import annotations

from dataclasses import replace

from rhov_core.object_model import ObjectModel


def scaled(object_model: ObjectModel, scale: float) -> ObjectModel:
    """The object with its mesh scaled; one of unknown size keeps its density, others their mass.

    Args:
        object_model: As in its mesh file.
        scale: `object_scale` of the trajectory.
    """
    if scale == 1.0:
        return object_model
    mass = object_model.mass if object_model.is_metric else object_model.mass * scale**3
    symmetries = object_model.given_symmetries
    if symmetries is not None:
        symmetries = symmetries.copy()
        symmetries[:, :3, 3] *= scale
    return replace(object_model, vertices=object_model.vertices * scale, mass=mass, given_symmetries=symmetries)
