"""Antipodal grasps: places where two flat fingers can close on opposite sides of an object."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from franka_imitation.collision import CollisionChecker
from franka_imitation.gripper_bounds import GripperBounds
from franka_imitation.kinematics import Kinematics
from franka_imitation.robot import Robot
from franka_imitation.shape import ConvexShape
from franka_imitation.start_pose import pickable
from franka_imitation.table_grasps import fitted_to_table
from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.errors import PlanningError
from rhov_core.pose import make_transform, transform_points

_SAMPLES = 1500
_TURNS = 16
"""Approach directions tried around each closing axis."""
_KEEP = 300
_SPACING = 0.015
"""Of grasps with the same directions [m]."""
_UNSUPPORTED = 0.04
"""Cost of pads without any support [m]."""
_NARROW = 0.014
"""What collides with wide open fingers is tried with them this much wider than the object [m]."""
_FRICTION = 0.35
"""Contact normals may deviate from the closing axis by the angle of this friction coefficient."""
_THINNEST = 0.002
_BACK_OFF = (0.0, 0.02, 0.05, 0.09)
"""The open hand must be free at these distances before the grasp [m]."""
_PAD = 0.008
"""Where the support of a pad is probed, from its centre [m]."""


@dataclass(frozen=True)
class Grasps:
    """G grasps, best first."""

    T_object_tcp: FloatArray
    """(G, 4, 4) tool centre point on the object: z approaches, y closes."""
    width: FloatArray
    """(G,) of the object between the fingers [m]."""
    opening: FloatArray
    """(G,) distance of the fingers during the approach [m]."""
    lever: FloatArray
    """(G,) distance of the centre of mass from the piece of the closing axis between the fingers [m]."""
    cost: FloatArray
    """(G,) lever plus a penalty for pads without support [m], smaller is better."""

    def __len__(self) -> int:
        return len(self.width)

    def where(self, mask: BoolArray) -> Grasps:
        """Those where a mask (G,) holds."""
        return Grasps(*(getattr(self, field.name)[mask] for field in fields(self)))

    def one(self, index: int) -> Grasp:
        """One of them."""
        numbers = (float(values[index]) for values in (self.width, self.opening, self.lever))
        return Grasp(self.T_object_tcp[index], *numbers)


@dataclass(frozen=True)
class Grasp:
    """One grasp; see `Grasps`."""

    T_object_tcp: FloatArray
    width: float
    opening: float
    lever: float


def find_grasps(
    shape: ConvexShape,
    standing: FloatArray,
    kinematics: Kinematics,
    checker: CollisionChecker,
    robot: Robot,
    clearance: float,
    seed: int,
) -> Grasps:
    """Samples grasps on the surface and keeps those around which the open hand is free.

    Args:
        shape: The object.
        standing: (S, 4, 4) T_table_object of the poses in which it stands. Of low objects only what is grasped
            straight from above leaves the hand above the table, so this direction is tried for each closing axis.
            Grasps that take the object up in none of these poses are left out, if there are others.
        kinematics: Of the arm.
        checker: For collisions of the hand with the object.
        robot: Gives the width of the gripper.
        clearance: The gripper must open this much wider than the object [m].
        seed: Of the sampling.

    Returns:
        At most a few hundred grasps, best first.

    Raises:
        PlanningError: If the object is wider than the gripper, or the hand fits nowhere.
    """
    generator = np.random.default_rng(seed)
    points, normals = shape.sample_surface(_SAMPLES, generator)
    crossing = shape.cross(points, -normals)
    aligned = (crossing.normal * -normals).sum(axis=1) > np.cos(np.arctan(_FRICTION))
    opposite = ~crossing.buried & aligned & (crossing.length > _THINNEST)
    widest = robot.gripper.max_width - clearance
    fits = opposite & (crossing.length <= widest)
    _refuse_width(crossing.length[opposite], widest, robot)

    frames, width = _turn_around(points[fits], normals[fits], crossing.length[fits], standing[:, 2, :3])
    gripper = GripperBounds.of(robot)
    grid = frames.reshape(-1, _TURNS + len(standing), 4, 4)
    for number, pose in enumerate(standing, start=_TURNS):
        grid[:, number] = fitted_to_table(grid[:, number], crossing.length[fits] + _NARROW, pose, gripper)
    room = _palm_is_outside(shape, frames, gripper)
    frames, width = frames[room], width[room]
    lever = _lever(shape, frames, width)
    cost = lever + _UNSUPPORTED * _unsupported(shape, frames, width)
    openings = np.minimum(
        np.stack([np.full(len(width), robot.gripper.max_width), width + _NARROW]), robot.gripper.max_width
    )
    from_table = np.stack([pickable(frames, opening, standing, gripper) for opening in openings])
    order = np.argsort(cost, kind="stable")
    if from_table.any():
        order = order[from_table.any(axis=0)[order]]
    q = kinematics.rest
    T_base_tcp = kinematics.forward(q[None])[0]
    kept: list[tuple[int, float]] = []
    seen = set()
    for i in order:
        key = (
            *np.round(frames[i, :3, 3] / _SPACING).astype(int),
            *np.round(3 * frames[i, :3, 1:3].ravel()).astype(int),
        )
        if key in seen:
            continue
        for wide in np.argsort(~from_table[:, i], kind="stable"):
            opening = openings[wide, i]
            stations = (_backed(frames[i], distance) for distance in _BACK_OFF)
            if all(checker.hand_is_free(station, T_base_tcp, q, opening) for station in stations):
                kept.append((i, opening))
                seen.add(key)
                break
        if len(kept) == _KEEP:
            break
    if not kept:
        raise PlanningError(
            f"The open hand of {robot.name} fits around none of the {len(order)} places where the object is narrow "
            "enough: use an object with a free rim or handle, or a gripper with longer fingers."
        )
    index = np.array([i for i, _ in kept])
    return Grasps(frames[index], width[index], np.array([opening for _, opening in kept]), lever[index], cost[index])


def _refuse_width(lengths: FloatArray, widest: float, robot: Robot) -> None:
    if (lengths <= widest).any():
        return
    narrowest = f"{1e3 * lengths.min():.0f} mm" if len(lengths) else "unknown"
    raise PlanningError(
        f"The object cannot be grasped: its narrowest place with parallel sides is {narrowest} wide, "
        f"and the gripper of {robot.name} takes at most {1e3 * widest:.0f} mm: use a wider gripper or a smaller object."
    )


def _turn_around(
    points: FloatArray, normals: FloatArray, width: FloatArray, ups: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Frames (N * (_TURNS + S), 4, 4) that close along the normals and approach from all sides, and their widths.

    The last directions are those against `ups` (S, 3), as far as the closing axis allows.
    """
    helper = np.eye(3)[np.abs(normals).argmin(axis=1)]
    u = np.cross(normals, helper)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    v = np.cross(normals, u)
    angle = np.arange(_TURNS)[:, None, None] * (2 * np.pi / _TURNS)
    above = np.arctan2(-(ups[:, None] * v).sum(axis=2), -(ups[:, None] * u).sum(axis=2))[..., None]
    angle = np.concatenate([np.broadcast_to(angle, (_TURNS, len(u), 1)), above])
    z = np.cos(angle) * u + np.sin(angle) * v
    y = np.broadcast_to(normals, z.shape)
    rotation = np.stack([np.cross(y, z), y, z], axis=-1)
    centre = np.broadcast_to(points - normals * width[:, None] / 2, z.shape)
    frames = make_transform(rotation, centre).swapaxes(0, 1).reshape(-1, 4, 4)
    return frames, np.repeat(width, len(angle))


