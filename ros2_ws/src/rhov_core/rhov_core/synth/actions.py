"""What the hand does with the object: pick, carry, turn, pour, place, inspect, regrasp."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.hand import HandModel
from rhov_core.pose import exp_rotation, make_transform, transform_points
from rhov_core.synth.forearm import load_forearm
from rhov_core.synth.grasps import Grasp
from rhov_core.synth.motion import Approach, HandPose, Passage, Piece, Stroke, off

SHOULDER: Final = np.array([0.2, -0.5, 0.3])
"""Of a right arm, world [m]; a left one is mirrored in x."""
CLEARANCE: Final = 0.02
"""What is carried stays this far above the table [m]."""
_PACE = 1.25
"""Clips that are longer than this times an action's natural duration get more of it."""


@dataclass(frozen=True)
class Task:
    """Whose motion it is."""

    points: FloatArray
    """(V, 3) the object's vertices, object frame [m]."""
    T_rest: FloatArray
    """(4, 4) T_world_object at rest above the world's origin."""
    grasps: tuple[Grasp, ...]
    """Object frame, best first."""
    hand: HandModel

    @property
    def forearm(self) -> FloatArray:
        """(3,) unit vector from the wrist to the elbow in the resting hand."""
        elbow = load_forearm(self.hand.side).elbow
        return np.asarray(elbow / np.linalg.norm(elbow))

    @property
    def shoulder(self) -> FloatArray:
        """(3,) world [m]."""
        return SHOULDER * np.array([1.0 if self.hand.side == "right" else -1.0, 1.0, 1.0])


class Script:
    """Writes a time line piece by piece.

    Args:
        task: Object, hand and grasps.
        rng: For places, turns and durations.
    """

    def __init__(self, task: Task, rng: np.random.Generator) -> None:
        self.task, self.rng, self.pieces = task, rng, list[Piece]()
        self.grasp = task.grasps[int(rng.integers(min(5, len(task.grasps))))]
        self._yaw = self._comfortable_yaw(self.grasp)
        self._T = self.resting(rng.uniform([-0.05, -0.05], [0.05, 0.05]), self._yaw)
        self._rests = True
        self._away: Approach | None = None

    def resting(self, place: FloatArray, yaw: float) -> FloatArray:
        """T_world_object (4, 4) on the table at (x, y) [m], turned by an angle about the vertical [rad]."""
        T = make_transform(exp_rotation([0, 0, yaw]), [*place, 0.0]) @ self.task.T_rest
        return np.asarray(T)

    def lifted(self, place: FloatArray, turn: FloatArray) -> FloatArray:
        """T_world_object (4, 4) in the air.

        Args:
            place: (3,) x, y and the height of the object's middle [m]; object and hand are kept above the table.
            turn: (3,) rotation vector off the upright pose, in the world [rad].
        """
        upright = exp_rotation([0, 0, self._yaw]) @ self.task.T_rest[:3, :3]
        T = make_transform(exp_rotation(turn) @ upright, place)
        hand = self.task.hand.forward_numpy(self.grasp.pose[None], np.zeros(10), self.grasp.translation[None])
        lowest = min(transform_points(T, p)[:, 2].min() for p in (self.task.points, hand.vertices[0]))
        T[2, 3] += max(0.0, CLEARANCE - lowest)
        return T

    def start_in_air(self) -> None:
        """The clip begins with the object already carried."""
        self._T, self._rests = self.lifted(self.somewhere(), self.rng.uniform(-0.25, 0.25, 3)), False

    def somewhere(self) -> FloatArray:
        """A place (3,) in the air [m]."""
        return self.rng.uniform([-0.11, -0.07, 0.13], [0.11, 0.07, 0.24])

    def pause(self, seconds: float) -> None:
        """The hand holds the object still."""
        self.pieces.append(Stroke(self._T, self._T, self._held(), seconds, (self._rests, self._rests)))

    def move(self, T: FloatArray, rests: bool = False, slowness: float = 1.0) -> None:
        """The hand carries the object."""
        seconds = slowness * off(self._T, T)
        self.pieces.append(Stroke(self._T, T, self._held(), seconds, (self._rests, rests)))
        self._T, self._rests = T, rests

    def put_down(self, yaw: float | None = None) -> None:
        """The hand carries the object to a place on the table."""
        if yaw is not None:
            self._yaw = yaw
        place = np.clip(self._T[:2, 3], -0.12, 0.12) + self.rng.uniform(-0.05, 0.05, 2)
        self.move(self.resting(place, self._yaw + self.rng.uniform(-0.2, 0.2)), rests=True, slowness=1.2)

    def reach(self) -> None:
        """The hand comes and grasps."""
        self.pieces.append(self._approach(self.grasp, 1.0))

    def release(self) -> None:
        """The hand lets go and leaves."""
        self.pieces.append(self._approach(self.grasp, 0.9, backwards=True))

    def change_grasp(self) -> None:
        """The hand lets go of the object that stands on the table, and takes it otherwise."""
        others = [g for g in self.task.grasps[:6] if g is not self.grasp]
        before = self._approach(self.grasp, 0.6, backwards=True, reach=0.6)
        if others:
            turns = [abs(_wrapped(self._comfortable_yaw(g) - self._yaw)) for g in others]
            near = [g for g, turn in zip(others, turns, strict=True) if turn < 1.0]
            self.grasp = near[int(self.rng.integers(len(near)))] if near else others[int(np.argmin(turns))]
        after = self._approach(self.grasp, 0.75, reach=0.6)
        passage = Passage(self._T, before.at(1.0)[1], after.at(0.0)[1], 0.03, 0.3)
        self.pieces += [before, passage, after]

    def _held(self) -> HandPose:
        return held_at(self.task.hand, self.grasp)

    def _approach(self, grasp: Grasp, seconds: float, backwards: bool = False, reach: float = 1.0) -> Approach:
        wrist = (self._T @ held_at(self.task.hand, grasp).wrist)[:3, 3]
        towards = self.task.shoulder - wrist
        towards = towards / np.linalg.norm(towards)
        way = 0.15 * towards + [0, 0, 0.07] + self.rng.uniform(-0.04, 0.04, 3)
        away = np.concatenate([reach * way, reach * self.rng.uniform(-0.3, 0.3, 3)])
        back = -np.asarray(grasp.approach) * self.rng.uniform(0.06, 0.09)
        return Approach(
            self._T, held_at(self.task.hand, grasp), grasp.open_pose[3:], back, away, seconds, backwards=backwards
        )

    def _comfortable_yaw(self, grasp: Grasp) -> float:
        """The angle about the vertical that turns the resting object so that the forearm points to the shoulder."""
        R = self.task.T_rest[:3, :3] @ held_at(self.task.hand, grasp).wrist[:3, :3]
        is_right = self.task.hand.side == "right"
        arm, wanted = R @ self.task.forearm, self.task.shoulder
        if np.hypot(arm[0], arm[1]) < 0.4:  # the hand comes from above: its palm looks away and to the other side
            arm, wanted = self.task.T_rest[:3, :3] @ grasp.approach, np.array([-0.5 if is_right else 0.5, 0.8, 0.0])
        angle = np.arctan2(wanted[1], wanted[0]) - np.arctan2(arm[1], arm[0])
        return _wrapped(float(angle) + float(self.rng.uniform(-0.4, 0.4)))


