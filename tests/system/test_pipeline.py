"""The whole chain: the library against the truth, the node graph against the library, and nodes that are killed."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from rosbags.rosbag2 import Reader

from rhov.reconstruct import reconstruct_to_directory
from rhov.request import ReconstructRequest
from rhov_core.files import read_json
from rhov_core.metrics import rotation_error_symmetric, translation_error
from rhov_core.object_model import ObjectModel
from rhov_core.trajectory import HandObjectTrajectory
from rhov_core.video import VideoReader

pytestmark = pytest.mark.system


def pipeline_command(clip, out, *more):
    arguments = {
        "video": clip.video,
        "mesh": clip.mesh,
        "camera": clip.camera,
        "box": ",".join(map(str, clip.box)),
        "out": out,
        "imitate": "false",
    }
    return [sys.executable, "-m", "rhov", "pipeline", *(f"{k}:={v}" for k, v in arguments.items()), *more]


@pytest.fixture(scope="module")
def by_library(rendered_clip, tmp_path_factory):
    out = tmp_path_factory.mktemp("library")
    request = ReconstructRequest(
        rendered_clip.video, rendered_clip.mesh, out, camera_file=rendered_clip.camera, box=rendered_clip.box
    )
    return out, list(reconstruct_to_directory(request))


@pytest.fixture(scope="module")
def by_nodes(rendered_clip, tmp_path_factory):
    out = tmp_path_factory.mktemp("nodes")
    done = subprocess.run(
        pipeline_command(rendered_clip, out), capture_output=True, text=True, timeout=600, check=False
    )
    logs = "\n".join(f"{p.name}: {p.read_text()[-500:]}" for p in (out / "logs").glob("*.log"))
    assert done.returncode == 0, done.stdout + done.stderr + logs
    return out, done.stdout


def test_the_library_finds_the_truth(by_library, rendered_clip):
    out, lines = by_library
    found, truth = (HandObjectTrajectory.load(p) for p in (out / "trajectory.npz", rendered_clip.truth))
    assert found.frame_index.tolist() == truth.frame_index.tolist()
    assert found.frames_lost == 0
    symmetries = ObjectModel.load(rendered_clip.mesh).symmetries
    angle = np.degrees(rotation_error_symmetric(found.T_camera_object, truth.T_camera_object, symmetries))
    assert np.median(angle) < 6  # a small object; wrong faces would show as 90
    assert np.median(translation_error(found.T_camera_object, truth.T_camera_object)) < 0.01
    assert any("results are in" in line for line in lines)


def test_the_library_leaves_everything_that_it_promises(by_library):
    out, _ = by_library
    for name in ("object.tum", "hand.csv", "camera.yaml", "plots/object_motion.png", "plots/quality.png"):
        assert (out / name).stat().st_size > 100, name
    assert sum(1 for _ in VideoReader(out / "overlay.mp4")) == len(HandObjectTrajectory.load(out / "trajectory.npz"))
    report = read_json(out / "report.json")
    assert report["frames_lost"] == 0
    assert report["object"]["mask_iou"]["end"] > 0.9
    assert set(report["stage_seconds"]) == {"track", "optimise", "overlay and plots"}


def test_the_nodes_give_the_same_poses_as_the_library(by_library, by_nodes):
    library, nodes = (HandObjectTrajectory.load(out / "trajectory.npz") for out, _ in (by_library, by_nodes))
    assert nodes.frame_index.tolist() == library.frame_index.tolist()
    same = np.eye(4)[None]
    assert np.degrees(rotation_error_symmetric(nodes.T_camera_object, library.T_camera_object, same)).max() <= 0.2
    assert translation_error(nodes.T_camera_object, library.T_camera_object).max() <= 0.001
    assert np.diff(nodes.stamp) == pytest.approx(np.diff(library.stamp), abs=1e-5)


def test_the_nodes_leave_a_bag_and_a_report(by_nodes):
    out, printed = by_nodes
    with Reader(out / "bag") as bag:
        counts = {connection.topic: connection.msgcount for connection in bag.connections}
    frames = len(HandObjectTrajectory.load(out / "trajectory.npz"))
    for topic in ("object_estimate", "object_cues", "hand"):
        assert counts[f"/rhov/{topic}"] == frames, topic
    report = read_json(out / "report.json")
    assert report["wall_seconds"] > 0 and report["peak_memory_byte"] > 1e8
    assert f"{frames} frames, 0 lost" in printed


def children(pid):
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if path.read_text().rsplit(")", 1)[1].split()[1] == str(pid):
                yield int(path.parent.name)


def node_pid(supervisor, name):
    for pid in children(supervisor):
        with contextlib.suppress(OSError):
            if f".nodes.{name}".encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
    return None


def wait_for(condition, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.2)
    raise AssertionError("it did not happen in time")


@pytest.mark.parametrize("victim", ["hand_estimator", "trajectory_optimizer", "coordinator"])
def test_a_killed_node_is_reported_and_what_there_was_is_kept(rendered_clip, tmp_path, victim):
    run = subprocess.Popen(
        pipeline_command(rendered_clip, tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        bag = tmp_path / "bag" / "bag.mcap"
        # the bag is written in chunks: the first one means that some frames were estimated
        wait_for(lambda: bag.exists() and bag.stat().st_size > 30_000, 120)
        os.kill(wait_for(lambda: node_pid(run.pid, victim), 5), signal.SIGKILL)
        _, said = run.communicate(timeout=60)
    finally:
        run.kill()
    assert run.returncode not in (0, None)
    assert victim in said and "signal 9" in said
    with Reader(tmp_path / "bag") as kept:
        estimates = next(c.msgcount for c in kept.connections if c.topic == "/rhov/object_estimate")
    assert estimates > 0
    if victim != "coordinator":
        partial = HandObjectTrajectory.load(tmp_path / "partial" / "trajectory.npz")
        assert 0 < len(partial) <= estimates + 1
        assert read_json(tmp_path / "partial" / "report.json")["complete"] is False
    assert not list(children(run.pid))
