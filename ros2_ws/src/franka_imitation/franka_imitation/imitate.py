"""From a reconstruction to a robot motion that makes the object move the same way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from franka_imitation.attempt import Attempt
from franka_imitation.config import ImitationConfig
from franka_imitation.demonstration import Demonstration, prepare
from franka_imitation.placement import Placement
from franka_imitation.planner import Planner
from franka_imitation.result import ImitationResult
from franka_imitation.robot import Robot
from franka_imitation.route import Route, timed
from franka_imitation.scaled_object import scaled
from franka_imitation.simulate import corrected_tools, judge, roll_out
from franka_imitation.timing import Motion, check_limits
from franka_imitation.vertical import find_up
from rhov_core.errors import PlanningError
from rhov_core.object_model import ObjectModel
from rhov_core.trajectory import HandObjectTrajectory

Progress = Callable[[str, float], None]
"""Receives the stage ("placing", "grasping", "planning", "simulating") and the done fraction of it."""

_CORRECTIONS = 2
"""Runs in simulation after the first of each plan, each corrected by the one before."""
_FAST = 1.05
"""A plan that is hardly slower than the demonstration ends the search."""
_GOOD = (0.003, 0.02)
"""Mean errors below which nothing is corrected any more [m], [rad]."""


def imitate(
    trajectory: HandObjectTrajectory,
    object_model: ObjectModel,
    config: ImitationConfig | None = None,
    placement: Placement | None = None,
    *,
    progress: Progress = lambda stage, fraction: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ImitationResult:
    """Plans a motion, tries it in simulation and returns the best of a few.

    Args:
        trajectory: The reconstruction.
        object_model: Its object.
        config: How the motion is searched and judged.
        placement: Where the camera stands, and optionally where the object stands before the motion; None: searched.
        progress: Told which fraction of a stage is done.
        cancelled: Asked between the steps; once it returns True, the best motion so far is returned.

    Raises:
        InputError: If the trajectory is too short, or the robot unknown.
        PlanningError: If no motion exists within the limits, or if cancelled before there was one; it names the
            frame, the quantity and its limit.
    """
    config = config or ImitationConfig()
    started = time.perf_counter()
    robot = Robot.load(config.robot)
    progress("grasping", 0.0)
    planner = Planner(scaled(object_model, trajectory.object_scale), robot, config)
    progress("placing", 0.0)
    demonstration = prepare(trajectory, config.cutoff, config.max_gap)
    if placement is None:
        up, source = _up(trajectory, planner, config)
        routes = planner.routes(demonstration, up)
    else:
        source = placement.up_source
        routes = planner.routes(demonstration, placement)
    progress("planning", 0.0)
    attempts = list(_attempts(routes, planner, demonstration, config, progress, cancelled))
    if not attempts:
        raise PlanningError("The search was cancelled before a motion was found.")
    best = max(attempts, key=lambda attempt: attempt.rank)
    plan = best.plan
    report = {
        **best.figures(config),
        "attempts": [attempt.summary() for attempt in attempts],
        "up_source": source,
        "smoothing_position_m": demonstration.position_deviation,
        "smoothing_rotation_rad": demonstration.rotation_deviation,
        "limits_used": check_limits(robot, Motion(plan.q, plan.velocity), plan.period, 0.0, 1.0)._asdict(),
        "object": {
            "name": object_model.name,
            "scale": trajectory.object_scale,
            "mass_kg": object_model.mass,
            "notes": list(object_model.notes),
        },
        "simulator_steps": sum(attempt.rollout.steps for attempt in attempts),
        "cancelled": cancelled(),
        "wall_seconds": time.perf_counter() - started,
    }
    placed = Placement(plan.T_table_camera, plan.T_table_object_start, source)
    return ImitationResult(plan, best.rollout, placed, report)


def _attempts(
    routes: Iterator[Route],
    planner: Planner,
    demonstration: Demonstration,
    config: ImitationConfig,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> Iterator[Attempt]:
    """Simulates one plan after the other, until one is good or there were enough."""
    slowest = np.inf  # with a good plan at hand, slower ones are not tried
    for number in range(config.candidates):
        if cancelled():
            return
        progress("planning", number / config.candidates)
        route = next(routes, None)
        if route is None:
            return
        for correction in range(1 + _CORRECTIONS):
            progress("simulating", (number + correction / (1 + _CORRECTIONS)) / config.candidates)
            try:
                plan = timed(route, demonstration, planner.robot, config)
            except PlanningError:
                break
            if plan.slowdown > slowest:
                break
            rollout = roll_out(planner.scene, plan)
            score = judge(plan, rollout, planner.kinematics.forward(rollout.q), config)
            yield (attempt := Attempt(plan, rollout, score))
            if _is_good(attempt, config):
                slowest = min(slowest, plan.slowdown)
            if score.dropped or _is_good(attempt, config) or cancelled():
                break
            commanded = planner.kinematics.forward(plan.q)
            wanted = route.T_table_camera @ demonstration.smooth
            try:
                route = planner.refined(route, corrected_tools(plan, rollout, commanded, wanted), demonstration)
            except PlanningError:
                break
        if slowest < _FAST:
            return


def _is_good(attempt: Attempt, config: ImitationConfig) -> bool:
    score = attempt.score
    accurate = score.position_error <= _GOOD[0] and score.rotation_error <= _GOOD[1]
    return score.fraction_matched >= config.success_fraction and accurate


def _up(trajectory: HandObjectTrajectory, planner: Planner, config: ImitationConfig) -> tuple[Any, str]:
    if config.up_in_camera:
        up = np.array(config.up_in_camera, np.float64)
        return up / np.linalg.norm(up), "given"
    return find_up(trajectory, planner.shape, planner.resting, config.camera_pitch)
