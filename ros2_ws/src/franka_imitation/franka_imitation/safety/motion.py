"""A motion of the arm as the checks look at it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from franka_imitation.robot import JOINTS
from franka_imitation.safety.refusal import Refusal
from rhov_core.arrays import FloatArray


@dataclass(frozen=True)
class JointMotion:
    """Positions and velocities over time. Nothing is validated here: see `broken_structure`."""

    joint_names: tuple[str, ...]
    times: FloatArray
    """(N,) from the start [s]."""
    positions: FloatArray
    """(N, 7) [rad]."""
    velocities: FloatArray
    """(N, 7) [rad/s]."""

    def at_speed(self, speed: float) -> JointMotion:
        """The same way at a fraction of the speed."""
        return JointMotion(self.joint_names, self.times / speed, self.positions, self.velocities * speed)


def broken_structure(motion: JointMotion, joint_names: tuple[str, ...]) -> Refusal | None:
    """The first reason why a motion cannot be looked at any further, or None."""
    if motion.joint_names != joint_names:
        return Refusal("names", f"The motion is for the joints {', '.join(motion.joint_names)}, not for this robot's.")
    n = len(motion.times)
    if n == 0 or motion.positions.shape != (n, JOINTS) or motion.velocities.shape != (n, JOINTS):
        shapes = f"{motion.times.shape}, {motion.positions.shape} and {motion.velocities.shape}"
        return Refusal("shape", f"Times, positions and velocities have the shapes {shapes}, not (N,), (N, 7), (N, 7).")
    for name, values in (
        ("times", motion.times[:, None]),
        ("positions", motion.positions),
        ("velocities", motion.velocities),
    ):
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            i, j = (int(k) for k in bad[0])
            joint = None if name == "times" else joint_names[j]
            where = f" of {joint}" if joint else ""
            return Refusal("finite", f"The {name}{where} at point {i} are not finite.", joint)
    late = np.flatnonzero(np.diff(motion.times) <= 0)
    if motion.times[0] < 0 or len(late):
        i = int(late[0]) + 1 if len(late) else 0
        return Refusal(
            "time",
            f"Point {i} at {motion.times[i]:.4f} s is not later than the one before.",
            None,
            float(motion.times[i]),
        )
    return None
