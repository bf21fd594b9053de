"""Trainings in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from franka_imitation.learning.train import REPORT
from rhov_core.files import output_directory, read_json

LOG = "train.log"


class TrainingProcesses:
    """The processes that are running."""

    PATIENCE = 20.0
    """For processes to end after an interrupt [s]."""

    def __init__(self) -> None:
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def train(self, command: Sequence[str], folder: Path) -> dict[str, Any]:
        """Runs `rhov train` and waits for it.

        Args:
            command: Its arguments, without the folder.
            folder: Receives the result and what the command prints.

        Returns:
            trained, said (the last line), folder, and the figures of its report.
        """
        output_directory(folder)
        whole = [sys.executable, "-m", "rhov", "train", *command, "--out", str(folder)]
        with open(folder / LOG, "wb") as log:
            with self._lock:
                if self._stopped:
                    return {"trained": False, "said": "not begun"}
                process = subprocess.Popen(
                    whole,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, "OMP_NUM_THREADS": "1"},
                    start_new_session=True,
                )
                self._processes.add(process)
            status = process.wait()
        with self._lock:
            self._processes.discard(process)
        lines = (folder / LOG).read_text(errors="replace").strip().splitlines() or [f"ended with status {status}"]
        result: dict[str, Any] = {"trained": status == 0, "said": lines[-1], "folder": folder.name}
        if status == 0:
            report = read_json(folder / REPORT)
            result.update({key: report[key] for key in ("held_out", "held_out_randomised", "control_steps")})
        return result

    def stop(self) -> None:
        """Ends what still runs; each training goes on from its last round when it is begun again."""
        with self._lock:
            self._stopped = True
            running = list(self._processes)
        for process in running:
            process.send_signal(signal.SIGINT)
        for process in running:
            try:
                process.wait(timeout=self.PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
