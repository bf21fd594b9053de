"""A motion that was tried in simulation, and what is to be told about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from franka_imitation.config import ImitationConfig
from franka_imitation.motion_plan import MotionPlan
from franka_imitation.simulate import Rollout, Score


@dataclass(frozen=True)
class Attempt:
    """A plan and how it went in simulation."""

    plan: MotionPlan
    rollout: Rollout
    score: Score

    @property
    def rank(self) -> tuple[float, float, float]:
        """Larger is better: matched steps, then speed, then accuracy."""
        error = self.score.position_error + 0.1 * self.score.rotation_error
        return (round(self.score.fraction_matched, 3), -round(self.plan.slowdown, 1), -error)

    def figures(self, config: ImitationConfig) -> dict[str, Any]:
        """What the report of an imitation says about it."""
        plan, score = self.plan, self.score
        return {
            **self.summary(),
            "success": bool(score.fraction_matched >= config.success_fraction and not score.dropped),
            "robot": plan.robot,
            "robot_description": config.robot,
            "planning": asdict(config),
            "duration_s": float(plan.time[-1]),
            "grip_force_n": plan.grip_force,
            "grasp_width_m": plan.grasp_width,
            "match_position_m": config.max_position_error,
            "match_rotation_rad": config.max_rotation_error,
            "step_time_s": (plan.frame_due - plan.frame_due[0]).round(4).tolist(),
            "step_position_error_m": score.position_errors.round(6).tolist(),
            "step_rotation_error_rad": score.rotation_errors.round(6).tolist(),
        }

    def summary(self) -> dict[str, Any]:
        """The figures by which attempts are compared."""
        score = self.score
        return {
            "fraction_matched": score.fraction_matched,
            "position_error_m": score.position_error if score.matched.any() else -1.0,
            "rotation_error_rad": score.rotation_error if score.matched.any() else -1.0,
            "dropped": score.dropped,
            "slowdown": self.plan.slowdown,
        }
