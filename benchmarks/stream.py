"""Windows of a stream against the result at its end, on rendered clips with predicted masks.

Tracks each clip, smooths windows as the node does, and compares their poses with those of the whole clip: how many lie
within 5 mm and 2 degrees, and how far the object steps from the last pose of a window to the first of the next, over
its mean step in the ten pairs of frames around. Prints a Markdown table and writes benchmarks/results/stream.json.

    python benchmarks/stream.py CLIP [CLIP ...] [--window 30] [--context 15] [--lag 5]

A CLIP is a folder that `rhov synthesize` wrote.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive", NUMBA_NUM_THREADS="1", GLOG_minloglevel="3")

import numpy as np

from rhov.benchmark.clip_folder import ClipFolder
from rhov.reconstruct import track_video
from rhov.tracked_clip import TrackedClip
from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.files import write_json
from rhov_core.metrics import rotation_error, translation_error
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.object_model import ObjectModel
from rhov_core.pose import transform_points
from rhov_core.trajectory import ObjectState
from rhov_optimizer.joint import JointConfig, ObjectSolverConfig, optimise_trajectory
from rhov_optimizer.joint.window import ObjectWindow

RESULT = Path(__file__).parent / "results" / "stream.json"
NEAR = 0.005, np.radians(2.0)
AROUND = 5
"""Pairs of frames on each side of a seam that it is compared with."""


@dataclass(frozen=True)
class Figures:
    """Of one clip."""

    frames: int
    near_tracked: float
    """Fraction of the tracked frames whose tracked pose lies near the end result."""
    near_windows: float
    """The same of the windows' poses."""
    seams: list[float]
    """Step at each seam over the mean step around it."""
    cpu_ms_per_frame: float


@dataclass(frozen=True)
class Windows:
    """Settings of the node."""

    window: int
    context: int
    lag: int


def streamed(clip: TrackedClip, model: ObjectModel, windows: Windows) -> tuple[list[ObjectEstimate], list[int], float]:
    """What the windows say of the frames, where each ends, and the CPU time that smoothing took [s]."""
    smoothing = ObjectWindow(model, ObjectSolverConfig(), windows.context, windows.lag)
    out: list[ObjectEstimate] = []
    ends, begin = [], time.process_time()
    for end in range(windows.window, len(clip.records) + 1, windows.window):
        out += smoothing.newest(clip.camera, clip.records[:end], clip.estimates[:end])
        ends.append(len(out))
    return out, ends, time.process_time() - begin


def figures(clip: TrackedClip, model: ObjectModel, windows: Windows) -> Figures:
    """Compares the windows of a tracked clip with its end result."""
    arguments = model, clip.camera, clip.records, clip.estimates, clip.hand_model
    end = optimise_trajectory(*arguments, config=JointConfig(iterations=0)).trajectory
    estimates, ends, seconds = streamed(clip, model, windows)
    count = len(estimates)
    whole = end.T_camera_object[:count]
    found = end.object_state[:count] != ObjectState.LOST
    poses = np.stack([estimate.T_camera_object for estimate in estimates])
    tracked = np.stack([estimate.T_camera_object for estimate in clip.estimates[:count]])
    steps = np.linalg.norm(np.diff(transform_points(poses, model.vertices), axis=0), axis=-1).mean(1)
    seams = [_seam(steps, end - 1, found) for end in ends[:-1]]
    return Figures(
        frames=count,
        near_tracked=_near(tracked, whole, found),
        near_windows=_near(poses, whole, found),
        seams=[seam for seam in seams if np.isfinite(seam)],
        cpu_ms_per_frame=1e3 * seconds / max(count, 1),
    )


def _near(T: FloatArray, whole: FloatArray, found: BoolArray) -> float:
    near = (translation_error(T, whole) < NEAR[0]) & (rotation_error(T, whole) < NEAR[1])
    return float(near[found].mean()) if found.any() else float("nan")


def _seam(steps: FloatArray, at: int, found: BoolArray) -> float:
    """NaN where the object was lost around the seam."""
    around = np.r_[max(at - AROUND, 0) : at, at + 1 : min(at + 1 + AROUND, len(steps))]
    usable = found[max(at - AROUND, 0) : at + AROUND + 2].all()
    return float(steps[at] / steps[around].mean()) if usable else float("nan")


def main() -> int:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clips", type=Path, nargs="+", help="folders of rendered clips")
    parser.add_argument("--window", type=int, default=30, help="frames of a window")
    parser.add_argument("--context", type=int, default=15, help="frames before it that are smoothed with it")
    parser.add_argument("--lag", type=int, default=5, help="newest frames that wait for the next window")
    given = parser.parse_args()
    windows = Windows(given.window, given.context, given.lag)
    results: dict[str, Figures] = {}
    print("| clip | near the end result: tracked | windows | steps at seams | CPU ms a frame |\n|---|---|---|---|---|")
    for folder in given.clips:
        source = ClipFolder.load(folder)
        model = ObjectModel.load(source.mesh, repair=True)
        clip = track_video(source.request("predicted"), model, lambda stage, fraction, detail: None)
        one = results[folder.name] = figures(clip, model, windows)
        seams = ", ".join(f"{seam:.2f}" for seam in one.seams)
        print(
            f"| {folder.name} | {100 * one.near_tracked:.0f} % | {100 * one.near_windows:.0f} % | {seams} "
            f"| {one.cpu_ms_per_frame:.1f} |"
        )
    frames = np.array([one.frames for one in results.values()])
    share = {
        name: float(np.average([getattr(one, name) for one in results.values()], weights=frames))
        for name in ("near_tracked", "near_windows")
    }
    seams = [seam for one in results.values() for seam in one.seams]
    overall = {**share, "seam_median": float(np.median(seams)), "seam_worst": float(np.max(seams)), "seams": len(seams)}
    print("\n" + ", ".join(f"{name} {value:.3g}" for name, value in overall.items()))
    write_json(RESULT, {**asdict(windows), "overall": overall, "clips": {n: asdict(one) for n, one in results.items()}})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
