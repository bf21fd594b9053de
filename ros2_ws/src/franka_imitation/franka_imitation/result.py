"""The folder that an imitation leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from franka_imitation.config import ImitationConfig
from franka_imitation.motion_plan import MotionPlan
from franka_imitation.placement import Placement
from franka_imitation.robot import Robot
from franka_imitation.scaled_object import scaled
from franka_imitation.simulate import Rollout
from franka_imitation.video.write import write_video
from rhov_core.config import from_mapping
from rhov_core.errors import InputError
from rhov_core.files import atomic_path, output_directory, read_json, write_json
from rhov_core.object_model import ObjectModel

PLAN = "plan.npz"
ROLLOUT = "rollout.npz"
TRAJECTORY = "joint_trajectory.csv"
PLACEMENT = "placement.yaml"
REPORT = "report.json"
VIDEO = "rollout.mp4"


@dataclass(frozen=True)
class ImitationResult:
    """A motion, how it went in simulation, and what is to be told about it."""

    plan: MotionPlan
    rollout: Rollout
    placement: Placement
    """With the place of the object before the motion."""
    report: dict[str, Any]
    """The content of `report.json`: `success`, `fraction_matched`, `position_error_m`, `rotation_error_rad`, ..."""

    @property
    def success(self) -> bool:
        """Whether enough steps were matched."""
        return bool(self.report["success"])

    @property
    def config(self) -> ImitationConfig:
        """How the plan was made; of results that do not tell, the defaults for their robot."""
        known = self.report.get("planning", {"robot": self.report["robot_description"]})
        return from_mapping(
            ImitationConfig, {name: tuple(v) if isinstance(v, list) else v for name, v in known.items()}
        )

    def sentence(self) -> str:
        """One sentence for a person."""
        r = self.report
        lost = " It dropped the object." if r["dropped"] else ""
        slower = f", {r['slowdown']:.2f} times slower than shown" if r["slowdown"] > 1.005 else ""
        return (
            f"{r['robot']} matched {100 * r['fraction_matched']:.1f} % of {len(self.plan.frame_index)} steps in "
            f"simulation with {1e3 * r['position_error_m']:.1f} mm and {r['rotation_error_rad']:.3f} rad{slower}.{lost}"
        )

    def save(
        self,
        directory: str | Path,
        object_model: ObjectModel | None = None,
        *,
        progress: Callable[[str, float], None] = lambda stage, fraction: None,
    ) -> Path:
        """Writes plan.npz, joint_trajectory.csv, placement.yaml, rollout.npz, rollout.mp4 and, last, report.json.

        Args:
            directory: Made if it does not exist.
            object_model: The object as in its mesh file; None: no video is made.
            progress: Told which fraction of the stage "writing" is done.

        Returns:
            The folder.

        Raises:
            InputError: If the folder cannot be written.
        """
        folder = output_directory(directory)
        progress("writing", 0.0)
        self.plan.save(folder / PLAN)
        self.plan.save_csv(folder / TRAJECTORY)
        self.placement.save(folder / PLACEMENT)
        with atomic_path(folder / ROLLOUT) as partial, open(partial, "wb") as file:
            np.savez_compressed(file, state=self.rollout.state, steps=self.rollout.steps)
        if object_model is not None:
            seen = scaled(object_model, self.report["object"]["scale"])
            robot = Robot.load(self.report["robot_description"])
            thresholds = self.report["match_position_m"], self.report["match_rotation_rad"]
            how = write_video(folder / VIDEO, self.plan, self.rollout, seen, robot, thresholds, progress=progress)
            self.report["video"] = how
        write_json(folder / REPORT, self.report)
        progress("writing", 1.0)
        return folder

    @classmethod
    def load(cls, directory: str | Path) -> ImitationResult:
        """Reads what `save` wrote.

        Raises:
            InputError: If a file is missing or damaged.
        """
        folder = Path(directory)
        plan = MotionPlan.load(folder / PLAN)
        try:
            with np.load(folder / ROLLOUT, allow_pickle=False) as content:
                rollout = Rollout(content["state"], int(content["steps"]))
        except Exception as error:  # numpy raises several kinds for damaged archives
            todo = "run the imitation again"
            raise InputError(f"'{folder / ROLLOUT}' cannot be read ({error})", "a rollout.npz", todo) from error
        return cls(plan, rollout, Placement.load(folder / PLACEMENT), read_json(folder / REPORT))
