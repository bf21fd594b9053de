"""A reconstruction that is killed or interrupted goes on where it was, with the same result to the last bit."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from rhov import interrupted_run
from rhov.cli import INTERRUPTED, main
from rhov.clip_tracker import ClipTracker
from rhov.interrupted_run import InterruptedRun
from rhov.request import ReconstructRequest
from rhov.snapshot import from_bytes, to_bytes
from rhov_core.camera import Camera
from rhov_core.files import read_json
from rhov_core.mesh.surface_colors import SurfaceColors
from rhov_core.object_model import ObjectModel
from rhov_core.synth import ClipSpec, synthesize
from rhov_core.video import VideoReader

FRAMES, STOPPED = 8, 5
CHILD = f"""
import signal, sys
from rhov import interrupted_run
from rhov.cli import main
from rhov.clip_tracker import ClipTracker
interrupted_run.SECONDS_BETWEEN, interrupted_run.SHARE = 0.0, 1e9  # a snapshot after every frame
step = ClipTracker.step
def stopping(self, frame):
    if frame.frame_index == {STOPPED}:
        print("here", flush=True)
        signal.pause()
    step(self, frame)
ClipTracker.step = stopping
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Hand and object are seen in all frames."""
    return synthesize(
        ClipSpec("egg", 107, action="turn", frames=FRAMES, occlusion=(0.4, 0.6)), tmp_path_factory.mktemp("clip")
    )


def command(clip, out):
    given = {"--mesh": clip.mesh, "--camera": clip.camera, "--box": ",".join(map(str, clip.box)), "--out": out}
    return ["reconstruct", str(clip.video), *(str(word) for pair in given.items() for word in pair)]


def request_of(clip, out):
    return ReconstructRequest(clip.video, clip.mesh, out, camera_file=clip.camera, box=tuple(clip.box))


@pytest.fixture(scope="module")
def unbroken(clip, tmp_path_factory):
    out = tmp_path_factory.mktemp("unbroken")
    assert main(command(clip, out)) == 0
    assert not (out / "partial").exists()
    return out


def stopped_by(kind, clip, out):
    """Sends a signal to a process that has tracked `STOPPED` frames; its status and what it said."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, *command(clip, out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    while (line := process.stdout.readline()) != "here\n":
        assert line, process.communicate()
    os.kill(process.pid, kind)
    said, complained = process.communicate(timeout=60)
    return process.returncode, said + complained


def must_be_equal(one, other):
    a, b = np.load(one / "trajectory.npz"), np.load(other / "trajectory.npz")
    assert a.files == b.files
    for name in a.files:
        assert a[name].tobytes() == b[name].tobytes(), name
    first, second = read_json(one / "report.json"), read_json(other / "report.json")
    for name in ("object", "size", "terms", "per_frame", "notes"):
        assert first[name] == second[name], name


def test_a_killed_run_goes_on_where_it_was(clip, unbroken, tmp_path, capfd):
    status, _ = stopped_by(signal.SIGKILL, clip, tmp_path)
    assert status == -signal.SIGKILL and not (tmp_path / "trajectory.npz").exists()
    assert main(command(clip, tmp_path)) == 0
    assert f"{STOPPED} tracked frames are taken over from a run that was interrupted" in capfd.readouterr().out
    assert read_json(tmp_path / "report.json")["frames_taken_over"] == STOPPED
    assert read_json(unbroken / "report.json")["frames_taken_over"] == 0
    hands = np.load(tmp_path / "trajectory.npz")["hand_valid"]
    assert hands[STOPPED - 1 : STOPPED + 1].all()  # so the detector's memory mattered
    must_be_equal(unbroken, tmp_path)
    assert not (tmp_path / "partial").exists()


def test_an_interrupted_run_says_how_to_go_on_and_can_be_begun_anew(clip, unbroken, tmp_path):
    status, said = stopped_by(signal.SIGINT, clip, tmp_path)
    assert status == INTERRUPTED and "Traceback" not in said
    assert f"repeat the same command to go on after frame {STOPPED}" in said
    assert main([*command(clip, tmp_path), "--fresh"]) == 0
    assert read_json(tmp_path / "report.json")["frames_taken_over"] == 0
    must_be_equal(unbroken, tmp_path)


@pytest.fixture
def kept(clip, tmp_path):
    """A request of which two frames were tracked, and a new tracker for it."""
    request, model = request_of(clip, tmp_path), ObjectModel.load(clip.mesh)
    camera = Camera.load(clip.camera)
    tracker = ClipTracker(request, model, camera)
    for frame in VideoReader(clip.video, 0, 2):
        tracker.step(frame)
    InterruptedRun(request).keep(tracker, now=True)
    return request, ClipTracker(request, model, camera)


def test_only_the_same_run_is_taken_over(kept, monkeypatch):
    request, tracker = kept
    assert InterruptedRun(replace(request, count=7)).resume(tracker) is tracker
    x, y, w, h = request.box
    assert InterruptedRun(replace(request, box=(x, y, w, h + 1))).resume(tracker) is tracker
    monkeypatch.setattr(interrupted_run, "sources_digest", lambda *_: "other code")
    assert InterruptedRun(request).resume(tracker) is tracker
    monkeypatch.undo()
    assert len(InterruptedRun(request).resume(tracker).clip.estimates) == 2


def test_a_damaged_snapshot_is_not_taken_over(kept):
    request, tracker = kept
    file = request.out / "partial" / "tracking.snapshot"
    file.write_bytes(file.read_bytes()[:-100])
    run = InterruptedRun(request)
    assert run.resume(tracker) is tracker and run.frames_taken_over == 0 and "cannot be read" in run.remark


def test_a_snapshot_makes_nothing_but_objects_of_the_project():
    class Harmful:
        def __reduce__(self):
            return os.system, ("true",)

    data = to_bytes(Harmful(), {})
    with pytest.raises(Exception, match=r"asks for 'posix\.system'"):
        from_bytes(data, {})
    part = object()
    assert from_bytes(to_bytes([part, 1], {"part": part}), {"part": "other"}) == ["other", 1]


def test_other_colors_are_another_input(clip, tmp_path):
    shutil.copy(clip.mesh, tmp_path / "object.obj")
    (tmp_path / "object.yaml").write_text("colors: print.ply\n")
    request, keys = replace(request_of(clip, tmp_path / "out"), mesh=tmp_path / "object.obj"), []
    for red in (200, 200, 100):
        colors = np.array([[red, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
        SurfaceColors(np.eye(3), colors).save(tmp_path / "print.ply")
        keys.append(interrupted_run._key(request))
    assert keys[0] == keys[1] != keys[2]
