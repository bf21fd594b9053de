"""What is known of a robot arm before it is connected: names, limits, gripper, start posture.

One YAML file in `robots/` per robot; adding a robot is adding a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import ArrayLike

from rhov_core.arrays import FloatArray, checked
from rhov_core.errors import InputError

JOINTS = 7
_FOLDER = Path(__file__).parent / "robots"


@dataclass(frozen=True)
class JointLimits:
    """Limits of the seven joints, all (7,).

    `stop_offset` and `stop_deceleration` make the velocity limit fall near the stops (FR3); without them (Panda)
    it is the same everywhere.
    """

    lower: FloatArray
    """Lower stop [rad]."""
    upper: FloatArray
    """Upper stop [rad]."""
    velocity: FloatArray
    """Largest speed [rad/s]."""
    acceleration: FloatArray
    """Largest acceleration [rad/s^2]."""
    jerk: FloatArray
    """Largest jerk [rad/s^3]."""
    stop_offset: FloatArray | None = None
    """Offset of the velocity limit near the stops [rad/s]."""
    stop_deceleration: FloatArray | None = None
    """Deceleration from which the velocity limit near the stops follows [rad/s^2]."""

    def __post_init__(self) -> None:
        for name in ("lower", "upper", "velocity", "acceleration", "jerk", "stop_offset", "stop_deceleration"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, checked(name, getattr(self, name), (JOINTS,)))
        if (self.stop_offset is None) != (self.stop_deceleration is None):
            raise InputError("one of stop_offset and stop_deceleration is missing", "both or neither", "add the other")
        if (
            not (self.lower < self.upper).all()
            or min(self.velocity.min(), self.acceleration.min(), self.jerk.min()) <= 0
        ):
            raise InputError("the joint limits are empty", "lower < upper and positive rates", "correct the robot file")

    def velocity_bounds(self, positions: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Lowest and highest velocities (..., 7) [rad/s] at positions (..., 7) [rad].

        Source: libfranka, `computeUpperLimitsJointVelocity` and its counterpart.
        """
        q = np.asarray(positions, np.float64)
        high = np.broadcast_to(self.velocity, q.shape).copy()
        low = -high
        if self.stop_offset is not None and self.stop_deceleration is not None:
            two_a = 2 * self.stop_deceleration
            to_upper = np.sqrt(two_a * np.maximum(self.upper - q, 0)) - self.stop_offset
            to_lower = np.sqrt(two_a * np.maximum(q - self.lower, 0)) - self.stop_offset
            high = np.minimum(high, np.maximum(to_upper, 0))
            low = np.maximum(low, -np.maximum(to_lower, 0))
        return low, high


@dataclass(frozen=True)
class GripperShape:
    """Boxes that stand for a gripper, in the frame of the hand: z points to the object, the fingers move along y."""

    palm: FloatArray
    """(P, 6) centres x y z and half sides x y z of what does not move [m]."""
    pad: FloatArray
    """(3,) half sides of what touches the object: x, thickness y, z [m]. Its centre is at the tool centre point."""
    finger: FloatArray
    """(3,) half sides of the finger behind the pad, which ends with it [m]."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "palm", checked("palm", self.palm, (None, 6)))
        for name in ("pad", "finger"):
            object.__setattr__(self, name, checked(name, getattr(self, name), (3,)))
        if min(self.pad.min(), self.finger.min(), self.palm[:, 3:].min(initial=np.inf)) <= 0:
            raise InputError("a box of the gripper has no size", "positive half sides", "correct the robot file")


@dataclass(frozen=True)
class GripperLimits:
    """A parallel gripper whose fingers move symmetrically."""

    joint_names: tuple[str, ...]
    """The finger joints; each moves by half the width."""
    max_width: float
    """Distance of the open fingers [m]."""
    max_speed: float
    """Largest rate of the width [m/s]."""
    max_force: float
    """Largest continuous force between the fingers [N]."""
    shape: GripperShape | None = None
    """None: the Franka hand, whose meshes are those of the arm's model."""


@dataclass(frozen=True)
class Robot:
    """A robot arm with seven joints and a parallel gripper."""

    name: str
    joint_names: tuple[str, ...]
    """Names of the joints from the base to the flange, as in the URDF and the controller's goals."""
    base_frame: str
    """Frame of the robot's base."""
    controller: str
    """Usual name of its joint_trajectory_controller."""
    ready: FloatArray
    """(7,) start posture, clear of the table [rad]."""
    limits: JointLimits
    gripper: GripperLimits
    tcp_from_hand: FloatArray
    """(3,) tool centre point in the frame of the hand [m]."""
    model: str = "panda"
    """Folder in `models/` with the shapes and inertias of the arm."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "ready", checked("ready", self.ready, (JOINTS,)))
        object.__setattr__(self, "tcp_from_hand", checked("tcp_from_hand", self.tcp_from_hand, (3,)))
        if len(set(self.joint_names)) != JOINTS:
            raise InputError(
                f"the joint names are {self.joint_names}", "seven different names", "correct the robot file"
            )

    @classmethod
    def load(cls, name_or_path: str | Path) -> Robot:
        """Reads a robot description.

        Args:
            name_or_path: "panda", "fr3", "panda_2f85", or the path of a YAML file like those in `robots/`.

        Raises:
            InputError: If there is no such robot or its file is incomplete.
        """
        path = Path(name_or_path)
        if path.suffix not in (".yaml", ".yml"):
            path = _FOLDER / f"{name_or_path}.yaml"
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputError(
                f"there is no robot '{name_or_path}'",
                f"one of {', '.join(robot_names())} or a YAML file",
                "correct the name",
            ) from None
        except (OSError, yaml.YAMLError) as error:
            raise InputError(
                f"'{path}' cannot be read ({error})", "a robot description in YAML", "correct it"
            ) from error
        return _from_content(content, path)


def robot_names() -> list[str]:
    """The robots that RHOV knows."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def _from_content(content: Any, path: Path) -> Robot:
    try:
        values = dict(content)
        gripper = dict(values.pop("gripper"))
        gripper["joint_names"] = tuple(gripper["joint_names"])
        if gripper.get("shape") is not None:
            gripper["shape"] = GripperShape(**gripper["shape"])
        values["joint_names"] = tuple(values["joint_names"])
        return Robot(limits=JointLimits(**values.pop("limits")), gripper=GripperLimits(**gripper), **values)
    except (TypeError, KeyError, ValueError) as error:
        raise InputError(
            f"'{path}' is no robot description ({error})", "the fields of robots/fr3.yaml", "correct it"
        ) from error
