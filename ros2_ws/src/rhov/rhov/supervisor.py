"""Runs the graph of the system as processes, for machines without the `launch` package.

Every node is a process of its own that talks ROS 2; each writes its log to a file. The node marked `terminal`
speaks to the user, and its end is the end of the run. If any other node ends before, that is reported, the
terminal node is asked to save what there is, and everything is stopped.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import yaml

from rhov import environment
from rhov.graph import NodeSpec
from rhov_core.files import output_directory

POLL_SECONDS = 0.1
GRACE_SECONDS = 8.0
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class RunOutcome:
    """How a run of the graph ended."""

    exit_status: int
    """0 success, 1 a node failed, 2 bad input, 130 interrupted."""
    message: str
    """One sentence about what went wrong; empty on success."""
    peak_memory: int
    """Largest resident size of any node [byte]."""


@dataclass
class _Running:
    spec: NodeSpec
    process: subprocess.Popen[bytes]
    log: Path
    file: IO[bytes] | None


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def write_parameters(path: Path, spec: NodeSpec) -> Path:
    """Writes a ROS parameter file for one node."""
    path.write_text(yaml.safe_dump({"/**": {"ros__parameters": spec.parameters}}), encoding="utf-8")
    return path


def command_line(spec: NodeSpec, namespace: str, parameter_file: Path | None) -> list[str]:
    """The command that starts a node as a process."""
    ros = ["--ros-args", "-r", f"__node:={spec.name}", "-r", f"__ns:=/{namespace.strip('/')}"]
    if parameter_file is not None:
        ros += ["--params-file", str(parameter_file)]
    return [sys.executable, "-m", f"{spec.package}.nodes.{spec.executable}", *ros]


def run_graph(specs: Sequence[NodeSpec], namespace: str, log_directory: str | Path) -> RunOutcome:
    """Starts all nodes, waits for the terminal one and stops the rest.

    Args:
        specs: The nodes; those that are not Python nodes are left out.
        namespace: ROS namespace of all nodes.
        log_directory: Where logs and parameter files go.

    Returns:
        How the run ended. Never raises for a node's failure.

    Raises:
        InputError: If the log folder cannot be written.
    """
    folder = output_directory(log_directory)
    running: list[_Running] = []
    try:
        for spec in specs:
            if spec.python:
                running.append(_start(spec, namespace, folder))
        status, message = _watch(running)
    except KeyboardInterrupt:
        status, message = 130, "interrupted"
        _interrupt([r for r in running if r.spec.terminal])
        _wait([r for r in running if r.spec.terminal], GRACE_SECONDS)
    finally:
        _stop(running)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return RunOutcome(status, message, peak)


def _start(spec: NodeSpec, namespace: str, folder: Path) -> _Running:
    parameters = write_parameters(folder / f"{spec.name}.yaml", spec) if spec.parameters else None
    log = folder / f"{spec.name}.log"
    file = None if spec.terminal else open(log, "wb")  # noqa: SIM115  closed by _stop
    process = subprocess.Popen(
        command_line(spec, namespace, parameters),
        stdin=subprocess.DEVNULL,
        stdout=file,
        stderr=subprocess.STDOUT if file else None,
        env=_environment(),
        start_new_session=True,  # Ctrl-C reaches the nodes through us, in order
        preexec_fn=_die_with_parent,  # noqa: PLW1509  nothing here starts threads
    )
    return _Running(spec, process, log, file)


def _environment() -> dict[str, str]:
    variables = {"PYTHONUNBUFFERED": "1", "RCUTILS_COLORIZED_OUTPUT": "0", **os.environ, **environment.missing()}
    # a domain of our own, so that two runs on one machine do not hear each other
    variables.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    return variables


def _watch(running: Sequence[_Running]) -> tuple[int, str]:
    """Waits until the terminal node ends or another one fails."""
    while True:
        for r in running:
            code = r.process.poll()
            if code is None:
                continue
            if r.spec.terminal and code >= 0:
                return code, ""
            message = _describe(r, code)
            print(f"\nrhov: {message}", file=sys.stderr, flush=True)
            if r.spec.terminal:
                return 1, message
            terminal = [t for t in running if t.spec.terminal and t.process.poll() is None]
            _interrupt(terminal)
            _wait(terminal, GRACE_SECONDS)
            return (2 if code == 2 else 1), message
        time.sleep(POLL_SECONDS)


def _describe(running: _Running, code: int) -> str:
    how = f"was stopped by signal {-code}" if code < 0 else f"ended with exit status {code}"
    if running.file is None:
        return f"the node {running.spec.name} {how}"
    lines = running.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    last = f" ({lines[-1].strip()})" if lines else ""
    return f"the node {running.spec.name} {how}{last}; its log is {running.log}"


def _interrupt(running: Sequence[_Running]) -> None:
    for r in running:
        if r.process.poll() is None:
            r.process.send_signal(signal.SIGINT)


def _wait(running: Sequence[_Running], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    for r in running:
        try:
            r.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            continue


def _stop(running: Sequence[_Running]) -> None:
    """Interrupts, then terminates, then kills what still runs, and closes the logs."""
    _interrupt(running)
    _wait(running, GRACE_SECONDS)
    for ask in ("terminate", "kill"):
        for r in running:
            if r.process.poll() is None:
                getattr(r.process, ask)()
        _wait(running, 2.0)
    for r in running:
        if r.file is not None:
            r.file.close()
