"""Trainings on the machines of a Ray cluster that share the files of this one. Needs ray, which is optional."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from rhov.training_process import TrainingProcesses
from rhov_core.errors import InputError, MissingDependencyError

LOCAL = "local"


class RayPool:
    """Each training is a task that occupies one processor of the cluster; one whose machine is lost is begun again.

    Args:
        address: "local" to start Ray here, "auto" for the cluster to which this machine belongs, or ray://HOST:PORT.
        jobs: With "local", how many at a time.

    Raises:
        MissingDependencyError: Without ray.
        InputError: If there is no such cluster.
    """

    def __init__(self, address: str, jobs: int) -> None:
        try:
            import ray
        except ImportError as error:
            raise MissingDependencyError("ray", "--ray", "pip install ray") from error
        self._ray = ray
        where: dict[str, Any] = {}
        if address == LOCAL:  # Ray asks nobody for a password, so it listens to this machine only
            where = {"num_cpus": jobs, "include_dashboard": False, "_node_ip_address": "127.0.0.1"}
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **where)
        except (ConnectionError, ValueError, RuntimeError) as error:
            text = str(error).strip().splitlines()[0]
            raise InputError(
                f"there is no Ray cluster at '{address}' ({text})",
                "local, auto (after `ray start` on this machine) or ray://HOST:PORT",
                "correct --ray",
            ) from error
        self._task = ray.remote(num_cpus=1, max_retries=2)(_train)
        self._references: list[Any] = []

    def submit(self, command: Sequence[str], folder: Path) -> Future[dict[str, Any]]:
        """Trains where there is room; see `TrainingProcesses.train`."""
        reference = self._task.remote(list(command), folder.resolve(), Path.cwd())
        self._references.append(reference)
        future: Future[dict[str, Any]] = reference.future()
        return future

    def stop(self) -> None:
        """Ends what still runs, and Ray if it was started here."""
        for reference in self._references:
            self._ray.cancel(reference)
        waiting = self._references
        while waiting:  # a task that was cancelled ends its process first
            done, waiting = self._ray.wait(waiting, timeout=TrainingProcesses.PATIENCE)
            if not done:
                break
        self._ray.shutdown()


def _train(command: Sequence[str], folder: Path, working_directory: Path) -> dict[str, Any]:
    """On a machine of the cluster."""
    os.chdir(working_directory)
    processes = TrainingProcesses()
    try:
        return processes.train(command, folder)
    finally:
        processes.stop()
