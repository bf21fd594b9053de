"""Set-points that are made step by step, sent as trajectory goals that overlap, a little ahead of the robot."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from franka_imitation.controller.goal import GoalPoint, TrajectoryGoal
from franka_imitation.controller.spline import Spline
from franka_imitation.replay.client import ReplayError, RobotClient
from franka_imitation.safety import JointMotion, SafetyChecks
from rhov_core.arrays import FloatArray

_AHEAD = 0.15
"""A set-point is sent so long before it is due [s of the robot's clock]."""
_GOAL = 0.04
"""Between two goals, and the least time between two of their points [s of the robot's clock]."""
_POINT = 0.008
_BRAKING, _SHORTEST_BRAKING = 0.3, 0.1
"""Every goal ends at rest, reached with this share of the limits of acceleration, but not faster than so [s]: the arm
stops by itself when no further goal comes."""
_GENTLY = 0.6
"""Of the allowed acceleration, with which the arm brakes and takes up a motion after a rest."""
_HOLD = 60.0
"""A goal goes on holding the arm so long after it came to rest [s]: whatever else ends it is a stop that was asked for
elsewhere."""
_DEVIATION = 0.1
"""A joint that is farther from its set-point does not follow [rad]."""


class _Anchor(NamedTuple):
    """From here on both clocks run side by side."""

    time: float
    """Of the set-points [s]."""
    robot: float
    """Of the robot [s]."""


class SetPointStream:
    """Sends set-points to one robot.

    Args:
        client: The robot.
        checks: What every goal has to keep to.
        speed: Seconds of the set-points per second of the robot.
        start: (7,) where the arm rests before the first set-point [rad].
    """

    def __init__(self, client: RobotClient, checks: SafetyChecks, speed: float, start: FloatArray) -> None:
        self._client, self._checks, self._speed = client, checks, speed
        self.time = 0.0
        """Of the last set-point [s]."""
        self._anchors: list[_Anchor] = []
        self._resting = True
        self._sent_until = 0.0
        self._new: list[tuple[float, FloatArray, FloatArray]] = []
        # with times of the robot's clock
        self._sent = [GoalPoint(-np.inf, np.array(start, np.float64), np.zeros(len(start)))]
        self.goals = 0
        """That were sent."""
        self.largest_error = 0.0
        """Between a set-point and the measured position of any joint [rad]."""

    def add(self, seconds: float, q: FloatArray, velocity: FloatArray) -> None:
        """Adds a set-point (7,) [rad] and its velocity (7,) [rad/s], `seconds` after the one before.

        Raises:
            ReplayError: If the robot does not follow, or a goal breaks a rule; the arm comes to rest.
        """
        self.time += seconds
        before = self._new[-2][0] if len(self._new) > 1 else self._sent_until
        if self._new and self.time - before < _POINT * self._speed:
            self._new.pop()
        self._new.append((self.time, q.copy(), velocity * self._speed))
        if self.time - self._sent_until > (_GOAL - 1e-6) * self._speed:
            self._send()

    def finish(self) -> None:
        """Sends what is left and waits until the arm is at rest, where it then is held."""
        if self._new:
            self._send()
        if not self._resting:
            self._sent += self._tail(self._sent.pop())
            self._wait(self._sent[-1].time)
        self._resting = True

    def close(self) -> None:
        """As `finish`; then no goal holds the arm any more."""
        self.finish()
        if self._anchors:
            now, still = self._client.posture().time, self._sent[-1]
            self._stream([GoalPoint(_AHEAD, still.positions, still.velocities)], now)
            self._wait(now + _AHEAD)

    def robot_times(self, times: FloatArray) -> FloatArray:
        """Times of the robot's clock [s] for times of the set-points (N,) [s]."""
        at, robot = np.array(self._anchors).T
        i = np.maximum(np.searchsorted(at, times) - 1, 0)
        return np.asarray(robot[i] + (times - at[i]) / self._speed)

    def time_of(self, robot_time: float) -> float:
        """Time of the set-points [s] at a time of the robot's clock [s]."""
        found = self.time
        for anchor in reversed(self._anchors):
            if robot_time >= anchor.robot:
                return min(found, anchor.time + (robot_time - anchor.robot) * self._speed)
            found = anchor.time
        return found

    def _send(self) -> None:
        now = self._client.posture().time
        if self._resting or self._sent[-1].time < now + _GOAL:  # at rest, or about to come to rest: too late
            self._begin(now)
        due = self.robot_times(np.array([time for time, _, _ in self._new]) + 1e-9)
        # the last point before now stays: the controller then goes on along the same way
        passed = sum(point.time <= now for point in self._sent)
        self._sent = self._sent[max(passed - 1, 0) :]
        self._sent += [GoalPoint(float(t), q, v) for t, (_, q, v) in zip(due, self._new, strict=True)]
        self._new, self._sent_until = [], self.time
        self._follow(min(now, self._sent[0].time))
        self._wait(self._sent[-1].time - _AHEAD)

    def _begin(self, now: float) -> None:
        """The next set-point follows a rest, where the last goal has brought the arm or will bring it."""
        self._sent += self._tail(self._sent.pop())
        still, self._resting = self._sent[-1], False
        if still.time <= now:
            self._sent.clear()
        begin = max(still.time, now + _AHEAD)
        if begin > still.time:
            self._sent.append(GoalPoint(begin, still.positions, still.velocities))
        time, q, velocity = self._new[0]
        planned = (time - self._sent_until) / self._speed
        late = max(self._shortest_way(q - still.positions, velocity) - planned, 0.0)
        self._anchors.append(_Anchor(self._sent_until, begin + late))

    def _shortest_way(self, distance: FloatArray, velocity: FloatArray) -> float:
        """Duration [s] of a cubic from rest over a distance (7,) [rad] to a velocity (7,) [rad/s]: the bound of its
        acceleration is 6 d / t^2 + 4 v / t.
        """
        allowed = _GENTLY * self._checks.config.limit_fraction * self._checks.robot.limits.acceleration
        v, d = 2 * np.abs(velocity), 6 * np.abs(distance)
        return float(((v + np.sqrt(v * v + allowed * d)) / allowed).max())

    def _follow(self, start: float) -> None:
        points = [GoalPoint(point.time - start, point.positions, point.velocities) for point in self._sent]
        points += self._tail(points.pop())
        motion = JointMotion(
            self._client.joint_names, *(np.array(part) for part in zip(*map(_values, points), strict=True))
        )
        refusals = self._checks.refusals(motion)
        if refusals:
            raise ReplayError(f"The corrected motion breaks a rule, the arm comes to rest: {refusals[0]}")
        still = points[-1]
        self._stream([*points, GoalPoint(still.time + _HOLD, still.positions, still.velocities)], start)

    def _stream(self, points: list[GoalPoint], start: float) -> None:
        goal = TrajectoryGoal(self._client.joint_names, tuple(points), stamp=start)
        reason = self._client.stream(goal, anew=self.goals == 0)
        if reason:
            raise ReplayError(f"The controller did not follow: {reason}")
        self.goals += 1

    def _tail(self, last: GoalPoint) -> list[GoalPoint]:
        """The last point, and how the arm comes to rest after it."""
        fastest = float((np.abs(last.velocities) / self._checks.robot.limits.acceleration).max())
        if fastest < 1e-6:
            return [GoalPoint(last.time, last.positions, np.zeros_like(last.velocities))]
        braking = min(_BRAKING, _GENTLY * self._checks.config.limit_fraction)
        seconds = max(fastest / braking, _SHORTEST_BRAKING)
        end = last.positions + last.velocities * seconds / 2
        return [last, GoalPoint(last.time + seconds, end, np.zeros_like(last.velocities))]

    def _wait(self, time: float) -> None:
        """Until a time of the robot's clock [s], and sees where it is then."""
        if not self._client.until(time):
            raise ReplayError("The robot's state does not arrive any more.")
        posture = self._client.posture()
        known = np.array([point.time for point in self._sent])
        if posture.time < known[0] or (posture.time > known[-1] and self._sent[-1].velocities.any()):
            return
        i = int(np.searchsorted(known, posture.time))
        error = np.abs(posture.q - Spline(self._sent[max(i - 1, 0) : i + 1]).sample(posture.time).positions)
        self.largest_error = max(self.largest_error, float(error.max()))
        if error.max() > _DEVIATION:
            name = self._client.joint_names[int(error.argmax())]
            raise ReplayError(
                f"{name} is {error.max():.3f} rad from where it was sent: the controller does not follow. If the "
                "robot was stopped, call recover."
            )


def _values(point: GoalPoint) -> tuple[float, FloatArray, FloatArray]:
    return point.time, point.positions, point.velocities