def _palm_is_outside(shape: ConvexShape, frames: FloatArray, gripper: GripperBounds) -> BoolArray:
    """A quick test with points of the palm, so that few frames are left for the exact one."""
    points = transform_points(frames, gripper.probes)
    return ~shape.contains(points.reshape(-1, 3)).reshape(len(frames), -1).any(axis=1)


def _lever(shape: ConvexShape, frames: FloatArray, width: FloatArray) -> FloatArray:
    """(N,) how far the weight is from where the pads bear it: off the closing axis it turns the object between them, on
    the axis but outside the grip it tips it over their edges.
    """
    offset = shape.centre_of_mass - frames[:, :3, 3]
    along = (offset * frames[:, :3, 1]).sum(axis=1)
    beside = np.maximum((offset**2).sum(axis=1) - along**2, 0)
    return np.asarray(np.sqrt(beside + np.maximum(np.abs(along) - width / 2, 0) ** 2))


def _unsupported(shape: ConvexShape, frames: FloatArray, width: FloatArray) -> FloatArray:
    """(N,) part of the pads' rims that has no object under it, 0 to 1."""
    probes = np.array([[1.0, 0, 0], [-1.0, 0, 0], [0, 0, 1.0], [0, 0, -1.0]]) * _PAD
    unsupported = np.zeros(len(frames))
    for side in (1.0, -1.0):
        skin = side * (width / 2 - 0.002)
        points = transform_points(frames, probes) + (skin[:, None] * frames[:, :3, 1])[:, None]
        covered = shape.contains(points.reshape(-1, 3)).reshape(len(frames), -1)
        unsupported += (1 - covered.mean(axis=1)) / 2
    return unsupported


def _backed(frame: FloatArray, distance: float) -> FloatArray:
    """The frame moved back against its approach direction by a distance [m]."""
    out = frame.copy()
    out[:3, 3] -= distance * frame[:3, 2]
    return out
