"""Where the tool has to be for the object to be where it is wanted, given where the object is seen."""

from __future__ import annotations

import numpy as np

from franka_imitation.closed_loop.config import FeedbackConfig
from franka_imitation.closed_loop.pose_filter import PoseFilter
from franka_imitation.motion_plan import PHASES, MotionPlan
from franka_imitation.timing import minimum_jerk
from rhov_core.arrays import FloatArray
from rhov_core.pose import difference, interpolate, inverse

_APPROACH, _REACH, _CLOSE, _LIFT, _TRANSFER, _FOLLOW, _HOLD = range(len(PHASES))
_TWICE = 2
"""So many measurements in a row tell that the object is lost."""


class Aim:
    """Follows one plan.

    While the object stands, the planned path of the tool is carried along to where the object is seen. Once it is
    held, the tool goes where this grip, as measured, brings the object to its wanted pose.

    Args:
        plan: What is carried out.
        wanted: (F, 4, 4) T_table_object for its frames.
        config: Averaging and thresholds.
    """

    def __init__(self, plan: MotionPlan, wanted: FloatArray, config: FeedbackConfig) -> None:
        self._plan, self._wanted, self._config = plan, wanted, config
        self._standing, self._grip = PoseFilter(config), PoseFilter(config)
        self._far = 0
        ends = [np.flatnonzero(plan.phase == phase) for phase in range(len(PHASES))]
        self._span = [(plan.time[at[0]], plan.time[at[-1]]) for at in ends]

    def phase(self, time: float) -> int:
        """Index into `PHASES` at a time of the plan [s]."""
        return int(self._plan.phase[min(int(time / self._plan.period), len(self._plan.phase) - 1)])

    def see(self, time: float, measured: FloatArray, tool: FloatArray) -> None:
        """Takes in a measured pose of the object (4, 4).

        Args:
            time: Of the plan, when it was measured [s].
            measured: T_table_object.
            tool: (4, 4) where the tool was sent then. With the commanded instead of the measured pose the sag of the
                arm under the object's weight counts as part of the grip, and is made up for with it.
        """
        phase = self.phase(time)
        if phase < _CLOSE:
            self._standing.update(measured)
        elif phase > _CLOSE:
            grip = inverse(measured) @ tool
            self._grip.update(grip)
            far = np.linalg.norm(grip[:3, 3] - self._plan.T_object_tcp[:3, 3]) > self._config.lost_distance
            self._far = self._far + 1 if far or self.lost else 0

    @property
    def lost(self) -> bool:
        """Whether the object is not in the grip although it should be."""
        return self._far >= _TWICE

    def error(self, time: float, tool: FloatArray) -> float:
        """How far the object is off at a time of the plan [s] with the tool sent to (4, 4); beyond 1 the demonstration
        should wait.
        """
        if self.phase(time) < _FOLLOW or self._grip.is_empty:
            return 0.0
        error = difference(self._wanted_at(time), tool @ inverse(self._grip.pose))
        far = np.linalg.norm(error[:3]) / max(self._config.wait_position, 1e-9)
        return float(max(far, np.linalg.norm(error[3:]) / max(self._config.wait_rotation, 1e-9)))

    def tool(self, time: float, planned: FloatArray) -> FloatArray:
        """(4, 4) T_base_tcp at a time of the plan [s] at which (4, 4) was planned."""
        plan, phase = self._plan, self.phase(time)
        carried = planned
        if not self._standing.is_empty:
            share = self._eased(_APPROACH, time) if phase == _APPROACH else 1.0
            start = plan.T_table_object_start
            carried = interpolate(start, self._standing.pose, share) @ inverse(start) @ planned
        if phase < _TRANSFER or self._grip.is_empty:
            return carried
        if phase > _TRANSFER:
            return np.asarray(self._wanted_at(time) @ self._grip.pose)
        share = self._eased(_TRANSFER, time)
        goal = interpolate(planned @ inverse(plan.T_object_tcp), self._wanted[0], share)
        return np.asarray(interpolate(carried, goal @ self._grip.pose, share))

    def _wanted_at(self, time: float) -> FloatArray:
        due = self._plan.frame_due
        at = float(np.interp(time, due, np.arange(len(due))))
        first = min(int(at), len(due) - 2)
        return interpolate(self._wanted[first], self._wanted[first + 1], at - first)

    def _eased(self, phase: int, time: float) -> float:
        begin, end = self._span[phase]
        return float(minimum_jerk(np.array(np.clip((time - begin) / max(end - begin, 1e-9), 0, 1)))[0])
