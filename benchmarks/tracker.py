"""Tracks the box of the sample clip and reports lost frames, overlap, jitter and CPU time per frame on one thread.

The tracker's time is given without the cues and without segmenting again, which are listed beside it. Prints a Markdown
table and writes benchmarks/results/tracker.json.

    python benchmarks/tracker.py [--frames 455] [--video box.mp4]
"""

from __future__ import annotations

import argparse
import os
import platform
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive", NUMBA_NUM_THREADS="1", GLOG_minloglevel="3")

import cv2
import numpy as np

from rhov.benchmark.tracking_time import TimedTracking, track_timed
from rhov.request import ReconstructRequest
from rhov_core.files import write_json
from rhov_core.metrics.temporal import rotation_jitter, translation_jitter
from rhov_core.object_model import ObjectModel
from rhov_core.sample_clips import sample_clip
from rhov_core.trajectory import ObjectState

RESULT = Path(__file__).parent / "results" / "tracker.json"
FOCAL = 628.0
SIZE = (0.258, 0.189, 0.075)
BOX = (290, 4, 312, 246)
GOAL_MS = 60.0


def track(video: Path, frames: int) -> TimedTracking:
    """Tracks the first frames of the clip."""
    request = ReconstructRequest(video, Path("box.obj"), Path("out"), focal=FOCAL, box=BOX, count=frames)
    return track_timed(request, ObjectModel.box(SIZE, "box"))


def figures(run: TimedTracking) -> dict[str, Any]:
    """The figures of a run."""
    T = np.stack([e.T_camera_object for e in run.estimates])
    iou = [e.mask_iou for e in run.estimates]
    later = {name: 1e3 * np.array(seconds[1:]) for name, seconds in run.seconds.items()}
    return {
        "frames": len(T),
        "frames_lost": sum(e.state == ObjectState.LOST for e in run.estimates),
        "mask_iou_median": float(np.nanmedian(iou)),
        "mask_iou_lowest": float(np.nanmin(iou)),
        "rotation_jitter_deg": float(np.degrees(np.median(rotation_jitter(T[:, :3, :3])))),
        "translation_jitter_mm": 1e3 * float(np.median(translation_jitter(T[:, :3, 3]))),
        "first_pose_cpu_s": run.seconds["track"][0] + run.seconds["segment"][0],
        "cpu_ms_per_frame": {
            name: {"mean": float(ms.mean()), "p95": float(np.percentile(ms, 95))} for name, ms in later.items()
        },
    }


def main() -> int:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--frames", type=int, default=455, help="how many frames of the clip")
    parser.add_argument("--video", type=Path, help="the clip; default: the sample clip, fetched if need be")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    video = given.video or sample_clip("box")
    track(video, 3)  # compiles what is compiled on first use
    result = figures(track(video, given.frames))
    first = result["first_pose_cpu_s"]
    print(f"{result['frames']} frames, {result['frames_lost']} lost, first pose in {first:.2f} CPU s\n")
    print("| overlap with the mask, median (lowest) | jitter, median second difference |")
    print("|---|---|")
    print(
        f"| {result['mask_iou_median']:.3f} ({result['mask_iou_lowest']:.3f}) "
        f"| {result['rotation_jitter_deg']:.3f} deg, {result['translation_jitter_mm']:.2f} mm |\n"
    )
    names = {"track": "tracking", "segment": "segmenting again", "cues": "object cues", "hand": "hand"}
    print("| CPU ms per frame | mean | 95th percentile |")
    print("|---|---|---|")
    for name, words in names.items():
        row = result["cpu_ms_per_frame"][name]
        print(f"| {words} | {row['mean']:.1f} | {row['p95']:.1f} |")
    reached = result["cpu_ms_per_frame"]["track"]["mean"]
    print(f"\nGoal for tracking: {GOAL_MS:g} ms, {'met' if reached <= GOAL_MS else 'missed'} with {reached:.1f} ms.")
    write_json(RESULT, {"goal_ms": GOAL_MS, "machine": platform.machine(), **result})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
