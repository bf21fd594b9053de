"""A piece of work of the benchmark: plan one motion of one object, and carry the plan out under all conditions."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from franka_imitation.closed_loop import Executor, FeedbackConfig, SimulatedWorkplace, disturbed
from franka_imitation.closed_loop.conditions import Disturbances
from franka_imitation.closed_loop.recovery import Recovery
from franka_imitation.config import ImitationConfig
from franka_imitation.demonstration import Demonstration, prepare
from franka_imitation.imitate import imitate
from franka_imitation.kinematics import Kinematics
from franka_imitation.motion_plan import MotionPlan
from franka_imitation.planner import Planner
from franka_imitation.robot import Robot
from franka_imitation.scaled_object import scaled
from franka_imitation.scene import build_scene
from rhov.benchmark.code_version import digest, sources_digest
from rhov.imitation_benchmark.record import SUCCESS_FRACTION, TrialRecord, load_records, save_records
from rhov.imitation_benchmark.subjects import Subject
from rhov.imitation_benchmark.trial_conditions import OTHER, conditions_for
from rhov_core.errors import PlanningError
from rhov_core.object_model import ObjectModel

OPEN, CLOSED = "plan", "plan, feedback"
_READING = tuple(f"rhov.imitation_benchmark.{name}" for name in ("tables", "command", "record"))
"""Code that changes no record."""


@dataclass(frozen=True)
class Trial:
    """One subject, imitated under several conditions."""

    subject: Subject
    conditions: tuple[str, ...]
    """Names of `CONDITIONS`."""
    out: Path
    robot: str = "panda"

    @property
    def config(self) -> ImitationConfig:
        """How plans are made."""
        return ImitationConfig(robot=self.robot, up_in_camera=self.subject.up_in_camera)

    @property
    def key(self) -> str:
        """Names everything that the records depend on."""
        code = sources_digest(
            ("franka_imitation", "rhov_core.mesh", "rhov_core.object_model", "rhov.imitation_benchmark"),
            ("franka_imitation.learning", "franka_imitation.video", "franka_imitation.replay", *_READING),
        )
        return digest([self.subject.key, self.conditions, self.robot, code])

    @property
    def path(self) -> Path:
        """Of the records."""
        name = self.subject.motion.replace(" ", "_") + ("" if OTHER in self.conditions else "_disturbed")
        return self.out / "trials" / Path(self.robot).stem / self.subject.object / f"{name}.json"

    def records(self) -> list[TrialRecord] | None:
        """What was measured, if it was."""
        return load_records(self.path, self.key)

    def run(self) -> None:
        """Plans, tries and keeps the records."""
        save_records(self.path, self.key, _tried(self))


def _tried(trial: Trial) -> list[TrialRecord]:
    given, trajectory = trial.subject.load()
    model = scaled(given, trajectory.object_scale)
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        plan = imitate(trajectory, given, trial.config).plan
    except PlanningError as error:
        return [_refused(trial, name, method, str(error)) for name, method in _kinds(trial)]
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    shown = prepare(trajectory, trial.config.cutoff, trial.config.max_gap)
    follower = _Follower(trial, model, plan, shown)
    return [
        replace(follower.follow(name, method), preparation_s=wall, preparation_cpu_s=cpu)
        for name, method in _kinds(trial)
    ]


def _kinds(trial: Trial) -> list[tuple[str, str]]:
    """Pairs of condition and method."""
    return [(name, method) for name in trial.conditions for method in (OPEN, CLOSED)]


class _Follower:
    """Carries one plan out again and again."""

    def __init__(self, trial: Trial, model: ObjectModel, plan: MotionPlan, shown: Demonstration) -> None:
        self._trial, self._model, self._plan, self._shown = trial, model, plan, shown
        self._robot = Robot.load(trial.robot)

    @cached_property
    def _recovery(self) -> Recovery:
        """Made when the first object is lost."""
        config = self._trial.config
        planner = Planner(self._model, self._robot, config)
        return Recovery(planner, self._shown, self._plan.T_table_camera, config)

    def follow(self, condition: str, method: str) -> TrialRecord:
        trial, plan, config = self._trial, self._plan, self._trial.config
        conditions = conditions_for(condition, trial.subject.object, trial.subject.motion)
        scene = build_scene(self._robot, disturbed(self._model, conditions))
        executor = Executor(
            SimulatedWorkplace(scene, conditions, Disturbances.during(plan)),
            Kinematics(scene, config.joint_margin),
            self._robot,
            FeedbackConfig() if method == CLOSED else None,
            lambda: self._recovery,
        )
        execution = executor.run(plan, plan.T_table_camera @ self._shown.smooth)
        score = execution.judged(plan.T_table_object, config)
        success = score.fraction_matched >= SUCCESS_FRACTION and not execution.gave_up
        failure = execution.gave_up or f"{100 * score.fraction_matched:.0f} % of the steps matched"
        return TrialRecord(
            object=trial.subject.object,
            motion=trial.subject.motion,
            hard=trial.subject.hard,
            source=trial.subject.source,
            method=method,
            condition=condition,
            matched=score.fraction_matched,
            success=success,
            position_error_m=score.position_error if score.matched.any() else None,
            rotation_error_rad=score.rotation_error if score.matched.any() else None,
            slowdown=plan.slowdown,
            execution_s=float(execution.time[-1]),
            waited_s=execution.waited,
            retries=execution.retries,
            failure="" if success else failure,
        )


def _refused(trial: Trial, condition: str, method: str, reason: str) -> TrialRecord:
    who = trial.subject
    return TrialRecord(who.object, who.motion, who.hard, who.source, method, condition, 0.0, False, failure=reason)
