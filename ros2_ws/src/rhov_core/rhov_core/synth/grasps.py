"""Plausible grasps of an object: a hand whose fingers lie on the surface and that could have come there."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.errors import PlanningError
from rhov_core.hand import FINGERS, HandModel, mirror_pose
from rhov_core.pose import exp_rotation, rotation_angle
from rhov_core.synth.candidates import candidates
from rhov_core.synth.closing import REACH
from rhov_core.synth.grasp_object import GraspObject
from rhov_core.synth.grasp_pose import GraspPose, closed, fingers_cross
from rhov_core.synth.hand_skin import hand_skin
from rhov_core.synth.handles import Grip, Handle
from rhov_core.synth.hold import Hold, measured, roughly_holds
from rhov_core.synth.opening import free_approach, opened
from rhov_core.synth.remembered import fingerprint, recall, remember, remembered_file
from rhov_core.synth.synth_object import SynthObject

_VERSION: Final = 5
"""Raised when the same object and seed would give other grasps."""
_MOST_TRIED = 3000
"""Candidates at most."""
_TRIED = 1200
"""Candidates of which, once there are grasps enough, some may be of one kind only."""
_CHOICE = 1.5
"""How many times the wanted number is collected of each kind to choose from."""
_ALIKE = 0.6
"""Grasps whose difference, see `_difference`, is smaller are too alike to keep both."""
_MIRROR = np.array([-1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Grasp:
    """A hand that holds an object, in the object's frame."""

    pose: FloatArray
    """(48,) of the hand model [rad]."""
    translation: FloatArray
    """(3,) of the hand model [m]."""
    open_pose: FloatArray
    """(48,) before the grasp, at the same translation: on the straight line to `pose` nothing is touched [rad]."""
    approach: FloatArray
    """(3,) unit vector along which the open hand can come from 12 cm outside."""
    grip: Grip
    """power: in the palm; pinch: between the fingertips."""
    penetration: float
    """Largest depth of the hand in the object [m]."""
    touching: tuple[str, ...]
    """Fingers within 3 mm of the surface."""
    thumb_gap: float
    """Distance of the thumb from the surface [m]."""
    score: float
    """The larger, the better."""


def find_grasps(obj: SynthObject, hand: HandModel, seed: int, count: int = 8) -> tuple[Grasp, ...]:
    """Finds different grasps of an object that rests on a table, the best first; remembered on disk.

    Args:
        obj: The object.
        hand: A right or a left hand, of mean shape.
        seed: Of the candidates; the same seed gives the same grasps.
        count: How many grasps at most.

    Raises:
        PlanningError: If no grasp is found.
    """
    model = obj.load()
    right = hand if hand.side == "right" else hand.mirrored()
    flip = np.ones(3) if hand.side == "right" else _MIRROR
    faces = np.array(model.faces) if hand.side == "right" else np.ascontiguousarray(model.faces[:, ::-1])
    target = GraspObject(model.vertices * flip, faces, obj.R_world_object[2] * flip, _flipped(obj.handles, flip))
    key = fingerprint(_VERSION, target.vertices, faces, target.up, target.handles, right.template, seed, count)
    file = remembered_file("grasps", f"{obj.name}-{hand.side}-{seed}-{key}")
    table = recall(file)
    if table is None:
        table = _table(_search(target, right, np.random.default_rng(seed), count))
        remember(file, table)
    if not len(table["pose"]):
        raise PlanningError(f"no grasp of '{obj.name}' was found: it is too large, or lies too flat on the table")
    return tuple(_grasp(table, i, hand.side == "left") for i in range(len(table["pose"])))


