"""Whether a posture of the robot is free: of itself, of the table and of the object."""

from __future__ import annotations

import copy
from enum import IntEnum

import mujoco
import numpy as np
from numpy.typing import ArrayLike

from franka_imitation.scene import OBJECT_BODY, Scene
from rhov_core.arrays import FloatArray

_TIP_CLEARANCE = 0.004
"""Finger tips may come this close to the table [m]."""
_SELF_CLEARANCE = 0.008
"""Links that are not neighbours keep this distance [m]."""
_PALM_CLEARANCE = 0.001
"""The palm may come this close to the object [m]."""
_TOUCH = -2e-4
"""Fingers that only slide along the object penetrate it by less than this [m]."""


class _Kind(IntEnum):
    TABLE, LINK, HAND, FINGER, OBJECT = range(5)


_KINDS = {"world": _Kind.TABLE, "hand": _Kind.HAND, OBJECT_BODY: _Kind.OBJECT}
_KINDS.update({"left_finger": _Kind.FINGER, "right_finger": _Kind.FINGER})


class CollisionChecker:
    """Checks postures by MuJoCo's collision detection, without stepping physics.

    Args:
        scene: The workplace.
        clearance: Distance that links keep from table and object, and a held object from the table [m].
    """

    def __init__(self, scene: Scene, clearance: float) -> None:
        self._scene = scene
        self._model = copy.deepcopy(scene.model)
        self._model.geom_margin[:] = max(clearance, _SELF_CLEARANCE) + 1e-4
        self._data = mujoco.MjData(self._model)
        names = [self._model.body(i).name for i in self._model.geom_bodyid]
        self._names = names
        self._kind = np.array([_KINDS.get(name, _Kind.LINK) for name in names])
        self._resting = _thresholds(clearance, held=False)
        self._held = _thresholds(clearance, held=True)

    def find(self, q: ArrayLike, width: float, T_table_object: FloatArray, *, held: bool = False) -> str | None:
        """Names what is too close, or returns None if the posture is free.

        Args:
            q: (7,) joint positions [rad].
            width: Distance of the fingers [m].
            T_table_object: (4, 4) pose of the object.
            held: Whether the object is between the fingers (and must keep off the table) or stands somewhere.
        """
        geoms, distances = self._contacts(q, width, T_table_object)
        limits = (self._held if held else self._resting)[self._kind[geoms[:, 0]], self._kind[geoms[:, 1]]]
        excess = distances - limits
        if not len(excess) or excess.min() >= 0:
            return None
        first, second = geoms[int(excess.argmin())]
        return f"{self._label(first)} and {self._label(second)}"

    def find_along(
        self, path: FloatArray, width: float, T_table_object: FloatArray, *, held: bool = False
    ) -> str | None:
        """The first collision along postures (N, 7), or None.

        Args:
            path: Joint positions [rad].
            width: Distance of the fingers [m].
            T_table_object: (4, 4), or (N, 4, 4) one pose for each posture.
            held: As for `find`.
        """
        poses = np.broadcast_to(T_table_object, (len(path), 4, 4))
        # ends first: they collide most often
        order = np.argsort(-np.abs(np.arange(len(path)) - (len(path) - 1) / 2), kind="stable")
        for i in order:
            if found := self.find(path[i], width, poses[i], held=held):
                return found
        return None

    def hand_is_free(self, T_object_tcp: FloatArray, T_base_tcp: FloatArray, q: ArrayLike, width: float) -> bool:
        """Whether the open hand fits around the object, whatever the rest of the arm does.

        Args:
            T_object_tcp: (4, 4) where the hand is on the object.
            T_base_tcp: (4, 4) forward kinematics of `q`, any posture well above the table.
            q: (7,) that posture [rad].
            width: Distance of the fingers [m].
        """
        geoms, distances = self._contacts(q, width, T_base_tcp @ np.linalg.inv(T_object_tcp))
        first, second = self._kind[geoms[:, 0]], self._kind[geoms[:, 1]]
        low, high = np.minimum(first, second), np.maximum(first, second)
        relevant = (high == _Kind.OBJECT) & ((low == _Kind.HAND) | (low == _Kind.FINGER))
        return not (distances < self._resting[low, high])[relevant].any()

    def _contacts(self, q: ArrayLike, width: float, T_table_object: FloatArray) -> tuple[np.ndarray, FloatArray]:
        self._scene.set_state(self._data, q, width, T_table_object)
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_collision(self._model, self._data)
        contact = self._data.contact
        return np.asarray(contact.geom).reshape(-1, 2), np.asarray(contact.dist).reshape(-1)

    def _label(self, geom: int) -> str:
        return "the table" if self._names[geom] == "world" else f"the {self._names[geom].replace('_', ' ')}"


def _thresholds(clearance: float, *, held: bool) -> FloatArray:
    """(5, 5) smallest allowed distance between two kinds of bodies [m]."""
    limits = np.zeros((5, 5))

    def allow(first: _Kind, second: _Kind, distance: float) -> None:
        limits[first, second] = limits[second, first] = distance

    for kind in (_Kind.LINK, _Kind.HAND):
        allow(kind, _Kind.TABLE, clearance)
    for kind in (_Kind.LINK, _Kind.HAND, _Kind.FINGER):
        allow(_Kind.LINK, kind, _SELF_CLEARANCE)
    allow(_Kind.FINGER, _Kind.TABLE, min(_TIP_CLEARANCE, clearance))
    allow(_Kind.OBJECT, _Kind.TABLE, clearance if held else -np.inf)
    allow(_Kind.LINK, _Kind.OBJECT, clearance)
    allow(_Kind.HAND, _Kind.OBJECT, min(_PALM_CLEARANCE, clearance))
    allow(_Kind.FINGER, _Kind.OBJECT, -np.inf if held else _TOUCH)
    allow(_Kind.FINGER, _Kind.FINGER, -np.inf)
    allow(_Kind.OBJECT, _Kind.OBJECT, -np.inf)
    return limits
