"""Forward and inverse kinematics of a seven-joint arm for many postures at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from franka_imitation.kinematics_kernels import chains, solve_all
from franka_imitation.robot import JOINTS
from franka_imitation.scene import TCP_SITE, Scene
from rhov_core.arrays import FloatArray
from rhov_core.pose import make_transform, rotation_from_quaternion

_DAMPING = (1e-5, 1e-2)
"""Of the least squares: constant, and times the squared error. Far from the target it bounds the step near singular
postures, close to it the target is met exactly."""
_DRIFT = 0.02
"""Part of the way to the posture of rest that is gone in the first step; it falls to 0 in the last."""


class Solution(NamedTuple):
    """Postures found by inverse kinematics."""

    q: FloatArray
    """(N, 7) [rad]; inside the limits also where the target is not reached."""
    position_error: FloatArray
    """(N,) [m]"""
    rotation_error: FloatArray
    """(N,) [rad]"""

    def reached(self, position: float = 1e-3, rotation: float = 5e-3) -> np.ndarray:
        """(N,) whether the errors are within tolerances [m], [rad]."""
        return (self.position_error <= position) & (self.rotation_error <= rotation)


class Kinematics:
    """The chain from the robot's base to its tool centre point.

    Args:
        scene: Gives the geometry of the links and the robot's limits.
        margin: Distance kept from the joints' stops [rad].
    """

    def __init__(self, scene: Scene, margin: float = 0.05) -> None:
        model = scene.model
        bodies = [model.body(f"link{i}").id for i in range(1, JOINTS + 1)] + [model.body("hand").id]
        self._offset = model.body_pos[bodies].copy()
        self._turn = rotation_from_quaternion(np.roll(model.body_quat[bodies], -1, axis=1))
        self._tcp = model.site(TCP_SITE).pos.copy()
        self.lower = scene.robot.limits.lower + margin
        self.upper = scene.robot.limits.upper - margin
        self.rest = scene.robot.ready.copy()
        self.shoulder: FloatArray = self._offset[0] + self._offset[1]
        """(3,) where the axes of the first two joints meet, in the base frame [m]."""
        beyond = [*self._offset[2:], self._tcp]
        self.length = float(sum(np.linalg.norm(offset) for offset in beyond))
        """From there to the tool with all links in one line [m]: no tool centre point is farther off."""

    def forward(self, q: ArrayLike) -> FloatArray:
        """Poses T_base_tcp (N, 4, 4) at postures (N, 7) [rad]."""
        position, rotation, _, _ = self._chain(np.asarray(q, np.float64))
        return make_transform(rotation, position)

    def jacobian(self, q: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Poses T_base_tcp (N, 4, 4) and their Jacobians (N, 6, 7): [m, rad] of the tangent per rad.

        The tangent is the left perturbation of `rhov_core.pose`.
        """
        position, rotation, origins, axes = self._chain(np.asarray(q, np.float64))
        linear = np.cross(axes, position[:, None] - origins)
        jacobian = np.concatenate([linear, axes], axis=2).swapaxes(1, 2)
        return make_transform(rotation, position), jacobian

    def inverse(
        self, target: FloatArray, q: ArrayLike, *, rest: ArrayLike | None = None, iterations: int = 20
    ) -> Solution:
        """Postures that bring the tool centre point to targets, by damped least squares.

        Args:
            target: (N, 4, 4) poses T_base_tcp.
            q: (N, 7) where to start [rad].
            rest: (N, 7) or (7,) posture to which the free motion of the elbow is drawn; None: the robot's ready one.
            iterations: Largest number of steps.

        Returns:
            The postures and what is left of the errors.
        """
        start = np.clip(np.array(q, np.float64), self.lower, self.upper)
        rest = np.broadcast_to(self.rest if rest is None else np.asarray(rest, np.float64), start.shape)
        error = solve_all(
            np.ascontiguousarray(target, np.float64),
            start,
            np.ascontiguousarray(rest),
            self.lower,
            self.upper,
            self._offset,
            self._turn,
            self._tcp,
            iterations,
            _DAMPING,
            _DRIFT,
        )
        return Solution(start, np.linalg.norm(error[:, :3], axis=1), np.linalg.norm(error[:, 3:], axis=1))

    def follow(
        self, targets: FloatArray, q: ArrayLike, *, rest: ArrayLike | None = None, iterations: int = 5
    ) -> Solution:
        """Postures along paths, each from the one before.

        Args:
            targets: (F, N, 4, 4) poses T_base_tcp of N paths.
            q: (N, 7) where to start [rad].
            rest: As for `inverse`.
            iterations: Largest number of steps for each pose.

        Returns:
            The solution with a leading dimension F.
        """
        found = []
        q = np.asarray(q, np.float64)
        for target in targets:
            found.append(self.inverse(target, q, rest=rest, iterations=iterations))
            q = found[-1].q
        return Solution(*(np.stack(part) for part in zip(*found, strict=True)))

    def margin(self, q: FloatArray) -> FloatArray:
        """(...) smallest distance of postures (..., 7) from the joints' limits [rad]."""
        return np.minimum(q - self.lower, self.upper - q).min(axis=-1)

    def manipulability(self, q: FloatArray) -> FloatArray:
        """(N,) product of the Jacobian's singular values at postures (N, 7); 0 is singular."""
        _, jacobian = self.jacobian(q)
        return np.sqrt(np.maximum(np.linalg.det(jacobian @ jacobian.swapaxes(1, 2)), 0.0))

    def _chain(self, q: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Position (N, 3) and rotation (N, 3, 3) of the tool, origins and axes (N, 7, 3) of the joints."""
        return chains(np.ascontiguousarray(q), self._offset, self._turn, self._tcp)
