"""The pieces of work of the benchmark: make a clip, track it, optimise and measure it. They run in worker processes.

Each piece leaves its result in the benchmark's folder together with a key that names everything it depends on, so that
work is done once: the key of a piece holds the key of the piece before it and the source code that it runs.
"""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rhov.benchmark.clip_folder import CUES, ClipFolder
from rhov.benchmark.code_version import digest, sources_digest
from rhov.benchmark.outcome import Outcome
from rhov.benchmark.per_frame import reconstruct_each_frame
from rhov.benchmark.sources import ClipSource, folder_name
from rhov.benchmark.tracks_file import load_tracks, save_tracks
from rhov.evaluate import all_figures
from rhov.evaluation_input import Matched, hand_model_of
from rhov.evaluation_series import error_series
from rhov.reconstruct import track_video
from rhov.tracked_clip import TrackedClip
from rhov_core.errors import InputError
from rhov_core.files import read_json, write_json
from rhov_core.object_model import ObjectModel
from rhov_core.trajectory import HandObjectTrajectory
from rhov_optimizer.joint import optimise_trajectory
from rhov_optimizer.variants import Variant, variant

PER_FRAME = "per_frame"
"""The variant that is tracked in a way of its own."""
_TRACKING = (
    "rhov_core",
    "rhov_perception",
    "rhov_optimizer",
    "rhov.clip_tracker",
    "rhov.tracked_clip",
    "rhov.reconstruct",
    "rhov.benchmark.per_frame",
)
_JOINT = ("rhov_optimizer.joint", "rhov_optimizer.variants")
_MEASURING = (
    "rhov.evaluate",
    "rhov.evaluation_object",
    "rhov.evaluation_hand",
    "rhov.evaluation_input",
    "rhov.evaluation_series",
    "rhov.benchmark.work",
)


@dataclass(frozen=True)
class Track:
    """A clip that is tracked with one kind of cues, frame by frame alone or along the video."""

    source: ClipSource
    cues: str
    alone: bool
    out: Path

    @property
    def key(self) -> str:
        """Names everything that the records depend on."""
        code = sources_digest(_TRACKING, (*_JOINT, "rhov_core.synth", "rhov_core.datasets", "rhov_core.metrics"))
        return digest([self.source.key, self.cues, CUES[self.cues], self.alone, code])

    @property
    def path(self) -> Path:
        """Of the records; a file of the same name that ends in .json says how it went."""
        return self.out / "tracks" / folder_name(self.source) / f"{self.cues}{'-per_frame' if self.alone else ''}.pkl"

    def is_done(self) -> bool:
        """Whether the records are there."""
        about = self.path.with_suffix(".json")
        return about.is_file() and read_json(about).get("key") == self.key

    def run(self) -> None:
        """Tracks the clip and keeps the records; a clip that cannot be tracked keeps the reason."""
        clip = self.source.make(self.out / "clips", lambda fraction: None)
        model, begin, wall = ObjectModel.load(clip.mesh, repair=True), time.process_time(), time.monotonic()
        failed, tracked = "", None
        try:
            request = clip.request(self.cues)
            follow = reconstruct_each_frame if self.alone else _follow
            tracked = follow(request, model)
        except InputError as error:
            failed = str(error)
        seconds = {"cpu": time.process_time() - begin, "wall": time.monotonic() - wall}
        save_tracks(self.path, tracked)
        write_json(self.path.with_suffix(".json"), {"key": self.key, "seconds": seconds, "failed": failed})


@dataclass(frozen=True)
class Measurement:
    """A tracked clip that is optimised in one variant and measured."""

    track: Track
    variant: str

    @property
    def key(self) -> str:
        """Names everything that the outcome depends on."""
        chosen = variant(self.variant)
        return digest([self.track.key, chosen.settings(), sources_digest((*_JOINT, "rhov_core.metrics", *_MEASURING))])

    @property
    def folder(self) -> Path:
        """Of trajectory.npz, series.npz and result.json."""
        return self.track.out / "results" / folder_name(self.track.source) / self.track.cues / self.variant

    def run(self) -> None:
        """Optimises, measures and keeps the outcome."""
        track = self.track
        clip, about = track.source.make(track.out / "clips", lambda _: None), read_json(track.path.with_suffix(".json"))
        tracked = load_tracks(track.path)
        truth = clip.truth()
        seconds = {"track": about["seconds"]["cpu"], "wall": about["seconds"]["wall"]}
        failed, trajectory = about["failed"], None
        if tracked is not None:
            try:
                trajectory = _optimised(
                    tracked, ObjectModel.load(clip.mesh, repair=True), variant(self.variant), seconds
                )
            except InputError as error:
                failed = str(error)
        estimate = _nothing_found(truth.trajectory) if trajectory is None else trajectory
        estimate.save(self.folder / "trajectory.npz")
        matched = Matched.of(estimate, clip.used_part_of(truth))
        begin = time.process_time()
        figures = {f"{f.group}: {f.name}": f.value for f in all_figures(matched, hand_model_of(estimate, None))}
        recall = next((value for name, value in figures.items() if name.startswith("object: AR, ")), float("nan"))
        series = error_series(matched)
        seconds["measure"] = time.process_time() - begin
        outcome = Outcome(
            clip=track.source.name,
            cues=track.cues,
            variant=self.variant,
            figures={
                **figures,
                "object: AR": recall,
                "run: peak memory": 1024.0 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            },
            seconds=seconds,
            frames=len(matched.row),
            series=series,
            about=_described(clip),
            failed=failed,
        )
        outcome.save(self.folder, self.key)


def _follow(request: Any, model: ObjectModel) -> TrackedClip:
    return track_video(request, model, lambda stage, fraction, detail: None)


def _optimised(
    tracked: TrackedClip, model: ObjectModel, chosen: Variant, seconds: dict[str, float]
) -> HandObjectTrajectory:
    """The joint stage; adds its CPU seconds."""
    begin, wall = time.process_time(), time.monotonic()
    result = optimise_trajectory(
        model, tracked.camera, tracked.records, tracked.estimates, tracked.hand_model, **chosen.settings()
    )
    seconds["optimise"] = time.process_time() - begin
    seconds["wall"] += time.monotonic() - wall
    seconds |= {f"optimise {name}, wall": value for name, value in result.report["seconds"].items()}
    return result.trajectory


def _nothing_found(truth: HandObjectTrajectory) -> HandObjectTrajectory:
    """The result of a clip without result: every frame is lost."""
    n = len(truth)
    return replace(
        truth,
        T_camera_object=np.tile(np.eye(4), (n, 1, 1)),
        object_state=np.zeros(n, np.int64),
        hand_joints=np.zeros((n, 21, 3)),
        hand_valid=np.zeros(n, np.bool_),
    )


def _described(clip: ClipFolder) -> dict[str, Any]:
    """What clip.json says that helps to understand the figures."""
    about = clip.about
    spec = about.get("spec", {})
    out = {name: spec.get(name, about.get(name)) for name in ("object", "action", "seed", "split")}
    if isinstance(occlusion := about.get("occlusion"), list) and occlusion:
        out["occlusion"] = float(np.mean([value for value in occlusion if value is not None]))
    return {name: value for name, value in out.items() if value is not None}
