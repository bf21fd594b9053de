"""One `rhov reconstruct` in a process of its own: what a user waits for, from the command to the last file."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

from rhov.benchmark.code_version import digest, sources_digest
from rhov.request import ReconstructRequest
from rhov_core.errors import RhovError
from rhov_core.files import output_directory, read_json, write_json
from rhov_core.result_directory import REPORT

MEASURED, LOG = "measured.json", "log.txt"
_CODE = ("rhov_core", "rhov_perception", "rhov_optimizer", "rhov")
_NOT_RUN = ("rhov_core.synth", "rhov_core.datasets", "rhov_core.metrics", "rhov.benchmark", "rhov.evaluate")


@dataclass(frozen=True)
class SingleRun:
    """What a reconstruction took and reported."""

    wall_seconds: float
    """Start of Python, compiling and writing of overlay and plots included."""
    cpu_seconds: float
    peak_memory: int
    """Largest resident size of the process [byte]; never less than that of the process that started it."""
    report: dict[str, Any]
    """The content of report.json."""


def run_alone(request: ReconstructRequest) -> SingleRun:
    """Reconstructs in a process of its own, unless the same code did so already with the same request.

    Args:
        request: Its folder `out` receives the result, a log and measured.json.

    Raises:
        RhovError: If the run failed.
    """
    out = output_directory(request.out)
    files = [[p.name, p.stat().st_size] for p in (request.video, request.mesh)]
    key = digest([asdict(request), files, sources_digest(_CODE, _NOT_RUN)])
    if (out / MEASURED).is_file() and (kept := read_json(out / MEASURED)).pop("key", None) == key:
        return SingleRun(**kept)
    begin = time.monotonic()
    with open(out / LOG, "wb") as log:
        process = subprocess.Popen(_command(request), stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
    process.returncode = os.waitstatus_to_exitcode(status)  # it is waited for: nobody else must do so
    wall = time.monotonic() - begin
    if process.returncode:
        raise RhovError(f"a reconstruction ended with status {process.returncode}: see {out / LOG}")
    run = SingleRun(wall, usage.ru_utime + usage.ru_stime, 1024 * usage.ru_maxrss, read_json(out / REPORT))
    write_json(out / MEASURED, {"key": key, **asdict(run)})
    return run


def _command(request: ReconstructRequest) -> list[str]:
    command = [sys.executable, "-m", "rhov", "reconstruct", str(request.video), "--mesh", str(request.mesh)]
    command += ["--out", str(request.out), "--start", str(request.start), "--count", str(request.count)]
    if request.camera_file is not None:
        command += ["--camera", str(request.camera_file)]
    if request.focal:
        command += ["--focal", str(request.focal)]
    if request.box is not None:
        command += ["--box", ",".join(map(str, request.box))]
    if request.repair_mesh:
        command += ["--repair-mesh"]
    return command
