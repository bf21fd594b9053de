"""Plans and learned policies on new motions of a few objects, in the form of Table 5 of the paper.

For each object a demonstration is made up, a plan found and a policy trained. Both are judged on motions that were not
trained on (the same motion shifted by up to 4 cm and turned by up to 0.25 rad), in 60 Hz simulation: as it is, and with
random mass, friction, start, measuring noise and delay. Time-outs, drops and refusals count as failures. The planner's
row is its knowledge in closed loop, the expert from which the policies learn. A training that is there is not repeated,
and the records of objects and methods that are not asked for stay.

With --observations paper a policy sees what the paper's sees, and is trained and judged as there: for one motion.

    python benchmarks/imitation_policies.py [--quick] [--objects carton,can] [--observations guided,paper,paper:4]
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

from franka_imitation.config import ImitationConfig
from franka_imitation.learning.config import NOTHING_RANDOM, TaskConfig
from franka_imitation.learning.dagger_config import DaggerConfig
from franka_imitation.learning.evaluation import evaluate, wilson
from franka_imitation.learning.imitate_with_policy import imitate_with_policy
from franka_imitation.learning.policy import PLAN
from franka_imitation.learning.train import REPORT, TrainConfig, held_out_tasks, judged_episodes, train
from franka_imitation.learning.workshop import Workshop
from franka_imitation.motion_plan import MotionPlan
from rhov_core.errors import PlanningError
from rhov_core.files import read_json, write_json
from rhov_core.object_model import ObjectModel
from rhov_core.pose import exp_rotation, make_transform
from rhov_core.synth.objects import synth_object
from rhov_core.trajectory import HandObjectTrajectory

RESULTS = Path(__file__).parent / "results"
OBJECTS = ("carton", "can", "soup_can", "sugar_box", "mustard", "mug")
QUICK_OBJECTS = ("carton", "can")
FRAMES = 60
UP = (0.0, -1.0, 0.0)
QUICK = DaggerConfig(rounds=6, environments=48, steps=420, updates=250)
PAPER = ["the paper, its own clips", "", "39", "0.289", "79.3"]


def demonstration(name: str) -> HandObjectTrajectory:
    """Two seconds in which an object, seen by a level camera, is carried along a bow and turned; differs by object."""
    random = np.random.default_rng(sum(map(ord, name)))
    s = np.linspace(0, 1, FRAMES)[:, None]
    s = s**3 * (10 + s * (6 * s - 15))
    upright = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # z of the object against y of the camera
    turn = exp_rotation(s * random.uniform(-0.5, 0.5, 3))
    position = np.array([0.0, 0.05, 0.7]) + s * random.uniform(-0.12, 0.12, 3)
    return HandObjectTrajectory.without_hand(
        name,
        np.arange(FRAMES) / 30,
        make_transform(turn @ upright, position),
        np.array([[600.0, 0, 320], [0, 600, 240], [0, 0, 1]]),
        (640, 480),
        np.diag([1e-6] * 3 + [1e-5] * 3),
    )


def measure(name: str, observations: list[str], dagger: DaggerConfig, out: Path) -> list[dict[str, Any]]:
    """Records of one object: method, condition and figures."""
    model, trajectory = synth_object(name).load(), demonstration(name)
    records = []
    for kind in observations:
        folder = out / f"{name}_{kind.replace(':', '_')}"
        wanted = config_of(kind, dagger)
        begun, cpu = not (folder / REPORT).is_file(), time.process_time()
        try:
            training = train(trajectory, model, folder, wanted, progress=told(name))
        except PlanningError as error:
            print(f"{name}: {error}", flush=True)
            return [{"object": name, "method": "refused", "error": str(error)}]
        seconds = time.process_time() - cpu if begun else None
        for condition in ("held_out", "held_out_randomised"):
            figures = training.report[condition]
            records.append({"object": name, "method": f"policy, {kind}", "condition": condition, **figures})
        records.append(replayed(name, kind, trajectory, model, folder, wanted, seconds))
        records += expert(name, kind, trajectory, model, wanted, folder)
    return records


def config_of(kind: str, dagger: DaggerConfig) -> TrainConfig:
    """How a policy of an observation is trained: its name, and after a colon how many moments are shown.

    The paper's observation is learned and judged as in the paper, on the one motion; with twice as many steps of the
    optimiser, since what to do next is written less plainly in it.
    """
    observation, _, history = kind.partition(":")
    config = TrainConfig(
        imitation=ImitationConfig(up_in_camera=UP, candidates=1),
        task=TaskConfig(observation=observation, history=int(history or 1)),
        dagger=dagger,
    )
    if observation == "paper":
        return replace(config, dagger=replace(dagger, updates=2 * dagger.updates), tasks=1, held_out=0)
    return config


def replayed(
    name: str,
    kind: str,
    trajectory: HandObjectTrajectory,
    model: ObjectModel,
    folder: Path,
    config: TrainConfig,
    cpu: float | None,
) -> dict[str, Any]:
    """The demonstration itself: what the policy did, sent open loop as to a controller."""
    record: dict[str, Any] = {"object": name, "method": f"policy, {kind}", "condition": "replay", "training_cpu_s": cpu}
    try:
        report = imitate_with_policy(trajectory, model, folder, config.imitation).report
    except PlanningError as error:
        return {**record, "error": str(error)}
    return {**record, **{key: report[key] for key in ("success", "fraction_matched", "position_error_m", "slowdown")}}


def expert(
    name: str, kind: str, trajectory: HandObjectTrajectory, model: ObjectModel, config: TrainConfig, folder: Path
) -> list[dict[str, Any]]:
    """The expert on the same motions: the planner's knowledge in closed loop."""
    workshop = Workshop(trajectory, model, MotionPlan.load(folder / PLAN), config.imitation)
    tasks = held_out_tasks(workshop, config)
    records = []
    for condition, how in (("held_out", NOTHING_RANDOM), ("held_out_randomised", config.randomisation)):
        environment = workshop.environment(judged_episodes(config, tasks, how), config.task, tasks, how, seed=7)
        figures = asdict(evaluate(environment, lambda _, environment=environment: environment.expert()))
        method = "plan, closed loop" if kind == "guided" else f"expert, {kind}"
        records.append({"object": name, "method": method, "condition": condition, **figures})
    return records


