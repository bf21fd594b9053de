"""A replay in this program: the simulated robot, the controllers and the checks without ROS."""

from __future__ import annotations

from collections.abc import Callable

from franka_imitation.hardware.simulated import SimulatedRobot
from franka_imitation.replay.local_client import LocalClient
from franka_imitation.replay.outcome import ReplayOutcome, judged
from franka_imitation.replay.replayer import Progress, ReplayConfig, Replayer
from franka_imitation.replay.watching import recovery_for
from franka_imitation.result import ImitationResult
from franka_imitation.robot import Robot
from franka_imitation.safety import SafetyChecks
from franka_imitation.scaled_object import scaled
from franka_imitation.scene import build_scene
from rhov_core.object_model import ObjectModel


def replay_in_simulation(
    result: ImitationResult,
    object_model: ObjectModel,
    config: ReplayConfig | None = None,
    checks: SafetyChecks | None = None,
    *,
    dry_run: bool = False,
    progress: Progress = lambda stage, fraction, message: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ReplayOutcome:
    """Sends a plan to a simulated robot as it would be sent to a real one, as fast as it can be simulated.

    Args:
        result: The imitation.
        object_model: Its object, as in the mesh file.
        config: How the plan is sent; None: the defaults.
        checks: What the motion has to keep to; None: the defaults.
        dry_run: Check everything, move nothing.
        progress: Is told how far it is.
        cancelled: When it turns true the robot comes to rest.

    Raises:
        InputError: If the plan cannot be sent as goals.
        ReplayError: If a goal failed or was cancelled.
    """
    robot = checks.robot if checks else Robot.load(result.report["robot_description"])
    checks = checks or SafetyChecks(robot)
    scene = build_scene(robot, scaled(object_model, result.report["object"]["scale"]))
    client = LocalClient(SimulatedRobot(scene))
    recovery = recovery_for(result, object_model, robot)
    config = config or ReplayConfig()
    replayer = Replayer(client, robot, checks, config, recovery=recovery, planning=result.config)
    replayed = replayer.run(result.plan, dry_run=dry_run, progress=progress, cancelled=cancelled)
    return judged(result, replayed, client.recording, checks)
