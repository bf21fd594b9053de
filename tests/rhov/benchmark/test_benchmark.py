"""The whole way on a tiny clip."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from rhov.benchmark.command import Options, run_benchmark
from rhov.benchmark.outcome import Outcome
from rhov.cli import main
from rhov_core.errors import RhovError

RUNS = {("predicted", "joint"), ("predicted", "independent"), ("predicted", "per_frame"), ("oracle_masks", "joint")}
TIMEOUT = 120


def results(out):
    return {tuple(path.parts[-3:-1]): path for path in sorted(out.glob("results/*/*/*/result.json"))}


@pytest.fixture(scope="module")
def run_once(clip_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("benchmark")
    lines = list(run_benchmark(Options(quick=True, folders=(clip_folder,), workers=0, out=out)))
    return out, lines


def test_a_box_without_a_hand_is_followed_and_measured(run_once):
    out, lines = run_once
    outcomes = {key: Outcome.load(path.parent) for key, path in results(out).items()}
    assert set(outcomes) == RUNS
    oracle = outcomes["oracle_masks", "joint"]
    assert oracle.figure("object: frames lost") == 0 and oracle.frames == 5
    assert oracle.figure("object: rotation error, symmetric, median") < np.radians(3)
    assert oracle.figure("object: chamfer, translation aligned") < 0.004
    assert oracle.about == {"object": "box", "action": "turn", "occlusion": pytest.approx(0.25)}
    assert oracle.seconds["track"] > 0 and oracle.seconds["optimise"] > 0
    assert np.isfinite(oracle.series["add_s"]).all()
    text = lines[0]
    assert "Table 1. Hand and object" in text and "| turning | 25 | 5 |" in text and "### How good, how fast" in text
    assert text == (out / "report.md").read_text()
    names = {path.name for path in (out / "plots").iterdir()}
    assert names == {"errors_1.png", "success.png", "ablations.png", "worst_1.png"}


def test_per_frame_knows_no_other_frame(run_once, clip_folder):
    out, _ = run_once
    import pickle

    tracked = pickle.loads(next(out.glob("tracks/*/predicted-per_frame.pkl")).read_bytes())
    assert len(tracked.records) == 5
    assert not any(len(r.flow_source) or len(r.match_target) for r in tracked.records)
    along = pickle.loads(next(out.glob("tracks/*/predicted.pkl")).read_bytes())
    assert any(len(r.flow_source) for r in along.records)


def test_what_is_done_is_not_done_again_unless_its_input_changes(run_once, clip_folder, tmp_path):
    out, first = run_once
    times = {key: path.stat().st_mtime_ns for key, path in results(out).items()}
    again = list(run_benchmark(Options(quick=True, folders=(clip_folder,), workers=0, out=out)))
    assert {key: path.stat().st_mtime_ns for key, path in results(out).items()} == times
    assert [line for line in first[0].splitlines() if "This run took" not in line] == [
        line for line in again[0].splitlines() if "This run took" not in line
    ]
    damaged = results(out)["oracle_masks", "joint"]
    content = json.loads(damaged.read_text())
    damaged.write_text(json.dumps({**content, "key": "of other code"}))
    list(run_benchmark(Options(quick=True, folders=(clip_folder,), workers=0, out=out)))
    changed = {key for key, path in results(out).items() if path.stat().st_mtime_ns != times[key]}
    assert changed == {("oracle_masks", "joint")}
    assert Outcome.load(damaged.parent).figures["object: ADD-S"] == content["figures"]["object: ADD-S"]


def start(clip_folder, out):
    command = [sys.executable, "-m", "rhov", "benchmark", "reconstruction", "--quick", "--workers", "1"]
    command += ["--folder", str(clip_folder), "--out", str(out)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until(condition, process):
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "took too long"
        time.sleep(0.02)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="looks for processes in /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_run_goes_on_where_it_was(run_once, clip_folder, tmp_path, number):
    process = start(clip_folder, tmp_path)
    wait_until(lambda: results(tmp_path), process)
    workers = children(process.pid)
    process.send_signal(number)
    output, errors = process.communicate(timeout=TIMEOUT)
    assert process.returncode == (130 if number == signal.SIGINT else -number), (output, errors)
    if number == signal.SIGINT:
        assert errors.strip().splitlines()[-1] == "rhov: interrupted" and "Traceback" not in errors
    end = time.monotonic() + 10
    while any(is_alive(worker) for worker in workers):
        assert time.monotonic() < end, "a worker lives on"
        time.sleep(0.05)
    done = {key: path.stat().st_mtime_ns for key, path in results(tmp_path).items()}
    assert 0 < len(done) < len(RUNS)
    list(run_benchmark(Options(quick=True, folders=(clip_folder,), workers=0, out=tmp_path)))
    found = results(tmp_path)
    assert set(found) == RUNS
    assert {key: found[key].stat().st_mtime_ns for key in done} == done
    uninterrupted = results(run_once[0])
    for key, path in found.items():  # the same numbers in other processes, with a stop in between
        ours, other = (Outcome.load(p.parent).figures for p in (path, uninterrupted[key]))
        assert {k: v for k, v in ours.items() if not k.startswith("run:")} == pytest.approx(
            {k: v for k, v in other.items() if not k.startswith("run:")}, rel=1e-9, nan_ok=True
        ), key


def test_a_data_set_is_measured(ho3d_root, tmp_path, capsys):
    arguments = ["benchmark", "reconstruction", "--quick", "--dataset", "ho3d", "--root", str(ho3d_root)]
    assert main([*arguments, "--split", "train", "--workers", "0", "--out", str(tmp_path)]) == 0
    assert "ho3d train: 1 clips, 4 frames." in capsys.readouterr().out
    outcomes = {key: Outcome.load(path.parent) for key, path in results(tmp_path).items()}
    assert set(outcomes) == RUNS
    assert outcomes["oracle_masks", "joint"].figure("object: chamfer, translation aligned") < 0.004


def test_a_clip_that_cannot_be_tracked_counts_as_lost(clip_folder, tmp_path):
    import shutil

    bad = shutil.copytree(clip_folder, tmp_path / "bad", ignore=shutil.ignore_patterns("oracle"))
    about = json.loads((bad / "clip.json").read_text())
    (bad / "clip.json").write_text(json.dumps({**about, "box": [5, 5, 2, 2]}))
    shutil.rmtree(bad / "truth" / "cues")
    text = next(iter(run_benchmark(Options(quick=True, folders=(bad,), workers=0, out=tmp_path / "out"))))
    assert "| bad | 25 | 5 | - | - | - | - | 100.0 | - |" in text and "box" in text
    assert "| average recall [%] | nearest symmetry | 0.00 [0.00, 0.00] |" in text


def test_broken_work_is_told_and_the_rest_is_measured(clip_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("rhov.benchmark.work.reconstruct_each_frame", lambda *a: 1 / 0)
    out = tmp_path / "out"
    lines = run_benchmark(Options(quick=True, folders=(clip_folder,), workers=0, out=out))
    assert "1 pieces of work broke down" in next(lines)
    with pytest.raises(RhovError, match=r"(?s)per_frame.*ZeroDivisionError"):
        list(lines)
    assert set(results(out)) == RUNS - {("predicted", "per_frame")}


def test_bad_arguments_are_one_sentence(tmp_path, capsys):
    given = ["benchmark", "reconstruction", "--out", str(tmp_path)]
    assert main([*given, "--dataset", "ho3d"]) == 2
    assert "give --root" in capsys.readouterr().err
    assert main([*given, "--folder", str(tmp_path)]) == 2
    assert "clip.json" in capsys.readouterr().err
    assert main([*given, "--folder", str(tmp_path / "a"), "--folder", str(tmp_path / "b" / "a")]) == 2
    assert "there are 2 clips 'a'" in capsys.readouterr().err
