"""How well a replay went, and what it leaves in its folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from franka_imitation.config import ImitationConfig
from franka_imitation.replay.recording import Recording
from franka_imitation.replay.replayer import Replayed
from franka_imitation.result import ImitationResult
from franka_imitation.robot import Robot
from franka_imitation.safety import SafetyChecks
from franka_imitation.scaled_object import scaled
from franka_imitation.simulate import Score, judge
from franka_imitation.video.write import write_video
from rhov_core.files import output_directory, write_json
from rhov_core.object_model import ObjectModel

FOLDER = "replay"
"""In the folder of the imitation."""
REPORT = "report.json"
RECORDING = "rollout.npz"
VIDEO = "rollout.mp4"


@dataclass(frozen=True)
class ReplayOutcome:
    """A finished replay."""

    result: ImitationResult
    """What was replayed."""
    replayed: Replayed
    recording: Recording
    robot: Robot
    score: Score | None
    """None where the object was not observed."""
    required: float
    """Matched fraction from which it is a success."""

    @property
    def success(self) -> bool:
        """Whether everything was sent and, where the object was observed, it followed."""
        if self.replayed.refusals or self.replayed.dry_run:
            return not self.replayed.refusals
        return self.score is None or (self.score.fraction_matched >= self.required and not self.score.dropped)

    def sentence(self) -> str:
        """One sentence for a person: what was refused, or how it went."""
        replayed = self.replayed
        if replayed.refusals:
            more = f" And {len(replayed.refusals) - 1} more." if len(replayed.refusals) > 1 else ""
            return f"Nothing was moved: {replayed.refusals[0]}{more}"
        if replayed.dry_run:
            return "All checks passed; nothing was moved."
        if replayed.watched and replayed.watched.execution.gave_up:
            return f"The motion was not followed to its end: {replayed.watched.execution.gave_up}"
        if self.score is None:
            return f"The robot followed {replayed.goals} goals; the object was not observed."
        lost = " It dropped the object." if self.score.dropped else ""
        return (
            f"The object matched {100 * self.score.fraction_matched:.1f} % of {len(self.score.matched)} steps with "
            f"{1e3 * self.score.position_error:.1f} mm and {self.score.rotation_error:.3f} rad.{lost}"
        )

    def report(self) -> dict[str, Any]:
        """The content of `report.json`."""
        replayed, score = self.replayed, self.score
        figures: dict[str, Any] = {
            "success": self.success,
            "message": self.sentence(),
            "dry_run": replayed.dry_run,
            "speed": replayed.speed,
            "refusals": [vars(refusal) for refusal in replayed.refusals],
            "goals": replayed.goals,
            "largest_joint_error_rad": replayed.largest_error,
            "grasp_width_m": None if np.isnan(replayed.grasp_width) else replayed.grasp_width,
            **dict(zip(("fraction_matched", "position_error_m", "rotation_error_rad"), self.figures(), strict=True)),
        }
        if replayed.watched is not None:
            done = replayed.watched.execution
            figures["feedback"] = {"waited_s": done.waited, "retries": done.retries, "gave_up": done.gave_up}
        if score is not None:
            plan = self.result.plan
            figures |= {
                "dropped": score.dropped,
                "step_time_s": (plan.frame_due - plan.frame_due[0]).round(4).tolist(),
                "step_position_error_m": score.position_errors.round(6).tolist(),
                "step_rotation_error_rad": score.rotation_errors.round(6).tolist(),
            }
        return figures

    def figures(self) -> tuple[float, float, float]:
        """Matched fraction and mean errors of the matched steps [m], [rad]; -1 where they are not known."""
        if self.score is None:
            return -1.0, -1.0, -1.0
        if not self.score.matched.any():
            return 0.0, -1.0, -1.0
        return self.score.fraction_matched, self.score.position_error, self.score.rotation_error

    def save(
        self,
        directory: str | Path,
        object_model: ObjectModel | None = None,
        *,
        progress: Callable[[str, float], None] = lambda stage, fraction: None,
    ) -> Path:
        """Writes rollout.npz, rollout.mp4 and, last, report.json into the folder `replay` of a directory.

        Args:
            directory: The folder of the imitation.
            object_model: The object as in its mesh file; None: no video is made.
            progress: Told which fraction of the stage "writing" is done.

        Raises:
            InputError: If the folder cannot be written.
        """
        folder = output_directory(Path(directory) / FOLDER)
        report, plan, told = self.report(), self.result.plan, self.result.report
        if self.score is not None:
            self.recording.save(folder / RECORDING)
        if self.score is not None and object_model is not None:
            rollout = self.recording.rollout(self.replayed.times.robot_times(plan.time))
            seen = scaled(object_model, told["object"]["scale"])
            thresholds = told["match_position_m"], told["match_rotation_rad"]
            report["video"] = write_video(
                folder / VIDEO, plan, rollout, seen, self.robot, thresholds, progress=progress
            )
        write_json(folder / REPORT, report)
        return folder


def judged(result: ImitationResult, replayed: Replayed, recording: Recording, checks: SafetyChecks) -> ReplayOutcome:
    """Compares where the object was with where it should have been, by the thresholds of the imitation.

    Args:
        result: What was replayed.
        replayed: How it was sent.
        recording: What was observed.
        checks: Know the robot and its geometry.
    """
    told, default = result.report, ImitationConfig()
    config = replace(
        default, max_position_error=told["match_position_m"], max_rotation_error=told["match_rotation_rad"]
    )
    score = None
    if replayed.watched is not None:
        score = replayed.watched.seen(recording).judged(result.plan.T_table_object, config)
    elif not replayed.refusals and not replayed.dry_run and recording.observes_object:
        rollout = recording.rollout(replayed.times.robot_times(result.plan.time))
        score = judge(result.plan, rollout, checks.geometry.tools(rollout.q), config)
    return ReplayOutcome(result, replayed, recording, checks.robot, score, config.success_fraction)