def told(name: str) -> Any:
    """Prints the progress of an object's training."""
    last = [""]

    def tell(stage: str, fraction: float, detail: str) -> None:
        line = f"{name}: {stage} {100 * fraction:.0f} % {detail}"
        if line != last[0]:
            print(line, flush=True)
        last[0] = line

    return tell


def table(records: list[dict[str, Any]]) -> str:
    """Rows in the form of Table 5, over all objects; intervals are Wilson's over episodes."""
    lines = [
        "| method | motions | position error [mm] | rotation error [rad] | success [%] (95 % interval) |",
        "|---|---|---|---|---|",
    ]
    for method in dict.fromkeys(record["method"] for record in records):
        for condition in ("held_out", "held_out_randomised"):
            rows = [r for r in records if r["method"] == method and r.get("condition") == condition]
            if not rows:
                continue
            episodes = sum(row["episodes"] for row in rows)
            successes = sum(round(row["success_rate"] * row["episodes"]) for row in rows)
            low, high = wilson(successes, episodes)
            errors = [
                [row[key] for row in rows if row[key] is not None] for key in ("position_error", "rotation_error")
            ]
            position, rotation = (float(np.nanmean(values)) if values else float("nan") for values in errors)
            what = "randomised" if condition.endswith("randomised") else "as they are"
            rate = f"{100 * successes / episodes:.1f} ({100 * low:.0f} to {100 * high:.0f}, {episodes} episodes)"
            lines.append(f"| {method} | {what} | {1e3 * position:.1f} | {rotation:.3f} | {rate} |")
    lines.append("| " + " | ".join(PAPER) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two objects and a short training")
    parser.add_argument("--objects", default="", help="names of rendered objects, with commas")
    parser.add_argument("--observations", default="guided", help="guided and paper, with commas; :4 shows four moments")
    parser.add_argument("--out", type=Path, default=Path("out/imitation"), help="folder for plans and policies")
    arguments = parser.parse_args()
    objects = arguments.objects.split(",") if arguments.objects else QUICK_OBJECTS if arguments.quick else OBJECTS
    dagger = QUICK if arguments.quick else DaggerConfig()
    result = RESULTS / f"imitation_{'policies_quick' if arguments.quick else 'policies'}.json"
    for name in objects:
        records = measure(name, arguments.observations.split(","), dagger, arguments.out)
        publish(result, asdict(dagger), records)
    print(read_json(result)["table"])


def publish(result: Path, dagger: dict[str, Any], records: list[dict[str, Any]]) -> None:
    """Writes records beside those of the same settings that are there and that they do not replace."""
    there = read_json(result) if result.is_file() else {}
    new = {(record["object"], record["method"]) for record in records}
    kept = there["records"] if there.get("dagger") == dagger else []
    records = [record for record in kept if (record["object"], record["method"]) not in new] + records
    objects = list(dict.fromkeys(record["object"] for record in records))
    write_json(result, {"objects": objects, "dagger": dagger, "records": records, "table": table(records)})


if __name__ == "__main__":
    main()
