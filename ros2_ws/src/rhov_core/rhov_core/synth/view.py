"""Where the camera and the things on the table stand, chosen so that the clip shows what it should."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.pose import inverse, make_transform, transform_points
from rhov_core.render import rasterize
from rhov_core.synth.actors import HAND, OBJECT, Actors
from rhov_core.synth.motion import Motion, State
from rhov_core.synth.things import Thing, a_thing

TRIES = 60
"""Views of one motion that are tried."""
SAMPLES = 9
"""Times of the clip that a view is judged by."""
_COARSE = 5
"""Views are judged in images that are this many times smaller."""
_PEAK = 0.85
"""In no frame shall more of the object be hidden."""
_NEAREST = 0.2
"""Nothing comes nearer to the camera [m]."""
_AT_START = 0.55
"""In the first frame no more, so that a box can be drawn round it."""


@dataclass(frozen=True)
class View:
    """A camera that stands still, and the things on the table."""

    camera: Camera
    T_camera_world: FloatArray
    """(4, 4)"""
    things: tuple[Thing, ...]
    fault: float
    """0 if the clip shows all that it should."""


def choose_view(
    motion: Motion, actors: Actors, occlusion: tuple[float, float], size: tuple[int, int], rng: np.random.Generator
) -> View:
    """The first of some random views that keeps object and hand in the picture and hides as much as it should.

    Args:
        motion: What happens.
        actors: Who moves.
        occlusion: Range of the mean share of the object that is hidden.
        size: (width, height) of the picture [pixel].
        rng: Generator.

    Returns:
        The best view if none is good.
    """
    states = [motion.at(t) for t in np.linspace(0, motion.seconds, SAMPLES)]
    moving = [actors.vertices(state) for state in states]
    way = np.concatenate([v for vertices in moving for v in vertices])
    best: View | None = None
    for _ in range(TRIES):
        camera, T_camera_world = a_camera(moving, size, rng)
        fault = _outside(camera, T_camera_world, states, moving)
        if best is not None and fault >= best.fault:
            continue
        things = some_things(T_camera_world, moving, way, occlusion, rng)
        fault += _wrongly_hidden(camera, T_camera_world, moving, things, actors, occlusion)
        if best is None or fault < best.fault:
            best = View(camera, T_camera_world, things, fault)
        if best.fault == 0:
            break
    assert best is not None
    return best


def a_camera(
    moving: list[list[FloatArray]], size: tuple[int, int], rng: np.random.Generator
) -> tuple[Camera, FloatArray]:
    """A person's view from the distance of an arm, from any side but a half turn, on the middle of what happens."""
    points = np.concatenate([vertices[OBJECT] for vertices in moving])
    target = (points.min(0) + points.max(0)) / 2 + rng.normal(0, 0.015, 3) + [0, 0, 0.02]
    azimuth, elevation = rng.uniform(-2.6, 2.6), rng.uniform(0.2, 0.95)
    direction = np.array([np.sin(azimuth) * np.cos(elevation), np.cos(azimuth) * np.cos(elevation), np.sin(elevation)])
    centre = target + direction * rng.uniform(0.4, 0.72)
    forward = -direction
    side = np.cross(forward, [0, 0, 1.0])
    side /= np.linalg.norm(side)
    down, roll = np.cross(forward, side), rng.normal(0, 0.04)
    side, down = np.cos(roll) * side + np.sin(roll) * down, np.cos(roll) * down - np.sin(roll) * side
    camera = Camera.from_focal(float(rng.uniform(0.85, 1.05)) * size[0], *size)
    return camera, inverse(make_transform(np.stack([side, down, forward], axis=1), centre))


