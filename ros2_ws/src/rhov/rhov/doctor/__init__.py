"""`rhov doctor`: what is installed, what works, and what it means where something is missing."""

from __future__ import annotations

from rhov.doctor.compute import compute_findings
from rhov.doctor.finding import Finding, report
from rhov.doctor.machine import machine_findings
from rhov.doctor.media import media_findings
from rhov.doctor.middleware import ros_findings

__all__ = ["Finding", "examine", "main", "report"]


def examine() -> list[Finding]:
    """Looks at everything; takes a few seconds because it tries what it reports."""
    return [*ros_findings(), *compute_findings(), *media_findings(), *machine_findings()]


def main() -> int:
    """Prints the report. Returns 0 if everything that RHOV cannot do without was found, else 1."""
    findings = examine()
    print(report(findings))
    return int(any(f.required and not f.found for f in findings))
