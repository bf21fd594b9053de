"""One line of the doctor's report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that was looked for."""

    name: str
    found: bool
    detail: str
    """What exactly was found, or why not."""
    meaning: str = ""
    """What it means for the user, and what to do about it if it is missing."""
    required: bool = False
    """Whether RHOV cannot do without it."""

    @property
    def verdict(self) -> str:
        """One word."""
        if self.found:
            return "found"
        return "MISSING" if self.required else "missing"


def report(findings: Sequence[Finding]) -> str:
    """The findings as lines of text, with a last line that sums them up."""
    width = max((len(f.name) for f in findings), default=0)
    lines = [
        f"{f.verdict:8}{f.name:{width}}  {f.detail}" + (f"\n{'':{width + 10}}{f.meaning}" if f.meaning else "")
        for f in findings
    ]
    lacking = [f.name for f in findings if f.required and not f.found]
    lines.append(f"RHOV cannot run: {', '.join(lacking)}." if lacking else "RHOV has all that it needs.")
    return "\n".join(lines)
