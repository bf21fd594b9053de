"""The supervisor with real processes that behave and misbehave."""

import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import pytest
import yaml

from rhov.graph import NodeSpec
from rhov.supervisor import run_graph

BEHAVIOURS = {
    "waits": "signal.signal(signal.SIGINT, lambda *a: sys.exit(0))\ntime.sleep(60)",
    "ignores": "for s in (signal.SIGINT, signal.SIGTERM):\n    signal.signal(s, signal.SIG_IGN)\ntime.sleep(60)",
    "fails": "time.sleep(0.3)\nprint('the reason', file=sys.stderr)\nsys.exit(3)",
    "refuses": "print('bad input', file=sys.stderr)\nsys.exit(2)",
    "finishes": "time.sleep(0.5)\nsys.exit(0)",
    "saves": (
        "def save(*a):\n    open(os.environ['SAVED'], 'w').write('kept')\n    sys.exit(0)\n"
        "signal.signal(signal.SIGINT, save)\ntime.sleep(60)"
    ),
    "killed": "time.sleep(0.3)\nos.kill(os.getpid(), signal.SIGKILL)",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    nodes = tmp_path / "fakes" / "nodes"
    nodes.mkdir(parents=True)
    for folder in (nodes.parent, nodes):
        (folder / "__init__.py").touch()
    for name, body in BEHAVIOURS.items():
        (nodes / f"{name}.py").write_text(f"import os, signal, sys, time\n{body}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("SAVED", str(tmp_path / "saved"))
    return "fakes"


def run(package, tmp_path, terminal, *others):
    specs = [NodeSpec(package, name, "perception") for name in others]
    specs.append(NodeSpec(package, terminal, "coordination", terminal=True))
    return run_graph(specs, "test", tmp_path / "logs")


def test_the_end_of_the_terminal_node_is_the_end(package, tmp_path):
    outcome = run(package, tmp_path, "finishes", "waits")
    assert (outcome.exit_status, outcome.message) == (0, "")
    assert outcome.peak_memory > 1e6


def test_a_failing_node_is_named_with_its_last_words_and_the_rest_may_save(package, tmp_path):
    outcome = run(package, tmp_path, "saves", "waits", "fails")
    assert outcome.exit_status == 1
    assert "fails ended with exit status 3 (the reason)" in outcome.message
    assert (tmp_path / "saved").read_text() == "kept"


def test_a_killed_node_is_noticed(package, tmp_path):
    assert "killed was stopped by signal 9" in run(package, tmp_path, "saves", "killed").message


def test_bad_input_keeps_its_exit_status(package, tmp_path):
    outcome = run(package, tmp_path, "saves", "refuses")
    assert outcome.exit_status == 2
    assert "bad input" in outcome.message


def test_nothing_is_left_running(package, tmp_path, monkeypatch):
    monkeypatch.setattr("rhov.supervisor.GRACE_SECONDS", 0.5)
    started = time.monotonic()
    run(package, tmp_path, "finishes", "ignores")
    assert time.monotonic() - started < 20
    assert not any(b"fakes.nodes" in command for command in running_commands())


def running_commands():
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it may end while we look
            yield path.read_bytes()


def test_interrupt_stops_everything(package, tmp_path):
    timer = threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    outcome = run(package, tmp_path, "saves", "waits")
    timer.join()
    assert outcome.exit_status == 130
    assert (tmp_path / "saved").exists()


def test_parameters_keep_their_types(package, tmp_path):
    parameters = {"box": [1, 2, 3, 4], "focal": 628.0, "replay": True, "mesh": "m.obj"}
    spec = NodeSpec(package, "finishes", "coordination", parameters, terminal=True)
    assert run_graph([spec], "test", tmp_path).exit_status == 0
    assert yaml.safe_load((tmp_path / "finishes.yaml").read_text())["/**"]["ros__parameters"] == parameters
