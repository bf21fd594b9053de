"""Commands for every cycle of a robot, limited in velocity, acceleration and jerk, whatever is asked for.

A Franka stops with a reflex when commands jump, and its client library does not limit rates. Near the reference a
linear law is used whose gains bring the command onto it with the poles of a polynomial of the given duration,
exactly and without lag; time-optimal chasing of a moving reference alone (`ruckig`) lags and, with noise of half a
milliradian, swings between its limits. Farther away, and where the linear law would exceed a limit, `ruckig`
computes the fastest way within the limits. To come to rest is always `ruckig`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import ruckig
from numpy.typing import ArrayLike

from franka_imitation.controller.spline import Sample
from franka_imitation.robot import JOINTS, JointLimits
from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.config import check_ranges, setting


@dataclass(frozen=True)
class GeneratorConfig:
    """How fast commands may move."""

    limit_fraction: float = setting(
        0.5, "used fraction of the velocity, acceleration and jerk limits", low=0.01, high=1.0
    )
    position_margin: float = setting(0.05, "distance kept from the joints' stops [rad]", low=0.0, high=0.5)
    settling_time: float = setting(
        0.08, "in which small deviations from the reference are removed [s]", low=0.02, high=1.0
    )

    def __post_init__(self) -> None:
        check_ranges(self)


class CommandGenerator:
    """Follows a reference from cycle to cycle.

    Args:
        limits: Of the robot.
        config: The used fraction of them.
        period: Time between two cycles [s].
    """

    def __init__(self, limits: JointLimits, config: GeneratorConfig, period: float) -> None:
        self._limits, self._config, self._period = limits, config, period
        self._acceleration = limits.acceleration * config.limit_fraction
        self._jerk = limits.jerk * config.limit_fraction
        t = config.settling_time
        self._gains = (60 / t**3, 36 / t**2, 9 / t)  # of the quintic polynomial that arrives after `t`
        self._solver = ruckig.Ruckig(JOINTS, period)
        self._output = ruckig.OutputParameter(JOINTS)
        self.reset(np.zeros(JOINTS))

    @property
    def state(self) -> Sample:
        """The current command."""
        return Sample(self._p, self._v, self._a)

    @property
    def resting(self) -> bool:
        """Whether the command stands still."""
        return bool(np.abs(self._v).max() < 1e-6 and np.abs(self._a).max() < 1e-4)

    def reset(self, positions: ArrayLike) -> None:
        """Starts at rest at positions (7,) [rad]."""
        self._p = np.array(positions, np.float64)
        self._v, self._a = np.zeros(JOINTS), np.zeros(JOINTS)
        self._near: BoolArray = np.zeros(JOINTS, bool)

    def clip(self, reference: Sample) -> Sample:
        """A reference with its positions inside the stops less the margin, and at rest where it was not."""
        margin = self._config.position_margin
        p = np.clip(reference.positions, self._limits.lower + margin, self._limits.upper - margin)
        inside = p == reference.positions
        return Sample(p, np.where(inside, reference.velocities, 0.0), np.where(inside, reference.accelerations, 0.0))

    def follow(self, reference: Sample) -> Sample:
        """The command of the next cycle, towards where the reference will be then.

        Args:
            reference: Where the robot should be now; its velocity and acceleration tell where it goes.
        """
        low, high = self._velocity_bounds()
        p, v, a, jerk, possible = self._linear_step(reference, low, high)
        self._near = possible & (self._near | self._is_close(reference, jerk))
        if not self._near.all():
            q, w, b = self._solve(self._target(reference, low, high), low, high)
            coming = self._coming(w, b)
            safe = (coming >= low) & (coming <= high)  # not so where a reference asks for the impossible
            if not safe.all():
                q, w, b = (np.where(safe, x, y) for x, y in zip((q, w, b), self._braked(low, high), strict=True))
            p, v, a = np.where(self._near, p, q), np.where(self._near, v, w), np.where(self._near, a, b)
        self._p, self._v, self._a = p, v, a
        return self.state

    def brake(self) -> Sample:
        """The command of the next cycle on the fastest way to rest."""
        if self.resting:
            self._v, self._a = np.zeros(JOINTS), np.zeros(JOINTS)
        else:
            self._p, self._v, self._a = self._braked(*self._velocity_bounds())
        self._near = np.zeros(JOINTS, bool)
        return self.state

    def _velocity_bounds(self) -> tuple[FloatArray, FloatArray]:
        low, high = self._limits.velocity_bounds(self._p)
        fraction = self._config.limit_fraction
        floor = 1e-2  # ruckig needs an interval that holds 0, also at the stop
        return np.minimum(fraction * low, -floor), np.maximum(fraction * high, floor)

    def _linear_step(
        self, reference: Sample, low: FloatArray, high: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, BoolArray]:
        """State after the linear law's step, its jerk, and for which joints it keeps within the limits."""
        h, (kp, kv, ka) = self._period, self._gains
        jerk = (
            kp * (reference.positions - self._p)
            + kv * (reference.velocities - self._v)
            + ka * (reference.accelerations - self._a)
        )
        a = self._a + jerk * h
        v = self._v + self._a * h + jerk * (h * h / 2)
        p = self._p + self._v * h + self._a * (h * h / 2) + jerk * (h**3 / 6)
        coming = self._coming(v, a)
        possible = (np.abs(jerk) <= self._jerk) & (np.abs(a) <= self._acceleration) & (coming >= low) & (coming <= high)
        return p, v, a, jerk, possible

    def _coming(self, velocity: FloatArray, acceleration: FloatArray) -> FloatArray:
        """The velocity that is reached while the acceleration fades as fast as it may."""
        return velocity + acceleration * np.abs(acceleration) / (2 * self._jerk)

    def _braked(self, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        return self._solve(Sample(self._p, np.zeros(JOINTS), np.zeros(JOINTS)), low, high, velocity_only=True)

    def _is_close(self, reference: Sample, jerk: FloatArray) -> BoolArray:
        """Where each part of the deviation alone asks for less than a fraction of the jerk limit."""
        part, (kp, kv, ka) = self._jerk / 4, self._gains
        return (
            (np.abs(reference.positions - self._p) * kp < part)
            & (np.abs(reference.velocities - self._v) * kv < part)
            & (np.abs(reference.accelerations - self._a) * ka < part)
        )

    def _target(self, reference: Sample, low: FloatArray, high: FloatArray) -> Sample:
        """The reference in the next cycle, with rates that ruckig accepts."""
        h = self._period
        p = reference.positions + reference.velocities * h + reference.accelerations * (h * h / 2)
        v = np.clip(reference.velocities + reference.accelerations * h, 0.95 * low, 0.95 * high)
        room = np.minimum(self._acceleration, np.sqrt(2 * self._jerk * np.minimum(high - v, v - low)))
        return Sample(p, v, np.clip(reference.accelerations, -0.9 * room, 0.9 * room))

    def _solve(
        self, target: Sample, low: FloatArray, high: FloatArray, *, velocity_only: bool = False
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        query = ruckig.InputParameter(JOINTS)
        query.synchronization = ruckig.Synchronization.No
        if velocity_only:
            query.control_interface = ruckig.ControlInterface.Velocity
        query.current_position, query.current_velocity = self._p.tolist(), self._v.tolist()
        query.current_acceleration = np.clip(self._a, -self._acceleration, self._acceleration).tolist()
        query.min_velocity, query.max_velocity = low.tolist(), high.tolist()
        query.max_acceleration, query.max_jerk = self._acceleration.tolist(), self._jerk.tolist()
        query.target_position, query.target_velocity = target.positions.tolist(), target.velocities.tolist()
        query.target_acceleration = target.accelerations.tolist()
        try:
            self._solver.update(query, self._output)
        except ruckig.RuckigError:
            # Rarely a state at the very edge of its limits has no solution with a moving target; one at rest has.
            query.target_velocity = query.target_acceleration = [0.0] * JOINTS
            self._solver.update(query, self._output)
        out = self._output
        return np.array(out.new_position), np.array(out.new_velocity), np.array(out.new_acceleration)
