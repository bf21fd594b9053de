"""Worker processes that die with their parent and leave Ctrl-C to it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import Any, Protocol

from rhov_core.errors import RhovError

LOG = "workers.log"
"""What the detectors' libraries print."""


class Pool(Protocol):
    """Runs pieces of work."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Starts a call as soon as a worker is free."""
        ...


class _Here:
    """Runs everything in this process, at once."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(*arguments))
        return future


@contextmanager
def pool(workers: int, log: Path) -> Iterator[Pool]:
    """Worker processes. Leaving it by an exception ends them at once.

    Args:
        workers: How many; with 0 everything runs in this process.
        log: Receives what the workers print to stderr, which would disturb progress bars.
    """
    if workers == 0:
        yield _Here()
        return
    before = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _prepare, (log,))
    try:
        yield executor
    except BaseException as error:
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        executor.shutdown(wait=False, cancel_futures=True)
        if isinstance(error, BrokenProcessPool):
            raise RhovError(
                f"a worker process died, perhaps for lack of memory (see {log}); run again to go on"
            ) from error
        raise
    executor.shutdown()


def first_finished(running: set[Future[Any]]) -> set[Future[Any]]:
    """Waits until one of them has finished, and returns those that have."""
    return wait(running, return_when=FIRST_COMPLETED).done


def call(run: Callable[[], None]) -> str:
    """Runs a piece of work and returns "", or the traceback of what went wrong: one broken clip ends no benchmark."""
    try:
        run()
    except Exception:
        return traceback.format_exc()
    return ""


def _prepare(log: Path) -> None:
    """Runs first in each worker."""
    with open(log, "a", encoding="utf-8") as file:
        os.dup2(file.fileno(), sys.stderr.fileno())
    from rhov import environment

    environment.apply()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import cv2
    import torch

    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def _end_with_parent() -> None:
    """A killed parent cannot end its workers, and they would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)
