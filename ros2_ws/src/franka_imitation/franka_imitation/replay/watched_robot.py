"""A robot behind its controllers as the closed loop sees it: set-points go out, poses of the object come in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from franka_imitation.closed_loop.workplace import Measurement
from franka_imitation.replay.client import ReplayError, RobotClient
from franka_imitation.replay.set_point_stream import SetPointStream
from rhov_core.arrays import FloatArray
from rhov_core.pose import quaternion_from_rotation

_OLDEST, _AHEAD = 0.8, 0.2
"""By this much a measurement may be older or, by its stamp, newer than the robot's state [s of the robot's clock]."""


class WatchedRobot:
    """A `Workplace` of the closed loop.

    Args:
        client: The robot, which observes its object.
        stream: Sends the set-points.
        gripping: Is called before the fingers move.
        cancelled: When it turns true the arm comes to rest and the next command raises.
    """

    def __init__(
        self,
        client: RobotClient,
        stream: SetPointStream,
        gripping: Callable[[], None],
        cancelled: Callable[[], bool],
    ) -> None:
        self._client, self._stream, self._gripping, self._cancelled = client, stream, gripping, cancelled
        self._set_point = (np.zeros(0), np.zeros(0))
        self._width = float("nan")
        self.grasp_width = float("nan")
        """Distance of the fingers when they had closed last [m]."""

    def reset(self, q: FloatArray, T_table_object: FloatArray, width: float) -> None:
        """Nothing is moved: the robot is at the posture already, and the object is where it is."""
        self._width = width

    @property
    def q(self) -> FloatArray:
        """(7,) [rad]"""
        return self._client.posture().q

    @property
    def state(self) -> FloatArray:
        """(16,) the last that was heard, as `qpos` of the simulated workplace."""
        posture, (_, T) = self._client.posture(), self._seen()
        wxyz = np.roll(quaternion_from_rotation(T[:3, :3]), 1)
        return np.concatenate([posture.q, np.repeat(posture.width / 2, 2), T[:3, 3], wxyz])

    def command(self, q: FloatArray, velocity: FloatArray, width: float, force: float) -> None:
        """See `Workplace`; for the fingers the arm comes to rest first.

        Raises:
            ReplayError: If the fingers do not move, or when cancelled.
        """
        if self._cancelled():
            raise ReplayError("Cancelled by the client; the arm comes to rest.")
        if width != self._width:
            self._stream.finish()
            self._gripping()
            gripped = self._client.grip(width, force, self._cancelled)
            closing, self._width = width < self._width, width
            if self._cancelled() or not (gripped.success or closing):
                raise ReplayError(f"The gripper did not reach {width:.4f} m: {gripped.message}")
            self.grasp_width = gripped.width if closing else self.grasp_width
        self._set_point = (q, velocity)

    def step(self, duration: float) -> None:
        """Sends what was commanded.

        Raises:
            ReplayError: If the object is not seen any more, or the robot does not follow.
        """
        self._recent()
        self._stream.add(duration, *self._set_point)

    def look(self) -> Measurement:
        """The last measurement.

        Raises:
            ReplayError: If it is too old to tell anything about the grip.
        """
        time, T = self._recent()
        return Measurement(time, self._stream.time - self._stream.time_of(time), T)

    def _recent(self) -> tuple[float, FloatArray]:
        (seen, T), now = self._seen(), self._client.posture().time
        if now - seen > _OLDEST:
            raise ReplayError(f"The object has not been seen for {now - seen:.1f} s; the arm comes to rest.")
        if seen - now > _AHEAD:
            raise ReplayError(
                f"The object's pose is stamped {seen:.3f} s, the robot's state {now:.3f} s: their clocks differ; the "
                "arm comes to rest."
            )
        return seen, T

    def _seen(self) -> tuple[float, FloatArray]:
        seen = self._client.recording.last_object
        if seen is None:
            raise ReplayError("The object is not observed.")
        return seen
