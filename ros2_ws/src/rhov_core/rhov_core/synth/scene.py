"""A room with a table, lamps, and everything that a clip shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.mesh.surface import Mesh
from rhov_core.pose import inverse, make_transform, transform_points
from rhov_core.synth import textures
from rhov_core.synth.actors import SLEEVE, Actors
from rhov_core.synth.drawn import Light, Part, Plane, Surface
from rhov_core.synth.material import Material
from rhov_core.synth.primitives import egg
from rhov_core.synth.shading import Shader
from rhov_core.synth.skin import TONES, skin_colors
from rhov_core.synth.view import View

_TABLE_HALF = (0.8, 0.55)
_FLOOR = -0.74
"""Height of the floor [m]."""


@dataclass(frozen=True)
class Scene:
    """All parts of a clip's pictures, in the order object, hand, forearm, sleeve, then what stands still."""

    shader: Shader
    still: list[FloatArray]
    """(V, 3) camera frame [m] of the parts that stand still."""
    faces: list[NDArray[np.int32]]
    """(F, 3) of every part."""
    planes: list[Plane]
    tone: int
    """Index of the skin's colour in `skin.TONES`."""
    exposure: float
    object_surface: Surface
    """How the object looks."""

    def picture(self, moments: list[list[FloatArray]]) -> NDArray[np.float32]:
        """A frame (H, W, 3) in linear colour, averaged over moments of its exposure.

        Args:
            moments: Vertices (V, 3) of what moves in the camera frame [m], at each moment.
        """
        camera = self.shader.camera
        image = np.zeros((camera.height, camera.width, 3), np.float32)
        self.shader.light_up([*moments[len(moments) // 2], *self.still])
        for vertices, shift in zip(moments, _shifts(len(moments)), strict=True):
            self.shader.draw([*vertices, *self.still], image, shift)
        return image * np.float32(self.exposure / len(moments))


def build_scene(actors: Actors, material: Material, view: View, rng: np.random.Generator) -> Scene:
    """Furnishes a room around a view of what moves.

    Args:
        actors: Who moves.
        material: The object's.
        view: Camera and things.
        rng: For colours, textures and lights.
    """
    T = view.T_camera_world
    eye = inverse(T)[:3, 3]
    tone = int(rng.integers(len(TONES)))
    skin = Surface(textures.skin(rng), 11.0, 0.5, 0.035, 0.3, np.pi)
    colors = skin_colors(actors.hand, np.array(TONES[tone]) * rng.uniform(0.9, 1.1))
    cloth = _cloth(rng)
    object_surface = surface_of(material, actors.model.vertices, rng)
    parts = [
        Part(actors.model.vertices, actors.model.faces, object_surface),
        _skin_part(actors, colors, skin),
        Part(actors.sleeve_at_rest, actors.faces[SLEEVE], cloth),
    ]
    still, faces = [], actors.faces
    for thing in view.things:
        parts.append(Part(thing.rest, thing.faces, surface_of(thing.material, thing.rest, rng)))
        still.append(transform_points(T, thing.vertices))
        faces.append(thing.faces)
    if eye[1] > 0.1:  # the person; a camera on the person's own side does not see it
        for (body, body_faces), look in zip(_trunk_and_head(actors.shoulder), (cloth, skin), strict=True):
            parts.append(
                Part(body, body_faces, look, np.tile(colors.mean(0), (len(body), 1)) if look is skin else None)
            )
            still.append(transform_points(T, body))
            faces.append(body_faces)
    planes = _planes(T, eye, rng)
    lights, ambient = _lights(T, rng)
    shader = Shader(parts, planes, lights, ambient, T[:3, 2], view.camera)
    return Scene(shader, still, faces, planes, tone, float(rng.uniform(0.8, 1.1)), object_surface)


def surface_of(material: Material, vertices: FloatArray, rng: np.random.Generator) -> Surface:
    """How an object of some material looks.

    Args:
        material: Kind, colours and gloss.
        vertices: (V, 3) [m]; prints are as large as the object.
        rng: Generator.
    """
    extent, color = float(np.ptp(vertices, axis=0).max()), np.array(material.colours[0], np.float64)
    accents = [np.array(c, np.float64) for c in material.colours[1:]] or [np.asarray(0.9 - color, np.float64)]
    roughness = 0.75 - 0.45 * material.gloss
    if material.kind == "printed":
        return Surface(textures.printed(rng, color, accents), 1 / extent, roughness, 0.03)
    if material.kind == "label":
        return Surface(textures.label(rng, color, accents[0]), 1 / extent, roughness, 0.04)
    if material.kind == "wood":
        return Surface(textures.wood(rng, color), float(rng.uniform(3, 5)), 0.6, 0.03)
    if material.kind == "metal":
        return Surface(textures.brushed(rng, color), 4.0, max(0.25, roughness), 0.45)
    return Surface(textures.plain(rng, color, 0.03), 4.0, roughness, 0.04)


def _cloth(rng: np.random.Generator) -> Surface:
    stripes = bool(rng.random() < 0.4)
    return Surface(textures.cloth(rng, textures.muted(rng, 0.03, 0.4, 0.5), stripes), 6.0, 0.95, 0.01, 0.0, np.pi)


def _skin_part(actors: Actors, hand_colors: FloatArray, surface: Surface) -> Part:
    """Hand and forearm as one surface, so that no seam shows: without what closes the hand's mesh at the wrist."""
    hand, arm = actors.hand, actors.forearm
    welded = np.where(arm.hand_vertex >= 0, arm.hand_vertex, len(hand.template) + np.arange(len(arm.vertices)))
    seam = arm.hand_vertex[arm.hand_vertex >= 0]
    own = ~np.isin(hand.faces, seam).all(axis=1)
    wrist = np.tile(hand_colors[seam].mean(0), (len(arm.vertices), 1))
    return Part(
        np.concatenate([hand.template, arm.vertices]),
        np.concatenate([hand.faces[own], welded[arm.faces]]).astype(np.int32),
        surface,
        np.concatenate([hand_colors, wrist]),
    )


def _trunk_and_head(shoulder: FloatArray) -> list[Mesh]:
    """Vertices (V, 3) in the world [m] and faces (F, 3) of a trunk beside a shoulder, and of a head."""
    ball, faces = egg(2.0, 2.0)
    boxy = np.sign(ball) * np.abs(ball) ** 0.6
    middle = shoulder + np.array([-0.19 * np.sign(shoulder[0]), -0.08, 0.0])
    trunk = boxy * [0.2, 0.12, 0.36] + middle + [0, 0, -0.3]
    return [(trunk, faces), (ball * [0.075, 0.095, 0.12] + middle + [0, 0.03, 0.14], faces)]


def _planes(T: FloatArray, eye: FloatArray, rng: np.random.Generator) -> list[Plane]:
    """Table, floor, and a wall that the camera looks at."""
    look = [textures.wood(rng, rng.uniform(0.3, 1.0) * rng.uniform([0.5, 0.27, 0.12], [0.6, 0.42, 0.26]))]
    look.append(textures.cloth(rng, textures.muted(rng, 0.06, 0.6, 0.3), bool(rng.random() < 0.5)))
    look.append(textures.plain(rng, textures.muted(rng, 0.05, 0.6, 0.12), 0.1))
    table = Surface(look[int(rng.integers(3))], float(rng.uniform(0.8, 2.0)), float(rng.uniform(0.45, 0.8)), 0.03)
    floor = Surface(textures.plain(rng, textures.muted(rng, 0.05, 0.3, 0.2), 0.12), 0.7, 0.8, 0.02)
    wall = Surface(textures.room(rng), float(rng.uniform(0.35, 0.6)), 0.9, 0.01)
    away = -eye[:2] / np.linalg.norm(eye[:2])
    facing = np.array([-away[0], -away[1], 0.0])
    across = np.cross([0, 0, 1.0], facing)
    upright = np.stack([across, np.array([0, 0, 1.0]), facing], axis=1)
    flat = np.eye(3)
    behind = [*(away * rng.uniform(1.3, 2.2)), 0.5]
    return [
        Plane(T @ make_transform(flat, [0, 0.1, 0]), _TABLE_HALF, table),
        Plane(T @ make_transform(flat, [0, 0, _FLOOR]), (5.0, 5.0), floor),
        Plane(T @ make_transform(upright, behind), (5.0, 3.0), wall),
    ]


def _lights(T: FloatArray, rng: np.random.Generator) -> tuple[list[Light], FloatArray]:
    """A main lamp, a weaker one from elsewhere, and light from all around (2, 3)."""
    warm = rng.uniform(0.0, 1.0)
    white = np.array([1.0, 0.95 - 0.06 * warm, 0.9 - 0.18 * warm])
    key = rng.uniform([-0.9, -0.1, 1.0], [0.9, 1.0, 1.6])
    fill = rng.uniform([-1.2, -0.6, 0.9], [1.2, 0.8, 1.5])
    fill[0] = -np.sign(key[0]) * abs(fill[0])
    lights = [
        Light(transform_points(T, key[None])[0], white * rng.uniform(0.75, 1.15), float(rng.uniform(0.04, 0.22))),
        Light(transform_points(T, fill[None])[0], white[::-1] * rng.uniform(0.12, 0.35), float(rng.uniform(0.1, 0.3))),
    ]
    ambient = rng.uniform(0.7, 1.2) * np.array([[0.27, 0.29, 0.32], [0.14, 0.12, 0.1]])
    return lights, ambient


def _shifts(count: int) -> list[tuple[float, float]]:
    """Where in the pixel each moment looks [pixel]."""
    return [(((0.5 + k) / count - 0.5), (((0.5 + 0.6180339887 * k) % 1.0) - 0.5)) for k in range(count)]
