"""From a reconstruction to a robot motion, by a trained policy."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path

from franka_imitation.attempt import Attempt
from franka_imitation.config import ImitationConfig
from franka_imitation.kinematics import Kinematics
from franka_imitation.learning.policy import PLAN, Policy
from franka_imitation.learning.rollout import PolicyRun, plan_of_run, run_policy
from franka_imitation.learning.workshop import Workshop
from franka_imitation.motion_plan import MotionPlan
from franka_imitation.placement import Placement
from franka_imitation.result import ImitationResult
from franka_imitation.scene import build_scene
from franka_imitation.simulate import judge, roll_out
from franka_imitation.timing import Motion, check_limits
from rhov_core.errors import InputError
from rhov_core.object_model import ObjectModel
from rhov_core.trajectory import HandObjectTrajectory


def imitate_with_policy(
    trajectory: HandObjectTrajectory,
    object_model: ObjectModel,
    policy_directory: str | Path,
    config: ImitationConfig | None = None,
    *,
    progress: Callable[[str, float], None] = lambda stage, fraction: None,
) -> ImitationResult:
    """Lets a policy do the motion in simulation, in closed loop, and makes a plan of it that can be replayed.

    The plan is simulated once more, open loop, as a robot would be sent it; that is what is judged. How the policy did
    itself stands beside it in the report, under `policy`.

    Args:
        trajectory: The reconstruction: that of the training, or one near it.
        object_model: Its object.
        policy_directory: Folder of a training. The camera and the object stand where they stood there.
        config: How the motion is judged; the robot must be that of the training.
        progress: Told which fraction of a stage ("simulating") is done.

    Raises:
        InputError: If the folder holds no policy, or one for another robot.
        PlanningError: If the policy does not bring the object to the first pose.
    """
    config = config or ImitationConfig()
    started = time.perf_counter()
    folder = Path(policy_directory)
    policy, trained_plan = Policy.load(folder), MotionPlan.load(folder / PLAN)
    if policy.robot != config.robot:
        raise InputError(f"the policy is for the robot '{policy.robot}'", f"'{config.robot}'", "name the same robot")
    workshop = Workshop(trajectory, object_model, trained_plan, config)
    progress("simulating", 0.0)
    run = run_policy(workshop, policy)
    progress("simulating", 0.5)
    plan = plan_of_run(run, workshop, config)
    scene = build_scene(workshop.robot, workshop.object_model)
    rollout = roll_out(scene, plan)
    attempt = Attempt(plan, rollout, judge(plan, rollout, Kinematics(scene).forward(rollout.q), config))
    progress("simulating", 1.0)
    demonstration = workshop.demonstration
    report = {
        **attempt.figures(config),
        "method": "policy",
        "policy": _closed_loop(run, policy),
        "attempts": [attempt.summary()],
        "up_source": "policy",
        "smoothing_position_m": demonstration.position_deviation,
        "smoothing_rotation_rad": demonstration.rotation_deviation,
        "limits_used": check_limits(workshop.robot, Motion(plan.q, plan.velocity), plan.period, 0.0, 1.0)._asdict(),
        "object": {
            "name": object_model.name,
            "scale": trajectory.object_scale,
            "mass_kg": object_model.mass,
            "notes": list(object_model.notes),
        },
        "simulator_steps": rollout.steps + len(run.q) * policy.task.substeps,
        "cancelled": False,
        "wall_seconds": time.perf_counter() - started,
    }
    placed = Placement(plan.T_table_camera, plan.T_table_object_start, "policy")
    return ImitationResult(plan, rollout, placed, report)


def _closed_loop(run: PolicyRun, policy: Policy) -> dict[str, object]:
    figures = {name.name: getattr(run, name.name) for name in fields(run)[3:]}
    return {**figures, "control_steps": len(run.q), "task": asdict(policy.task)}
