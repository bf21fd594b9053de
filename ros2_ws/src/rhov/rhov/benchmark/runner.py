"""Runs a benchmark: every clip, kind of cues and variant, with what is done already left as it is."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rhov.benchmark.clip_folder import ClipFolder
from rhov.benchmark.outcome import Outcome, is_done
from rhov.benchmark.sources import ClipSource
from rhov.benchmark.work import PER_FRAME, Measurement, Track
from rhov.benchmark.workers import LOG, call, first_finished, pool
from rhov.stages import StageProgress
from rhov_core.errors import InputError


@dataclass(frozen=True)
class Plan:
    """What is to be run."""

    sources: Sequence[ClipSource]
    variants: tuple[tuple[str, str], ...]
    """Pairs of a kind of cues and a variant."""
    out: Path
    workers: int = 2
    """Processes; 0: everything in this one."""


@dataclass(frozen=True)
class _Make:
    """Making a clip."""

    source: ClipSource
    out: Path

    def run(self) -> None:
        self.source.make(self.out / "clips", lambda fraction: None)


@dataclass
class _Queue:
    """Pieces of work that can be done now: first those whose clip is nearest to its end."""

    entries: list[tuple[int, int, _Make | Track | Measurement]] = field(default_factory=list)
    count: int = 0

    def add(self, work: _Make | Track | Measurement) -> None:
        order = 0 if isinstance(work, Measurement) else 1 if isinstance(work, Track) else 2
        heapq.heappush(self.entries, (order, self.count, work))
        self.count += 1

    def next(self) -> _Make | Track | Measurement:
        return heapq.heappop(self.entries)[2]


class _Run:
    """One run of a plan."""

    def __init__(self, plan: Plan, progress: StageProgress) -> None:
        self._plan, self._progress, self._queue = plan, progress, _Queue()
        self._done = {"clips": 0, "tracking": 0, "variants": 0}
        self._total = {"clips": len(plan.sources), "tracking": 0, "variants": 0}
        self.measured: list[Measurement] = []
        self.errors: list[str] = []

    def __call__(self) -> None:
        for source in self._plan.sources:
            self._queue.add(_Make(source, self._plan.out))
        with pool(self._plan.workers, self._plan.out / LOG) as workers:
            running: dict[Future[Any], _Make | Track | Measurement] = {}
            while running or self._queue.entries:
                while self._queue.entries and len(running) < max(1, self._plan.workers):
                    work = self._queue.next()
                    running[workers.submit(call, work.run)] = work
                for future in first_finished(set(running)):
                    self._finished(running.pop(future), future.result())
        for stage in self._done:
            self._progress.done(stage, f"{self._done[stage]}/{self._total[stage]}")

    def _finished(self, work: _Make | Track | Measurement, error: str) -> None:
        if error:
            self.errors.append(f"{_words(work)}\n{error}")
            self._progress.say(f"failed: {_words(work)}: {error.strip().splitlines()[-1]}")
        elif isinstance(work, _Make):
            self._plan_tracks(work)
        elif isinstance(work, Track):
            self._plan_measurements(work)
        else:
            self.measured.append(work)
        self._count(work)

    def _plan_tracks(self, work: _Make) -> None:
        clip = work.source.make(work.out / "clips", lambda fraction: None)
        wanted = dict.fromkeys((cues, variant == PER_FRAME) for cues, variant in self._plan.variants)
        for cues, alone in wanted:
            if not clip.offers(cues):
                continue
            track = Track(work.source, cues, alone, work.out)
            self._total["tracking"] += 1
            if track.is_done():
                self._plan_measurements(track)
                self._count(track)
            else:
                self._queue.add(track)

    def _plan_measurements(self, track: Track) -> None:
        for cues, variant in self._plan.variants:
            if cues != track.cues or (variant == PER_FRAME) != track.alone:
                continue
            work = Measurement(track, variant)
            self._total["variants"] += 1
            if is_done(work.folder, work.key):
                self.measured.append(work)
                self._count(work)
            else:
                self._queue.add(work)

    def _count(self, work: _Make | Track | Measurement) -> None:
        stage = "clips" if isinstance(work, _Make) else "tracking" if isinstance(work, Track) else "variants"
        self._done[stage] += 1
        done, total = self._done[stage], self._total[stage]
        self._progress.update(stage, done / total, f"{done}/{total} {_words(work)}")


def run_plan(plan: Plan, progress: StageProgress) -> tuple[list[Outcome], list[str]]:
    """Runs a plan; pieces that are done already with the same input and code are not done again.

    Args:
        plan: What is to be run.
        progress: Shows it.

    Returns:
        The outcomes in the order of the plan, and what went wrong unexpectedly.

    Raises:
        InputError: If there is no clip.
    """
    if not plan.sources:
        raise InputError("there is no clip to run", "at least one", "choose another split or folder")
    run = _Run(plan, progress)
    run()
    place = {source.name: i for i, source in enumerate(plan.sources)}
    variants = {pair: i for i, pair in enumerate(plan.variants)}
    order = sorted(run.measured, key=lambda m: (place[m.track.source.name], variants[m.track.cues, m.variant]))
    return [Outcome.load(work.folder) for work in order], run.errors


def clip_folder(plan: Plan, name: str) -> ClipFolder:
    """The folder of a clip of a plan that was run."""
    source = next(source for source in plan.sources if source.name == name)
    return source.make(plan.out / "clips", lambda fraction: None)


def result_folder(plan: Plan, name: str, cues: str, variant: str) -> Path:
    """The folder of an outcome of a plan that was run."""
    source = next(source for source in plan.sources if source.name == name)
    return Measurement(Track(source, cues, variant == PER_FRAME, plan.out), variant).folder


def _words(work: _Make | Track | Measurement) -> str:
    if isinstance(work, _Make):
        return work.source.name
    track = work if isinstance(work, Track) else work.track
    last = work.variant if isinstance(work, Measurement) else PER_FRAME if track.alone else ""
    return " ".join(word for word in (track.source.name, track.cues, last) if word)
