"""Settings of the planned imitation."""

from __future__ import annotations

from dataclasses import dataclass

from rhov_core.config import check_ranges, setting
from rhov_core.errors import InputError


@dataclass(frozen=True)
class ImitationConfig:
    """How a robot motion is searched and judged."""

    robot: str = setting("panda", "robot description: panda, fr3, panda_2f85, or the path of a YAML file")
    up_in_camera: tuple[float, ...] = setting(
        (), "direction against gravity in the camera's optical frame; empty: estimated"
    )
    camera_pitch: float = setting(
        0.5, "assumed downward tilt of the camera where it is neither given nor seen [rad]", low=-1.6, high=1.6
    )
    cutoff: float = setting(4.0, "the demonstration is low-passed at this frequency [Hz]", low=0.2, high=100.0)
    max_gap: float = setting(1.0, "longest stretch in which the object may have been lost [s]", low=0.0)
    limit_fraction: float = setting(
        0.45, "used fraction of the velocity, acceleration and jerk limits", low=0.01, high=1.0
    )
    transfer_fraction: float = setting(0.25, "the same while the arm approaches and transfers", low=0.01, high=1.0)
    joint_margin: float = setting(0.05, "distance kept from the joints' stops [rad]", low=0.0, high=0.5)
    clearance: float = setting(0.005, "distance kept between robot, table and object [m]", low=0.0, high=0.05)
    workspace_low: tuple[float, ...] = setting(
        (0.06, -0.74, 0.005), "corner x y z of the tool's box in the base frame [m]"
    )
    workspace_high: tuple[float, ...] = setting((0.89, 0.74, 1.09), "opposite corner of the tool's box [m]")
    grip_clearance: float = setting(
        0.003, "the gripper must open this much wider than the object [m]", low=0.0, high=0.03
    )
    grip_force: float = setting(40.0, "force of each finger on the object [N]", low=1.0)
    max_mass: float = setting(3.0, "heaviest object that the arm may lift [kg]", low=0.0)
    approach: float = setting(0.1, "length of the straight approach to the grasp [m]", low=0.02, high=0.3)
    lift: float = setting(0.08, "how far the object is lifted before it is turned [m]", low=0.01, high=0.4)
    control_rate: float = setting(100.0, "set-points of the planned motion [Hz]", low=20.0, high=1000.0)
    candidates: int = setting(3, "how many plans are tried in simulation before the best is taken", low=1, high=20)
    max_position_error: float = setting(0.03, "a step is matched within this distance [m]", low=0.0)
    max_rotation_error: float = setting(0.3, "a step is matched within this angle [rad]", low=0.0)
    success_fraction: float = setting(0.95, "matched fraction from which a motion is a success", low=0.0, high=1.0)
    seed: int = setting(0, "of the random choices in the search", low=0)

    def __post_init__(self) -> None:
        check_ranges(self)
        if len(self.workspace_low) != 3 or len(self.workspace_high) != 3:
            raise InputError("a corner of the workspace has not 3 numbers", "x y z in metres", "give three numbers")
        if len(self.up_in_camera) not in (0, 3) or (self.up_in_camera and not any(self.up_in_camera)):
            raise InputError(
                f"up_in_camera is {self.up_in_camera}",
                "three numbers x y z in the camera's optical frame, for example 0 -1 0 for a level camera",
                "give the direction against gravity or leave it out",
            )