def _outside(camera: Camera, T: FloatArray, states: list[State], moving: list[list[FloatArray]]) -> float:
    """How much of the object, and of the hand while it holds the object, is out of the picture or too near."""
    fault = 0.0
    for state, vertices in zip(states, moving, strict=True):
        away = np.linalg.norm(transform_points(T, np.concatenate(vertices)), axis=1).min()
        fault += 5 * float(away < _NEAREST)
        fault += share_outside(camera, T, vertices[OBJECT])
        if state.held:
            fault += share_outside(camera, T, vertices[HAND])
    return fault


def share_outside(camera: Camera, T: FloatArray, points: FloatArray) -> float:
    """Share of world points (N, 3) [m] that are out of the picture; 5 if any is behind the camera or next to it."""
    p = transform_points(T, points)
    if p[:, 2].min() < 0.1:
        return 5.0
    margin = camera.width / 80
    x, y = camera.fx * p[:, 0] / p[:, 2] + camera.cx, camera.fy * p[:, 1] / p[:, 2] + camera.cy
    inside = (x > margin) & (y > margin) & (x < camera.width - margin) & (y < camera.height - margin)
    return float(1 - inside.mean())


def some_things(
    T: FloatArray,
    moving: list[list[FloatArray]],
    way: FloatArray,
    occlusion: tuple[float, float],
    rng: np.random.Generator,
) -> tuple[Thing, ...]:
    """Clutter round about, and before the object if much of it is to be hidden; nothing where something moves."""
    eye = inverse(T)[:3, 3]
    middle = np.mean([vertices[OBJECT].mean(0) for vertices in moving], axis=0)
    things: list[Thing] = []
    for _ in range(int(rng.integers(1, 4))):
        angle, radius = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.42)
        _add(things, a_thing(rng, radius * np.array([np.cos(angle), np.sin(angle)]), (0.05, 0.2)), way, eye)
    if rng.random() < 2.5 * occlusion[0] + 0.1 * (occlusion[1] > 0.3):
        towards = eye[:2] - middle[:2]
        for _ in range(int(rng.integers(1, 3))):
            aside = rng.uniform(-0.12, 0.12) * np.array([-towards[1], towards[0]]) / np.linalg.norm(towards)
            place = middle[:2] + rng.uniform(0.25, 0.6) * towards + aside
            _add(things, a_thing(rng, place, (0.08, 0.26)), way, eye)
    return tuple(things)


def _add(things: list[Thing], thing: Thing, way: FloatArray, eye: FloatArray) -> None:
    """Puts a thing down if nothing moves or stands there and it is not right before the camera."""
    others = [other.vertices for other in things]
    if (
        thing.keeps_off(np.concatenate([way, *others, eye[None]]))
        and np.linalg.norm(thing.vertices - eye, axis=1).min() > 0.2
    ):
        things.append(thing)


def _wrongly_hidden(
    camera: Camera,
    T: FloatArray,
    moving: list[list[FloatArray]],
    things: tuple[Thing, ...],
    actors: Actors,
    occlusion: tuple[float, float],
) -> float:
    """How far the shares of the object that are hidden are from what is wanted."""
    coarse = camera.scaled(camera.width // _COARSE, camera.height // _COARSE)
    all_faces = [*actors.faces, *(thing.faces for thing in things)]
    hidden = []
    for vertices in moving:
        points = [*vertices, *(thing.vertices for thing in things)]
        offsets = np.cumsum([0, *(len(p) for p in points[:-1])])
        faces = np.concatenate([f + o for f, o in zip(all_faces, offsets, strict=True)])
        seen = transform_points(T, np.concatenate(points))
        face_id = rasterize(seen[None], faces, coarse)[0][0]
        whole = rasterize(transform_points(T, vertices[OBJECT])[None], actors.model.faces, coarse)[0][0] >= 0
        visible = (face_id >= 0) & (face_id < len(actors.model.faces))
        hidden.append(1 - visible.sum() / max(1, whole.sum()))
    mean = float(np.mean(hidden))
    fault = max(0.0, occlusion[0] - mean, mean - occlusion[1])
    return fault + max(0.0, max(hidden) - _PEAK) + max(0.0, hidden[0] - _AT_START)