def _search(target: GraspObject, model: HandModel, rng: np.random.Generator, count: int) -> list[Grasp]:
    """Tries candidates until there are enough, then chooses."""
    skin = hand_skin(model)
    found: dict[Grip, list[Grasp]] = {"power": [], "pinch": []}
    for tried, candidate in enumerate(candidates(target, model, rng)):
        numbers = [len(grasps) for grasps in found.values()]
        if tried >= _MOST_TRIED or (max(numbers) >= _CHOICE * count and (tried >= _TRIED or min(numbers) >= count)):
            break
        if len(found[candidate.grip]) >= _CHOICE * count:
            continue
        pose = closed(candidate, target, skin, rng)
        if pose is None or not roughly_holds(pose, target, skin) or fingers_cross(pose, model):
            continue
        open_angles = opened(pose, target, skin)
        approach = None if open_angles is None else free_approach(pose, open_angles, target, skin)
        if open_angles is None or approach is None:
            continue
        hold = measured(pose, target, model)
        if hold.fits(pose.grip):
            found[pose.grip].append(
                Grasp(
                    pose.parameters(skin),
                    pose.t,
                    pose.parameters(skin, open_angles),
                    approach,
                    pose.grip,
                    hold.penetration,
                    tuple(f for f, d in zip(FINGERS, hold.finger_distance, strict=True) if d < REACH),
                    float(hold.finger_distance[0]),
                    _score(pose, hold, approach, target),
                )
            )
    return _different(found, count)


def _score(pose: GraspPose, hold: Hold, approach: FloatArray, target: GraspObject) -> float:
    """Rewards touching fingers and pads, an opposed thumb and an enclosed object; punishes depth and ways upwards."""
    touching = (hold.finger_distance < REACH).sum() + 0.5 * (hold.pad_distance < REACH).sum()
    holding = hold.escape - 2 * hold.opposition
    return float(touching + holding - 400 * hold.penetration - 0.5 * max(0.0, float(approach @ target.up)))


def _different(found: dict[Grip, list[Grasp]], count: int) -> list[Grasp]:
    """The best grasps of both kinds in turn that are not alike, then the best of the others."""
    ranked = [sorted(grasps, key=lambda grasp: -grasp.score) for grasps in found.values()]
    ranked.sort(key=lambda grasps: -grasps[0].score if grasps else 0.0)
    in_turn = [grasp for pair in itertools.zip_longest(*ranked) for grasp in pair if grasp is not None]
    chosen: list[Grasp] = []
    for alike in (_ALIKE, 0.0):
        for grasp in in_turn:
            if len(chosen) < count and all(_difference(grasp, other) > alike for other in chosen):
                chosen.append(grasp)
    return chosen


def _difference(a: Grasp, b: Grasp) -> float:
    """How different two grasps are: rotation [rad] plus translation [dm]; 0 for the same."""
    turn = float(rotation_angle(exp_rotation(a.pose[:3]).T @ exp_rotation(b.pose[:3])))
    return turn + 10 * float(np.linalg.norm(a.translation - b.translation))


def _flipped(handles: tuple[Handle, ...], flip: FloatArray) -> tuple[Handle, ...]:
    """Handles of the mirrored object."""

    def turned(vector: Any) -> Any:
        return None if vector is None else tuple((np.asarray(vector) * flip).tolist())

    return tuple(Handle(turned(h.start), turned(h.end), turned(h.approach), h.grip, h.both_ways) for h in handles)


def _table(grasps: list[Grasp]) -> dict[str, NDArray[Any]]:
    names = [field.name for field in fields(Grasp) if field.name != "touching"]
    touching = np.array([[finger in grasp.touching for finger in FINGERS] for grasp in grasps])
    return {"touching": touching} | {name: np.array([getattr(grasp, name) for grasp in grasps]) for name in names}


def _grasp(table: dict[str, NDArray[Any]], i: int, left: bool) -> Grasp:
    row: dict[str, Any] = {name: values[i] for name, values in table.items()}
    row["touching"] = tuple(finger for finger, touches in zip(FINGERS, row["touching"], strict=True) if touches)
    for name in ("penetration", "thumb_gap", "score"):
        row[name] = float(row[name])
    row["grip"] = str(row["grip"])
    if left:
        for name in ("pose", "open_pose"):
            row[name] = mirror_pose(row[name])
        for name in ("translation", "approach"):
            row[name] = row[name] * _MIRROR
    return Grasp(**row)
