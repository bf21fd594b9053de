"""What was observed while a motion was replayed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from franka_imitation.robot import JOINTS
from franka_imitation.simulate import Rollout
from rhov_core.arrays import FloatArray
from rhov_core.files import atomic_path
from rhov_core.pose import interpolate, quaternion_from_rotation


@dataclass
class Recording:
    """Postures of the robot and, where they are observed, poses of the object; grows while the robot moves.

    One thread may add while others read: each read looks at what there was when it began.
    """

    _robot: list[tuple[float, FloatArray, float]] = field(default_factory=list)
    _object: list[tuple[float, FloatArray]] = field(default_factory=list)

    def add_robot(self, time: float, q: FloatArray, width: float) -> None:
        """Adds a posture (7,) [rad] and the distance of the fingers [m] at a time of the robot's clock [s]."""
        if not self._robot or time > self._robot[-1][0]:
            self._robot.append((time, np.array(q, np.float64), float(width)))

    def add_object(self, time: float, T_base_object: FloatArray) -> None:
        """Adds a pose (4, 4) of the object at a time of the robot's clock [s]."""
        if not self._object or time > self._object[-1][0]:
            self._object.append((time, np.array(T_base_object, np.float64)))

    @property
    def observes_object(self) -> bool:
        """Whether any pose of the object is known."""
        return len(self._object) > 1

    @property
    def last_object(self) -> tuple[float, FloatArray] | None:
        """The newest pose (4, 4) of the object and its time [s], or None."""
        return self._object[-1] if self._object else None

    @property
    def end(self) -> float:
        """Time up to which everything that is observed is known [s]; minus infinity when nothing is."""
        ends = [track[-1][0] for track in (self._robot, self._object) if track]
        return min(ends, default=-np.inf)

    def object_at(self, time: float) -> FloatArray | None:
        """The last pose (4, 4) not after a time [s], or None."""
        known = [T for t, T in tuple(self._object) if t <= time]
        return known[-1] if known else None

    def robot_at(self, times: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Postures (M, 7) [rad] and distances of the fingers (M,) [m] at times (M,) [s]."""
        track = tuple(self._robot)
        known = np.array([t for t, _, _ in track])
        q = np.stack([q for _, q, _ in track])
        postures = np.stack([np.interp(times, known, q[:, j]) for j in range(JOINTS)], axis=1)
        return postures, np.interp(times, known, np.array([w for _, _, w in track]))

    def objects_at(self, times: FloatArray) -> FloatArray:
        """Poses of the object (M, 4, 4) at times (M,) [s], interpolated."""
        track = tuple(self._object)
        known = np.array([t for t, _ in track])
        T = np.stack([T for _, T in track])
        i = np.clip(np.searchsorted(known, times) - 1, 0, len(known) - 2)
        fraction = np.clip((times - known[i]) / (known[i + 1] - known[i]), 0.0, 1.0)
        return interpolate(T[i], T[i + 1], fraction)

    def rollout(self, times: FloatArray) -> Rollout:
        """The same as the planner's simulation gives, at times (M,) of the robot's clock [s]."""
        q, width = self.robot_at(times)
        T = self.objects_at(times)
        wxyz = np.roll(quaternion_from_rotation(T[:, :3, :3]), 1, axis=1)
        state = np.concatenate([q, np.repeat(width[:, None] / 2, 2, axis=1), T[:, :3, 3], wxyz], axis=1)
        return Rollout(state, 0)

    def save(self, path: str | Path) -> None:
        """Writes `rollout.npz`: robot_time (A,), q (A, 7), width (A,), object_time (B,), T_base_object (B, 4, 4)."""
        robot, poses = tuple(self._robot), tuple(self._object)
        q = np.stack([q for _, q, _ in robot]) if robot else np.zeros((0, JOINTS))
        T = np.stack([T for _, T in poses]) if poses else np.zeros((0, 4, 4))
        with atomic_path(path) as partial, open(partial, "wb") as file:
            np.savez_compressed(
                file,
                robot_time=np.array([t for t, _, _ in robot]),
                q=q,
                width=np.array([w for _, _, w in robot]),
                object_time=np.array([t for t, _ in poses]),
                T_base_object=T,
            )
