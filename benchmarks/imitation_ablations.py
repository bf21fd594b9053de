"""The ablations of the paper's Table 5: policies that learn from scratch, with all of the reward and without parts.

Each learns by PPO with the paper's observation. The paper's runs took a GPU and far more steps than a processor makes
in an hour. By default all episodes therefore begin at a random time of the motion with the object in the hand, and are
judged so, on motions that were not trained on: the parts that are left out belong to the reward of following the
motion. With --held-starts 0 policies have to take the object from the table, as in the paper.

Needs rl-games (requirements/ppo.txt). What is finished is not repeated.

    python benchmarks/imitation_ablations.py [--objects carton] [--steps N] [--held-starts SHARE] [--seeds N]
                                             [--out out/imitation]
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive")

import numpy as np
from imitation_policies import RESULTS, UP, demonstration, told

from franka_imitation.config import ImitationConfig
from franka_imitation.learning.config import NOTHING_RANDOM, TaskConfig
from franka_imitation.learning.curriculum import Curriculum, Difficulty
from franka_imitation.learning.evaluation import evaluate, wilson
from franka_imitation.learning.policy import PLAN
from franka_imitation.learning.ppo_config import PpoConfig
from franka_imitation.learning.reward import ABLATIONS
from franka_imitation.learning.train import REPORT, held_out_tasks, train
from franka_imitation.learning.train_config import TrainConfig
from franka_imitation.learning.workshop import Workshop
from franka_imitation.motion_plan import MotionPlan
from rhov_core.files import write_json
from rhov_core.synth.objects import synth_object

PAPER = {"": ("39", "0.289", "79.3"), "velocity": ("98", "0.683", "46.6"), "matched": ("99", "0.725", "30.9")}
PAPER["rotation"] = ("70", "1.782", "0.0")
ERRORS = ("position_error", "rotation_error")
SMALL = PpoConfig(
    environments=64, horizon=16, mini_epochs=5, minibatches=2, gamma=0.97, kl_threshold=0.016, log_deviation=-1.5
)
"""For a processor: small updates, and many."""


def configure(without: str, steps: int, held_starts: float, seed: int) -> TrainConfig:
    """The settings of one training."""
    return TrainConfig(
        imitation=ImitationConfig(up_in_camera=UP, candidates=1),
        task=TaskConfig(observation="paper"),
        learner="ppo",
        without=without,  # type: ignore[arg-type]
        ppo=replace(SMALL, steps=steps),
        curriculum=Curriculum(held_starts=held_starts),
        tasks=16,
        held_out=8,
        seed=seed,
    )


def measure(name: str, config: TrainConfig, out: Path) -> list[dict[str, Any]]:
    """Trains where it is not done, and returns the records of one policy."""
    model, trajectory = synth_object(name).load(), demonstration(name)
    held = config.curriculum.held_starts
    folder = out / f"{name}_scratch_{config.without or 'complete'}_{config.ppo.steps}_{held:g}_{config.seed}"
    begun, cpu = not (folder / REPORT).is_file(), time.process_time()
    what = f"{name} without {config.without or 'nothing'}, seed {config.seed}"
    training = train(trajectory, model, folder, config, progress=told(what))
    seconds = time.process_time() - cpu if begun else None
    record = {"object": name, "without": config.without, "seed": config.seed, "steps": config.ppo.steps}
    record = {**record, "held_starts": held, "training_cpu_s": seconds}
    workshop = Workshop(trajectory, model, MotionPlan.load(folder / PLAN), config.imitation)
    tasks = held_out_tasks(workshop, replace(config, held_out=32))
    records = []
    for condition, how in (("in_hand", NOTHING_RANDOM), ("in_hand_randomised", config.randomisation)):
        environment = workshop.environment(2 * len(tasks), config.task, tasks, how, seed=7)
        environment.ease(Difficulty(held_starts=1.0))
        environment.seed(7)
        records.append({**record, "condition": condition, **asdict(evaluate(environment, training.policy))})
    for condition in ("held_out", "held_out_randomised"):
        records.append({**record, "condition": condition, **training.report[condition]})
    return records


def table(records: list[dict[str, Any]], condition: str) -> str:
    """Rows as in Table 5; intervals are Wilson's over all episodes, which share a policy: they are too narrow."""
    lines = [
        "| reward | position error [mm] | rotation error [rad] | success [%] (95 % interval) | by policy | paper |",
        "|---|---|---|---|---|---|",
    ]
    for without in ("", *ABLATIONS):
        rows = [row for row in records if row["without"] == without and row["condition"] == condition]
        if not rows:
            continue
        episodes = sum(row["episodes"] for row in rows)
        successes = sum(round(row["success_rate"] * row["episodes"]) for row in rows)
        low, high = wilson(successes, episodes)
        position, rotation = (mean([row[key] for row in rows]) for key in ERRORS)
        rate = f"{100 * successes / episodes:.1f} ({100 * low:.0f} to {100 * high:.0f}, {episodes} episodes)"
        each = ", ".join(f"{100 * row['success_rate']:.0f}" for row in rows)
        told_by = " / ".join(PAPER[without])
        title = f"without {without}" if without else "complete"
        lines.append(f"| {title} | {1e3 * position:.1f} | {rotation:.3f} | {rate} | {each} | {told_by} |")
    return "\n".join(lines)


def mean(values: list[float]) -> float:
    """Of what is known; NaN where no goal became due in any episode."""
    known = [value for value in values if value is not None and np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", default="carton", help="names of rendered objects, with commas")
    parser.add_argument("--steps", type=int, default=100_000, help="control steps of each training")
    parser.add_argument("--held-starts", type=float, default=1.0, help="part of the episodes that begin in the hand")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each reward")
    parser.add_argument("--out", type=Path, default=Path("out/imitation"), help="folder for plans and policies")
    arguments = parser.parse_args()
    records = []
    for name in arguments.objects.split(","):
        for seed in range(arguments.seeds):
            for without in ("", *ABLATIONS):
                config = configure(without, arguments.steps, arguments.held_starts, seed)
                records += measure(name, config, arguments.out)
    conditions = list(dict.fromkeys(record["condition"] for record in records))
    tables = {condition: table(records, condition) for condition in conditions}
    for condition, text in tables.items():
        print(f"{condition}\n{text}")
    content = {"ppo": asdict(replace(SMALL, steps=arguments.steps)), "records": records, "tables": tables}
    write_json(RESULTS / "imitation_ablations.json", content)


if __name__ == "__main__":
    main()
