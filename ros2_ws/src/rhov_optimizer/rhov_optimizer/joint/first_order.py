"""The first-order stage: Adam over a weighted sum of terms of which it knows none by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from rhov_optimizer.joint.device import moved
from rhov_optimizer.joint.terms.build import TermReport
from rhov_optimizer.joint.terms.term import LOOK_BACK, Term
from rhov_optimizer.joint.variables import Variables

CPU = torch.device("cpu")


def minimise(
    variables: Variables,
    groups: list[dict[str, Any]],
    terms: dict[str, tuple[Term, float]],
    report: TermReport,
    *,
    iterations: int,
    part: int,
    last_step: float,
    device: torch.device = CPU,
    step_done: Callable[[float], bool] = lambda _: True,
) -> int:
    """Changes the variables to make the sum of the terms small.

    Gradients of all parts of the clip are added up before each step, so that the parts bound the memory and
    nothing else: there is no seam between them.

    Args:
        variables: Changed in place.
        groups: Adam's parameter groups; empty ones change nothing.
        terms: Name to term and weight.
        report: Receives each term's loss before and after.
        iterations: Number of steps.
        part: Frames evaluated at once.
        last_step: The step sizes fall along a cosine to this fraction.
        device: Where the variables are; the terms are on the CPU.
        step_done: Called after each step with the fraction done; returning False ends the iteration.

    Returns:
        The number of steps made.
    """
    starts = range(0, len(variables), part)
    parts = [(slice(max(0, a - LOOK_BACK), min(a + part, len(variables))), min(a, LOOK_BACK)) for a in starts]
    here = moved(terms, device)
    report.start = _values(variables, here, parts)
    done = 0
    moving = _depending(variables, here, parts[0], bool(groups))
    if moving and iterations > 0:
        optimiser = torch.optim.Adam(groups)
        slope = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda i: last_step + (1 - last_step) * (1 + math.cos(math.pi * i / iterations)) / 2
        )
        while done < iterations:
            if done == iterations // 2:
                _update(variables, {name: terms[name] for name in moving}, parts)
                here = moved(terms, device)
                moving = {name: here[name] for name in moving}
            optimiser.zero_grad()
            for frames, lead in parts:
                scene = variables.scene(frames, lead)
                torch.stack([weight * term.loss(scene) for term, weight in moving.values()]).sum().backward()
            for group in optimiser.param_groups:
                for parameter in group["params"]:
                    if parameter.grad is not None:
                        torch.nan_to_num_(parameter.grad, 0.0, 0.0, 0.0)
            optimiser.step()
            slope.step()
            done += 1
            if not step_done(done / iterations):
                break
    report.end = _values(variables, here, parts)
    return done


def _depending(
    variables: Variables, terms: dict[str, tuple[Term, float]], part: tuple[slice, int], free: bool
) -> dict[str, tuple[Term, float]]:
    """The terms that depend on anything that moves: the others need not be evaluated at every step."""
    if not free:
        return {}
    scene = variables.scene(*part)
    return {name: pair for name, pair in terms.items() if pair[0].loss(scene).requires_grad}


def _update(variables: Variables, terms: dict[str, tuple[Term, float]], parts: list[tuple[slice, int]]) -> None:
    with torch.no_grad():
        for frames, lead in parts:
            scene = moved(variables.scene(frames, lead), CPU)
            for term, _ in terms.values():
                term.update(scene)


def _values(
    variables: Variables, terms: dict[str, tuple[Term, float]], parts: list[tuple[slice, int]]
) -> dict[str, float]:
    """Each term's loss over the whole clip."""
    total = dict.fromkeys(terms, 0.0)
    with torch.no_grad():
        for frames, lead in parts:
            scene = variables.scene(frames, lead)
            for name, (term, _) in terms.items():
                total[name] += float(term.loss(scene))
    return total
