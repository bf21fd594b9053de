"""From set-points to commands, with the protections that every robot needs; runs once per cycle of the robot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from franka_imitation.controller.spline import Sample
from franka_imitation.hardware.generator import CommandGenerator, GeneratorConfig
from franka_imitation.robot import Robot
from rhov_core.arrays import FloatArray
from rhov_core.config import check_ranges, setting


@dataclass(frozen=True)
class ServoConfig:
    """When the arm is stopped without being asked."""

    watchdog: float = setting(0.1, "without a set-point for this long the arm stops [s]", low=0.01, high=1.0)
    deviation: float = setting(0.15, "the arm stops if a joint is this far from its command [rad]", low=0.01, high=1.0)

    def __post_init__(self) -> None:
        check_ranges(self)


class Servo:
    """Follows set-points through the command generator; stops and stays stopped after a fault.

    Args:
        robot: Names and limits of the joints.
        generator: How fast commands may move.
        config: When the arm is stopped.
        period: Time between two cycles [s].
    """

    def __init__(self, robot: Robot, generator: GeneratorConfig, config: ServoConfig, period: float) -> None:
        self._robot, self._config, self._period = robot, config, period
        self._generator = CommandGenerator(robot.limits, generator, period)
        self._set_point: Sample | None = None
        self._age = 0.0
        self._fault: str | None = None

    @property
    def command(self) -> Sample:
        """The last command."""
        return self._generator.state

    @property
    def fault(self) -> str | None:
        """Why the arm was stopped, or None."""
        return self._fault

    def start(self, positions: FloatArray) -> None:
        """Starts at rest at positions (7,) [rad], without a fault."""
        self._generator.reset(positions)
        self._set_point, self._age, self._fault = None, 0.0, None

    def send(self, set_point: Sample | None) -> Sample | None:
        """Takes a set-point that holds now (None: come to rest and hold); returns it clipped, None after a fault."""
        self._age = 0.0
        self._set_point = None if set_point is None or self._fault else self._generator.clip(set_point)
        return self._set_point

    def stop(self, reason: str) -> None:
        """Comes to rest; set-points are refused until `recover`. The first reason is kept."""
        self._fault = self._fault or reason
        self._set_point = None

    def recover(self, positions: FloatArray) -> str | None:
        """Accepts set-points again, from the measured positions (7,); returns why not, or None."""
        if not self._generator.resting:
            return "The arm is still coming to rest."
        self.start(positions)
        return None

    def tick(self, measured: FloatArray) -> Sample:
        """The command of the next cycle.

        Args:
            measured: (7,) positions of the joints [rad].
        """
        self._supervise(measured)
        self._age += self._period
        if self._set_point is None:
            return self._generator.brake()
        command = self._generator.follow(self._set_point)
        self._set_point = _ahead(self._set_point, self._period)
        return command

    def _supervise(self, measured: FloatArray) -> None:
        if self._age > self._config.watchdog + self._period / 2:
            self.stop(f"No set-point came for {1e3 * self._config.watchdog:.0f} ms.")
        error = np.abs(measured - self.command.positions)
        joint = int(np.argmax(error))
        if error[joint] > self._config.deviation:
            name = self._robot.joint_names[joint]
            self.stop(
                f"{name} deviates by {error[joint]:.3f} rad from its command ({self._config.deviation:g} allowed)."
            )


def _ahead(set_point: Sample, time: float) -> Sample:
    """Where a set-point goes if nothing new is said."""
    p, v, a = set_point
    return Sample(p + v * time + a * (time * time / 2), v + a * time, a)
