"""Which code made a result: work that was done by the same code on the same input is not done again."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_CODE = (".py", ".npz")
"""Source code, and numbers that were learnt and come with it."""
_SHOWN = ("numpy", "scipy", "torch", "numba", "opencv-contrib-python", "mediapipe")


def digest(content: Any) -> str:
    """A short name for anything that JSON can hold; other values are named by their `repr`."""
    text = json.dumps(content, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def sources_digest(names: tuple[str, ...], without: tuple[str, ...] = ()) -> str:
    """A short name for the source code of modules and packages.

    Args:
        names: Modules or packages, such as `rhov_core.synth`.
        without: Modules or packages inside them that do not count.
    """
    total = hashlib.sha256()
    left_out = [path for name in without for path in _files(name)]
    for path in sorted({path for name in names for path in _files(name)} - set(left_out)):
        total.update(path.name.encode() + path.read_bytes())
    return total.hexdigest()[:16]


def _files(name: str) -> Iterable[Path]:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        return []
    path = Path(spec.origin)
    if path.name != "__init__.py":
        return [path]
    return [p for p in path.parent.rglob("*") if p.suffix in _CODE and "nodes" not in p.parts]


def description() -> dict[str, Any]:
    """Hardware and versions, for the head of a report."""
    return {
        "rhov": _installed("rhov") or "source",
        "git": _git_describe(),
        "processor": processor(),
        "cores": _cores(),
        "memory_gb": _memory_gb(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **library_versions(),
    }


def library_versions() -> dict[str, str]:
    """Versions of the libraries whose numbers results depend on."""
    return {name: found for name in _SHOWN if (found := _installed(name))}


def processor() -> str:
    """The name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_gb() -> float | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return round(int(lines[0].split()[1]) / 2**20, 1)
    except (OSError, ValueError, IndexError):
        return None


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git_describe() -> str | None:
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
