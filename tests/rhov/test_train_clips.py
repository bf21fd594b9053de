"""Many clips are trained by one command: in processes of their own, again without repeating, and failures are told."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from rhov.cli import main
from rhov.train_clips import command_of, read_clips
from rhov.training_process import LOG
from rhov_core.errors import InputError
from rhov_core.files import read_json
from rhov_core.object_model import ObjectModel
from rhov_core.pose import exp_rotation, make_transform
from rhov_core.trajectory import HandObjectTrajectory

SHORT = ["--rounds", "1", "--environments", "2", "--tasks", "1", "--held-out", "1"]
FRAMES = 20


def trajectory():
    s = np.linspace(0, 1, FRAMES)[:, None]
    upright = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    turned = exp_rotation(s * np.array([0.0, 0.2, 0.0])) @ upright
    return HandObjectTrajectory.without_hand(
        "box",
        np.arange(FRAMES) / 30,
        make_transform(turned, np.array([0.0, 0.05, 0.7]) + s * np.array([0.05, -0.05, 0.0])),
        np.array([[600.0, 0, 320], [0, 600, 240], [0, 0, 1]]),
        (640, 480),
        np.diag([1e-6] * 3 + [1e-5] * 3),
    )


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A list of a clip that can be learned and one that is damaged."""
    folder = tmp_path_factory.mktemp("clips")
    ObjectModel.box((0.04, 0.06, 0.1)).save(folder / "box.obj")
    entries = []
    for name in ("near", "torn"):
        (folder / name).mkdir()
        trajectory().save(folder / name / "trajectory.npz")
        entries.append({"trajectory": name, "mesh": "box.obj"})
    (folder / "torn" / "trajectory.npz").write_bytes(b"torn")
    path = folder / "clips.yaml"
    path.write_text(yaml.safe_dump(entries))
    return path


@pytest.mark.slow
def test_all_are_trained_and_what_fails_is_told(clips, tmp_path, capsys):
    out = tmp_path / "policies"
    command = ["train-clips", str(clips), "--jobs", "2", "--out", str(out), *SHORT]
    assert main(command) == 1
    captured = capsys.readouterr()
    assert "1 of 2 clips were not trained (torn)" in captured.err
    assert (out / "near" / "policy.onnx").is_file() and not (out / "torn" / "policy.onnx").exists()
    report = read_json(out / "report.json")["clips"]
    assert report["near"]["held_out"]["episodes"] > 0
    assert report["torn"]["said"] in (out / "torn" / LOG).read_text()
    before = (out / "near" / "policy.onnx").stat().st_mtime_ns
    assert main(command) == 1
    assert (out / "near" / "policy.onnx").stat().st_mtime_ns == before


@pytest.mark.slow
def test_a_ray_cluster_does_the_same(clips, tmp_path, capsys, monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.chdir(tmp_path)
    assert main(["train-clips", str(clips), "--ray", "local", "--jobs", "1", "--out", "policies", *SHORT]) == 1
    assert "1 of 2 clips were not trained (torn)" in capsys.readouterr().err
    out = tmp_path / "policies"
    assert (out / "near" / "policy.onnx").is_file() and not (out / "torn" / "policy.onnx").exists()
    report = read_json(out / "report.json")["clips"]
    assert report["near"]["held_out"]["episodes"] > 0
    assert report["torn"]["said"] in (out / "torn" / LOG).read_text()


def test_a_cluster_that_is_not_there_is_told(clips, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["train-clips", str(clips), "--ray", "auto", "--out", str(tmp_path / "policies")]) == 1
    told = capsys.readouterr().err
    assert "pip install ray" in told and len(told.strip().splitlines()) == 1


def test_the_command_holds_in_other_folders(clips, monkeypatch):
    monkeypatch.chdir(clips.parent)
    relative = read_clips(Path(clips.name))[0]
    assert not relative.mesh.is_absolute()
    command = command_of(relative, ["--rounds", "3"])
    assert command[:3] == [str(clips.parent / "near"), "--mesh", str(clips.parent / "box.obj")]
    assert command[-2:] == ["--rounds", "3"] and "--placement" not in command


@pytest.mark.slow
def test_an_interrupt_ends_all_processes(clips, tmp_path):
    out = tmp_path / "policies"
    command = [sys.executable, "-m", "rhov", "train-clips", str(clips), "--jobs", "1", "--out", str(out)]
    process = subprocess.Popen([*command, "--rounds", "50"], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (out / "near" / "settings.json").is_file() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=40)
    assert process.returncode == 130 and "Traceback" not in told
    log = (out / "near" / LOG).read_text()
    size = len(log)
    time.sleep(0.5)
    assert len((out / "near" / LOG).read_text()) == size
    assert not (out / "torn").exists() or not (out / "torn" / LOG).read_text()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[]", "no entries"),
        ("{", "cannot be read"),
        ("- {mesh: box.obj}", "entry 1"),
        ("- {trajectory: none, mesh: box.obj}", "missing"),
        ("- {trajectory: near, mesh: box.obj, speed: 2}", "speed"),
        ("- {trajectory: near, mesh: box.obj}\n- {trajectory: near, mesh: box.obj}", "near twice"),
        ("- {trajectory: near, mesh: box.obj, name: ../x}", "slashes"),
    ],
)
def test_bad_lists_are_refused(content, words, clips):
    path = clips.parent / "bad.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match=words):
        read_clips(path)


def test_names_are_those_of_the_folders(clips):
    near, torn = read_clips(clips)
    assert (near.name, torn.name) == ("near", "torn")
    assert near.mesh == clips.parent / "box.obj" and near.placement is None
