"""All checks of a motion, run before the first point of it is sent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from franka_imitation.robot import Robot
from franka_imitation.safety.geometry import ArmGeometry, outside_workspace, too_close
from franka_imitation.safety.kinematics import broken_limits
from franka_imitation.safety.motion import JointMotion, broken_structure
from franka_imitation.safety.refusal import Refusal
from rhov_core.config import check_ranges, setting
from rhov_core.errors import InputError


@dataclass(frozen=True)
class SafetyConfig:
    """What a motion has to keep to."""

    position_margin: float = setting(0.05, "distance to keep from the joints' stops [rad]", low=0.0, high=0.5)
    limit_fraction: float = setting(
        0.5, "used fraction of the velocity, acceleration and jerk limits", low=0.01, high=1.0
    )
    start_tolerance: float = setting(
        0.02, "largest distance of the start from the measured posture [rad]", low=1e-4, high=0.2
    )
    workspace_low: tuple[float, ...] = setting(
        (0.05, -0.75, 0.003), "corner x y z of the tool's box in the base frame [m]"
    )
    workspace_high: tuple[float, ...] = setting((0.9, 0.75, 1.1), "opposite corner of the tool's box [m]")
    table_clearance: float = setting(0.002, "distance to keep between the arm and the table [m]", low=0.0, high=0.1)
    self_clearance: float = setting(
        0.005, "distance to keep between links that are not neighbours [m]", low=0.0, high=0.015
    )

    def __post_init__(self) -> None:
        check_ranges(self)
        if len(self.workspace_low) != 3 or len(self.workspace_high) != 3:
            raise InputError("a corner of the workspace has not 3 numbers", "x y z in metres", "give three numbers")
        if not all(low < high for low, high in zip(self.workspace_low, self.workspace_high, strict=True)):
            raise InputError("the workspace is empty", "workspace_low below workspace_high", "correct the corners")


class SafetyChecks:
    """Checks motions for one robot.

    Args:
        robot: Its joints and limits.
        config: What a motion has to keep to; None: the defaults.
    """

    def __init__(self, robot: Robot, config: SafetyConfig | None = None) -> None:
        self.robot, self.config = robot, config or SafetyConfig()
        self.geometry = ArmGeometry(robot)
        """Where the links are."""

    def refusals(self, motion: JointMotion, measured: ArrayLike | None = None) -> list[Refusal]:
        """What speaks against a motion; nothing if it may be sent.

        Args:
            motion: The whole motion.
            measured: (7,) posture from which it would start [rad]; None: it is not checked where it starts.

        Returns:
            One refusal for each broken rule, at its worst place.
        """
        config = self.config
        broken = broken_structure(motion, self.robot.joint_names)
        if broken:
            return [broken]
        found = broken_limits(motion, self.robot.limits, config.position_margin, config.limit_fraction)
        if measured is not None:
            start = far_from_start(motion, np.asarray(measured, np.float64), config.start_tolerance)
            found += [start] if start else []
        low, high = np.array(config.workspace_low), np.array(config.workspace_high)
        outside = outside_workspace(motion, self.geometry, low, high)
        found += [outside] if outside else []
        return found + too_close(motion, self.geometry, config.table_clearance, config.self_clearance)


def far_from_start(motion: JointMotion, measured: np.ndarray, tolerance: float) -> Refusal | None:
    """Whether a motion starts elsewhere than at the measured posture (7,) [rad]."""
    distance = np.abs(motion.positions[0] - measured)
    j = int(np.argmax(distance))
    if distance[j] <= tolerance:
        return None
    joint, margin = motion.joint_names[j], float(tolerance - distance[j])
    sentence = (
        f"{joint} at the start: it is {distance[j]:.4f} rad from the measured posture, {tolerance:g} rad are allowed."
    )
    return Refusal("start", sentence, joint, float(motion.times[0]), margin)
