"""Sends a plan to a robot: checks everything, goes gently to its start, then goal by goal, watching."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from franka_imitation.closed_loop import FeedbackConfig
from franka_imitation.closed_loop.recovery import Recovery
from franka_imitation.config import ImitationConfig
from franka_imitation.motion_plan import PHASES, MotionPlan
from franka_imitation.replay.approach import soft_start
from franka_imitation.replay.client import Followed, ReplayError, RobotClient
from franka_imitation.replay.steps import Grip, Move, TimeMap, steps_of, trajectory_goal
from franka_imitation.replay.watching import Watched, watch
from franka_imitation.robot import Robot
from franka_imitation.safety import JointMotion, Refusal, SafetyChecks
from rhov_core.arrays import FloatArray
from rhov_core.config import check_ranges, setting
from rhov_core.errors import InputError

Progress = Callable[[str, float, str], None]
"""Called with a stage of the Replay action, the progress of the whole (0 to 1) and a message."""

_NEAR = 0.01
"""An object whose middle is this near its start was put there well [m]."""
_NEAR_WATCHED = 0.05
"""With feedback it may be farther off [m]."""
_GRASP_TOLERANCE = 0.008
"""Between the width of the object and that of the fingers that hold it [m]."""
_REAL_SPEED = 0.2
"""Fraction of the planned speed on a real robot, unless a person asks for another."""
_SETTLE = 0.3
"""For a placed object to come to rest, and after the last goal [s]."""


@dataclass(frozen=True)
class ReplayConfig:
    """How a plan is sent."""

    speed: float = setting(0.0, "fraction of the planned speed; 0: 1 in simulation, 0.2 on a robot", low=0.0, high=1.0)
    soft_start: float = setting(2.0, "shortest duration of the way to the start of the plan [s]", low=0.2)
    start_margin: float = setting(
        1e-3, "nearer to the start than this no way to it is needed [rad]", low=0.0, high=0.02
    )

    feedback: bool = setting(True, "correct the motion by where the object is seen, where it is observed")
    place_object: bool = setting(True, "put a simulated object where the plan expects it")

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass
class Replayed:
    """What became of a replay."""

    dry_run: bool
    speed: float
    refusals: list[Refusal] = field(default_factory=list)
    """Why nothing was moved; empty if everything was sent."""
    times: TimeMap = field(default_factory=TimeMap)
    """Which time of the plan was when."""
    largest_error: float = 0.0
    """Between desired and measured position of any joint [rad]."""
    grasp_width: float = float("nan")
    """Distance of the fingers when they had closed [m]."""
    goals: int = 0
    """Goals that were sent."""
    watched: Watched | None = None
    """What became of it with feedback; None: open loop."""


class Replayer:
    """Replays plans on one robot.

    Args:
        client: The robot.
        robot: Its description.
        checks: What a motion has to keep to.
        config: How a plan is sent.
        feedback: How measured poses of the object change the motion; None: the defaults.
        recovery: Makes plans for an object that was lost; None: it is not taken up again.
        planning: With which the plans were made; None: the defaults.
    """

    def __init__(
        self,
        client: RobotClient,
        robot: Robot,
        checks: SafetyChecks,
        config: ReplayConfig,
        feedback: FeedbackConfig | None = None,
        recovery: Callable[[], Recovery] | None = None,
        planning: ImitationConfig | None = None,
    ) -> None:
        self._client, self._robot, self._checks, self._config = client, robot, checks, config
        self._feedback, self._recovery = feedback or FeedbackConfig(), recovery
        self._planning = planning or ImitationConfig()
        self._speed = config.speed or (1.0 if client.simulated else _REAL_SPEED)

    def run(
        self,
        plan: MotionPlan,
        *,
        dry_run: bool = False,
        progress: Progress = lambda stage, fraction, message: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Replayed:
        """Sends a plan.

        Args:
            plan: The motion.
            dry_run: Check everything, move nothing.
            progress: Is told how far it is.
            cancelled: When it turns true the robot comes to rest.

        Returns:
            What happened. With refusals nothing was moved.

        Raises:
            InputError: If the plan is for another robot or cannot be sent as goals.
            ReplayError: If a goal failed or was cancelled; the robot is at rest.
        """
        if plan.joint_names != self._client.joint_names:
            raise InputError(
                f"the plan is for {plan.robot} ({plan.joint_names[0]} …)",
                f"a plan for the connected robot ({self._client.joint_names[0]} …)",
                f"plan again with --robot {self._robot.name}",
            )
        replayed = Replayed(dry_run, self._speed)
        steps = steps_of(plan)
        progress("checking", 0.0, "checking the whole motion")
        approach = self._approach(plan)
        replayed.refusals = self.check(approach, steps)
        if replayed.refusals or dry_run:
            return replayed
        self._send(plan, approach, steps, replayed, progress, cancelled)
        return replayed

    def check(self, approach: JointMotion | None, steps: list[Move | Grip]) -> list[Refusal]:
        """What speaks against the way to the start and the moves, at the speed at which they would be sent."""
        q = self._client.posture().q
        motions = [approach] if approach else []
        motions += [step.motion.at_speed(self._speed) for step in steps if isinstance(step, Move)]
        found: list[Refusal] = []
        for motion in motions:
            found += self._checks.refusals(motion, q)
            q = motion.positions[-1]
        return found

    def _approach(self, plan: MotionPlan) -> JointMotion | None:
        q = self._client.posture().q
        if np.abs(q - plan.q[0]).max() <= self._config.start_margin:
            return None
        fraction = self._checks.config.limit_fraction * self._speed
        return soft_start(self._robot, q, plan.q[0], self._config.soft_start, fraction)

    def _send(
        self,
        plan: MotionPlan,
        approach: JointMotion | None,
        steps: list[Move | Grip],
        replayed: Replayed,
        progress: Progress,
        cancelled: Callable[[], bool],
    ) -> None:
        total, opening = len(plan.time) - 1, steps[0]
        assert isinstance(opening, Grip)
        progress("approaching", 0.0, f"fingers to {opening.width:.3f} m")
        self._grip(opening, plan, replayed, cancelled)
        self._prepare(approach, plan, replayed, progress, cancelled)
        if self._config.feedback and self._client.recording.observes_object:
            self._watch(plan, replayed, progress, cancelled)
            steps = []
        for step in steps[1:]:
            if isinstance(step, Grip):
                progress("grasping", step.at / total, f"fingers to {step.width:.3f} m")
                self._grip(step, plan, replayed, cancelled)
                continue

            def tell(seconds: float, step: Move = step) -> None:
                at = step.first + seconds * self._speed / plan.period
                stage = "following" if plan.phase[min(int(at), total)] >= _FOLLOW else "approaching"
                progress(stage, min(at / total, 1.0), "")

            motion = step.motion.at_speed(self._speed)
            followed = self._follow(motion, replayed, tell, cancelled)
            replayed.times.add(plan.time[step.first], plan.time[step.last], followed.start, self._speed)
        self._client.wait(_SETTLE)
        progress("done", 1.0, "")

    def _watch(self, plan: MotionPlan, replayed: Replayed, progress: Progress, cancelled: Callable[[], bool]) -> None:
        """The whole plan with feedback."""

        def tell(time: float, fingers: bool) -> None:
            stage = "following" if time >= plan.frame_due[0] else "approaching"
            progress("grasping" if fingers else stage, min(time / plan.time[-1], 1.0), "")

        cutoff, settings = self._planning.cutoff, (self._checks, self._feedback, self._speed)
        watched = watch(plan, self._client, *settings, cutoff, self._recovery, tell, cancelled)
        replayed.watched, replayed.times = watched, watched.times(plan)
        replayed.goals += watched.goals
        replayed.largest_error = max(replayed.largest_error, watched.largest_error)
        replayed.grasp_width = watched.grasp_width

    def _prepare(
        self,
        approach: JointMotion | None,
        plan: MotionPlan,
        replayed: Replayed,
        progress: Progress,
        cancelled: Callable[[], bool],
    ) -> None:
        """Goes to the start of the plan and, in simulation, puts the object where the plan expects it."""
        if approach is not None:
            progress("approaching", 0.0, "to the start of the plan")
            self._follow(approach, replayed, lambda seconds: None, cancelled)
        reason = self._client.place_object(plan.T_table_object_start) if self._config.place_object else None
        if reason:
            raise ReplayError(f"The object could not be put where the plan expects it: {reason}")
        self._client.wait(_SETTLE)
        self._compare_start(plan.T_table_object_start)

    def _compare_start(self, T_base_object: FloatArray) -> None:
        seen = self._client.recording.object_at(np.inf)
        if seen is not None:
            distance = float(np.linalg.norm(seen[:3, 3] - T_base_object[:3, 3]))
            if distance > (_NEAR_WATCHED if self._config.feedback else _NEAR):
                raise ReplayError(
                    f"The object stands {distance:.3f} m from where the plan expects it; nothing was moved."
                )

    def _follow(
        self,
        motion: JointMotion,
        replayed: Replayed,
        tell: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> Followed:
        start = self._checks.refusals(_first(motion), self._client.posture().q)
        if start:
            raise ReplayError(f"The robot is not where the motion starts: {start[0]}")
        followed = self._client.follow(trajectory_goal(motion), tell, cancelled)
        replayed.goals += 1
        replayed.largest_error = max(replayed.largest_error, followed.largest_error)
        if not followed.success:
            raise ReplayError(f"The controller did not follow: {followed.message}")
        return followed

    def _grip(self, step: Grip, plan: MotionPlan, replayed: Replayed, cancelled: Callable[[], bool]) -> None:
        """Opens the fingers, or closes them on the object; a gripper calls that a success or not, the width decides."""
        gripped = self._client.grip(step.width, plan.grip_force, cancelled)
        replayed.goals += 1
        if cancelled() or (step.width >= plan.grasp_width and not gripped.success):
            raise ReplayError(f"The gripper did not reach {step.width:.4f} m: {gripped.message}")
        if step.width < plan.grasp_width:
            replayed.grasp_width = gripped.width
            if abs(gripped.width - plan.grasp_width) > _GRASP_TOLERANCE:
                raise ReplayError(
                    f"The fingers closed to {gripped.width:.4f} m, but the object is {plan.grasp_width:.4f} m wide "
                    f"there: it was missed or slipped away. {gripped.message}"
                )


_FOLLOW = PHASES.index("follow")


def _first(motion: JointMotion) -> JointMotion:
    """Only the start of a motion, to compare it with where the robot is."""
    return JointMotion(motion.joint_names, motion.times[:1], motion.positions[:1], motion.velocities[:1])