def held_at(hand: HandModel, grasp: Grasp) -> HandPose:
    """A grasp's hand in the object's frame."""
    wrist = hand.wrist_transform(grasp.pose[None], np.zeros(10), grasp.translation[None])[0]
    return HandPose(wrist, np.asarray(grasp.pose[3:], np.float64))


def write_pieces(action: str, task: Task, seconds: float, rng: np.random.Generator) -> list[Piece]:
    """The time line of an action for a clip of a duration [s]."""
    for more in range(1, 40):
        script = Script(task, np.random.default_rng([more, int(rng.integers(2**31))]))
        _SCRIPTS[action](script, more)
        if seconds < _PACE * sum(piece.weight for piece in script.pieces):
            break
    return script.pieces


def _wander(script: Script, times: int, turn: float) -> None:
    for _ in range(times):
        script.move(script.lifted(script.somewhere(), script.rng.uniform(-turn, turn, 3)))
        if script.rng.random() < 0.3:
            script.pause(0.15)


def _pick(script: Script, more: int) -> None:
    script.reach()
    _wander(script, more, 0.35)
    script.put_down()
    script.release()


def _carry(script: Script, more: int) -> None:
    script.start_in_air()
    _wander(script, 2 + more, 0.4)


def _turn(script: Script, more: int) -> None:
    script.start_in_air()
    place, sign = script.somewhere(), script.rng.choice([-1.0, 1.0])
    for k in range(2 + more):
        turn = script.rng.uniform(-0.4, 0.4, 3)
        turn[2] = sign * (-1) ** k * script.rng.uniform(0.5, 1.1)
        script.move(script.lifted(place + script.rng.uniform(-0.02, 0.02, 3), turn))


def _pour(script: Script, more: int) -> None:
    script.pause(0.15)
    place = script.somewhere()
    script.move(script.lifted(place, np.zeros(3)))
    # about the forearm, as a wrist turns
    along = script.task.shoulder * [1, 1, 0]
    sign = 1 if script.task.hand.side == "right" else -1
    tilt = along / np.linalg.norm(along) * script.rng.uniform(0.9, 1.4) * sign
    for _ in range(more):
        script.move(script.lifted(place + np.array([0, 0, 0.02]), tilt))
        script.pause(0.25)
        script.move(script.lifted(place, script.rng.uniform(-0.1, 0.1, 3)))
    script.put_down()


def _place(script: Script, more: int) -> None:
    script.start_in_air()
    _wander(script, more, 0.35)
    script.put_down()
    script.release()


def _inspect(script: Script, more: int) -> None:
    script.pause(0.1)
    place = script.rng.uniform([-0.05, -0.12, 0.22], [0.05, -0.04, 0.28])
    script.move(script.lifted(place, script.rng.uniform(-0.3, 0.3, 3)))
    for k in range(1 + more):
        turn = script.rng.uniform(-0.6, 0.6, 3)
        turn[k % 2 * 2] = script.rng.choice([-1, 1]) * script.rng.uniform(0.6, 1.0)
        script.move(script.lifted(place + script.rng.uniform(-0.02, 0.02, 3), turn))
        script.pause(0.2)


def _regrasp(script: Script, more: int) -> None:
    script.pause(0.1)
    script.move(script.lifted(script.somewhere(), script.rng.uniform(-0.3, 0.3, 3)))
    script.put_down()
    script.change_grasp()
    _wander(script, more, 0.35)


_SCRIPTS: dict[str, Callable[[Script, int], None]] = {
    "pick": _pick,
    "carry": _carry,
    "turn": _turn,
    "pour": _pour,
    "place": _place,
    "inspect": _inspect,
    "regrasp": _regrasp,
}


def _wrapped(angle: float) -> float:
    return float((angle + np.pi) % (2 * np.pi) - np.pi)
