"""A simulator in another process, under its own interpreter, behind the same interface."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from franka_imitation.learning.backend import ResetState, SimBackend, SimState
from franka_imitation.learning.mujoco_backend import arrays_of, state_of
from franka_imitation.learning.workers.protocol import COMMAND, DONE, QUIT, RESET, STATE, STEP, Block
from rhov_core.errors import RhovError

_LOG = "worker.log"
_TAIL = 12
"""Lines of the worker's output that an error shows."""
_MEMORY = Path("/dev/shm")


class WorkerError(RhovError):
    """A simulator's process ended or does not answer; the message holds the end of its output."""


class WorkerBackend(SimBackend):
    """Talks to a worker; see `workers.protocol`. `close` ends it, and so does the end of this process.

    Args:
        command: What starts the worker; the folder and the number of its socket are appended.
        folder: With the files that describe the workplace, for instance of `workplace_files`.
        count: How many workplaces.
        start_patience: How long the worker may take until it is ready [s]; Isaac Gym compiles at the first start.
        patience: How long a command may take [s].
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: tempfile.TemporaryDirectory[str],
        count: int,
        *,
        start_patience: float = 600.0,
        patience: float = 60.0,
    ) -> None:
        self.count = count
        self._folder = folder
        self._block = Block(folder.name, count, create=True)
        self._line, other = socket.socketpair()
        with open(Path(folder.name) / _LOG, "wb") as log:
            self._process = subprocess.Popen(
                [*command, folder.name, str(other.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[other.fileno()],
            )
        other.close()
        self._end = weakref.finalize(self, _end, self._process, self._line, folder)
        self._line.settimeout(start_patience)
        self._wait()
        self._line.settimeout(patience)

    def reset(self, ids: Tensor, state: ResetState) -> None:
        """See `SimBackend.reset`.

        Raises:
            WorkerError: If the worker is gone.
        """
        n = len(ids)
        self._block["begin_id"][:n] = ids.numpy()
        for name, values in arrays_of(state).items():
            self._block[f"begin_{name}"][:n] = values
        self._do(RESET, n)

    def step(self, q: Tensor, width: Tensor, grip_force: Tensor) -> None:
        """See `SimBackend.step`.

        Raises:
            WorkerError: If the worker is gone.
        """
        for name, values in (("q_target", q), ("width_target", width), ("grip_force", grip_force)):
            self._block[name][:] = values.numpy()
        self._do(STEP, self.count)

    def state(self) -> SimState:
        """See `SimBackend.state`."""
        return state_of({name: np.array(self._block[name]) for name in STATE})

    def close(self) -> None:
        """Ends the worker and removes its files."""
        self._end()

    def _do(self, command: bytes, count: int) -> None:
        if self._end.alive:
            try:
                self._line.sendall(COMMAND.pack(command, count))
            except OSError:
                self._give_up("ended")
            self._wait()
        else:
            raise WorkerError("The simulator's process was closed: make a new one.")

    def _wait(self) -> None:
        try:
            answer = self._line.recv(len(DONE))
        except TimeoutError:
            self._process.kill()
            self._give_up(f"does not answer within {self._line.gettimeout():.0f} s")
        except OSError:
            answer = b""
        if answer != DONE:
            self._give_up("ended")

    def _give_up(self, what: str) -> None:
        """Raises with what is known of the end of the worker."""
        code = self._process.wait(timeout=10)
        how = f"signal {-code}" if code < 0 else f"status {code}"
        lines = (Path(self._folder.name) / _LOG).read_text(errors="replace").splitlines()
        self._end()
        said = "\n".join(lines[-_TAIL:]) or "nothing"
        command = " ".join(map(str, self._process.args))  # type: ignore[arg-type]
        raise WorkerError(f"The simulator's process {what} ({how}; `{command}`). Its last output:\n{said}")


def shared_folder() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder, in memory where the system has one for it."""
    in_memory = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)
    return tempfile.TemporaryDirectory(prefix="rhov_worker_", dir=_MEMORY if in_memory else None)


def _end(process: subprocess.Popen[bytes], line: socket.socket, folder: tempfile.TemporaryDirectory[str]) -> None:
    """Asks a worker to end, makes sure that it does, and removes its files."""
    with contextlib.suppress(OSError):  # it may be gone already
        line.sendall(COMMAND.pack(QUIT, 0))
    line.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    folder.cleanup()
