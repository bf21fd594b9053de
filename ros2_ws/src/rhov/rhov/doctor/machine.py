"""Processor, memory, disk and kernel."""

from __future__ import annotations

import os
import platform
import resource
import shutil
from pathlib import Path

from rhov.doctor.finding import Finding

GIB = 1 << 30
DISK_NEEDED = 2 * GIB
MEMORY_NEEDED = 4 * GIB


def machine_findings() -> list[Finding]:
    """Whether the machine is large enough, and whether it could control a robot at 1 kHz."""
    return [_memory(), _disk(), _realtime()]


def _memory() -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    enough = total >= MEMORY_NEEDED
    means = "" if enough else f"the demo may need {MEMORY_NEEDED // GIB} GiB"
    cores = len(os.sched_getaffinity(0))
    return Finding("memory", enough, f"{total / GIB:.1f} GiB, {cores} processor core(s)", means)


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free
    enough = free >= DISK_NEEDED
    means = "" if enough else f"results of long videos may need {DISK_NEEDED // GIB} GiB"
    return Finding("disk space", enough, f"{free / GIB:.1f} GiB free in {Path.cwd()}", means)


def _realtime() -> Finding:
    """A PREEMPT_RT kernel and the right to use its priorities: what libfranka asks for."""
    flag = Path("/sys/kernel/realtime")
    kernel = "PREEMPT_RT" in platform.version() or (flag.is_file() and flag.read_text().strip() == "1")
    allowed = os.geteuid() == 0 or resource.getrlimit(resource.RLIMIT_RTPRIO)[0] != 0
    detail = f"{'a PREEMPT_RT' if kernel else 'an ordinary'} kernel, priorities {'' if allowed else 'not '}allowed"
    means = "" if kernel and allowed else "only a real Franka through its FCI needs it; simulation does not"
    return Finding("real time", kernel and allowed, detail, means)
