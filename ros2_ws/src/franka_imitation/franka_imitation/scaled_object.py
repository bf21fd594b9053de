"""The object in the size that it has in a reconstruction."""

from __future__ import annotations

from dataclasses import replace

from rhov_core.mesh.color_file import ColorFile
from rhov_core.object_model import ObjectModel


def scaled(object_model: ObjectModel, scale: float) -> ObjectModel:
    """The object with its mesh and colours scaled; one of unknown size keeps its density, others their mass.

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
    colors = object_model.color_source
    if isinstance(colors, ColorFile):
        colors = replace(colors, scale=colors.scale * scale)
    elif colors is not None:
        colors = colors.scaled(scale)
    vertices = object_model.vertices * scale
    return replace(object_model, vertices=vertices, mass=mass, given_symmetries=symmetries, color_source=colors)
