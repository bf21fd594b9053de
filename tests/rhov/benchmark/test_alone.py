"""What is measured apart from a suite, on the tiny clip."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_clip import BOX

from rhov.benchmark.alone import Alone, measure_alone
from rhov.benchmark.clip_folder import ClipFolder
from rhov.benchmark.comparison import Comparison
from rhov.benchmark.goals import goals_table
from rhov.benchmark.single_run import LOG, MEASURED, SingleRun, run_alone
from rhov.benchmark.tracking_time import track_timed
from rhov.stages import StageProgress
from rhov_core import sample_clips
from rhov_core.errors import RhovError

REPORT = {
    "frames": 455,
    "frames_lost": 0,
    "object": {"mask_iou": {"end": 0.94}, "rotation_jitter_deg": {"end": 0.08}},
    "stage_seconds": {"optimise": 41.0},
}


def test_a_run_alone_is_measured_once(clip_folder, tmp_path):
    request = replace(ClipFolder.load(clip_folder).request("predicted"), out=tmp_path / "timed", count=4)
    run = run_alone(request)
    assert run.report["frames"] == 4 and set(run.report["stage_seconds"]) >= {"track", "optimise"}
    assert 0 < sum(run.report["stage_seconds"].values()) < run.wall_seconds
    assert 50e6 < run.peak_memory < 4e9 and run.cpu_seconds > 0.5
    written = (tmp_path / "timed" / MEASURED).stat().st_mtime_ns
    assert run_alone(request) == run and (tmp_path / "timed" / MEASURED).stat().st_mtime_ns == written
    with pytest.raises(RhovError, match=r"status 2: see .*log.txt"):
        run_alone(replace(request, box=(5000, 5000, 10, 10), out=tmp_path / "broken"))
    assert "box" in (tmp_path / "broken" / LOG).read_text()


def test_the_tracker_is_timed_without_what_it_is_given(clip_folder):
    request = ClipFolder.load(clip_folder).request("predicted")
    fused, contour = (track_timed(request, BOX, only) for only in (False, True))
    for run in (fused, contour):
        assert len(run.estimates) == 5 and all(len(seconds) == 5 for seconds in run.seconds.values())
        assert run.milliseconds("track") == pytest.approx(1e3 * np.mean(run.seconds["track"][1:]))
    first, *later = (
        np.abs(a.T_camera_object - b.T_camera_object).max()
        for a, b in zip(fused.estimates, contour.estimates, strict=True)
    )
    assert first == 0 and min(later) > 0  # flow counts from the second frame on


def test_what_cannot_be_measured_is_said(clip_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "")  # no apt-get
    monkeypatch.setattr(sample_clips, "INSTALLED", tmp_path / "none")
    with StageProgress() as progress:
        alone = measure_alone([ClipFolder.load(clip_folder)], tmp_path / "out", progress)
    assert alone.timed is None and alone.real is None and alone.tracker_ms is None
    assert "No clip has 60 frames of 640x480" in alone.notes[0] and "opencv-doc is not installed" in alone.notes[1]
    verdicts = {row[0]: row[3] for row in goals_table(Comparison([]), alone).rows}
    assert set(verdicts.values()) == {"not measured"} and "real clip: frames lost" in verdicts


def test_times_pass_and_fail_by_their_numbers():
    timed = SingleRun(80.0, 90.0, 3 * 2**30, REPORT)
    alone = Alone(timed, SingleRun(100.0, 120.0, 2**30, REPORT), (11.0, 4.0), ("note",))
    table = goals_table(Comparison([]), alone)
    verdicts = {row[0].split(" [")[0]: row[3] for row in table.rows}
    assert verdicts["all stages with perception, 60 frames 640x480"] == "pass"
    assert verdicts["largest memory of the process"] == "fail"
    assert verdicts["joint stage, 60 frames"] == "fail"
    assert verdicts["tracker, contour, flow and features, without cues"] == "fail"
    assert verdicts["tracker, contour alone, without cues"] == "pass"
    assert verdicts["real clip: frames lost"] == "pass" and verdicts["real clip: median IoU"] == "fail"
    assert verdicts["real clip: rotation jitter, second difference"] == "pass"
    assert table.notes == ("note",)
