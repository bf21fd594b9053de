"""Making the terms that a clip has the cues for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from rhov_optimizer.joint.scene import Problem
from rhov_optimizer.joint.terms.term import CueMissingError, Term


@dataclass
class TermReport:
    """What became of the terms."""

    off: dict[str, str] = field(default_factory=dict)
    """Why a term was left out."""
    start: dict[str, float] = field(default_factory=dict)
    """Its loss, before the weight, where it was in force."""
    end: dict[str, float] = field(default_factory=dict)


def build_terms(
    known: Iterable[tuple[str, type[Term], float]], problem: Problem, report: TermReport
) -> dict[str, tuple[Term, float]]:
    """Makes the terms that have a weight and a cue; notes in the report why others are left out."""
    terms: dict[str, tuple[Term, float]] = {}
    for name, kind, weight in known:
        if weight == 0:
            report.off[name] = "its weight is 0"
            continue
        try:
            terms[name] = kind(problem), weight
        except CueMissingError as reason:
            report.off[name] = str(reason)
    return terms
