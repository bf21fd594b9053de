"""The depth terms: their normalisation, what they may not move, and what they compare."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from rhov_optimizer.joint.terms.depth import HandDepthTerm, ObjectDepthTerm
from rhov_optimizer.joint.terms.term import CueMissingError, Term

ALL = slice(0, 4)
KINDS = ("metric", "relative")


@pytest.fixture(scope="module", params=KINDS)
def exact(request: pytest.FixtureRequest, clip_factory: Callable[..., Any], problem_of: Callable[..., Any]) -> Any:
    noiseless = {"rotation_noise": 0.0, "translation_noise": 0.0, "hand_noise": 0.0, "pixel_noise": 0.0}
    return request.param, *problem_of(clip_factory(4, depth=request.param, **noiseless))


def _value(term: Term, variables: Any) -> float:
    return float(term.loss(variables.scene(ALL)).detach())


@pytest.mark.parametrize("kind", [ObjectDepthTerm, HandDepthTerm])
def test_small_at_the_truth_and_larger_when_turned(kind: type[Term], exact: Any) -> None:
    _, variables, problem = exact
    term = kind(problem)
    at_truth = _value(term, variables)
    with torch.no_grad():
        variables.object_tangent[:, 3:] += 0.15
        variables.hand_pose[:, :3] += 0.2
    try:
        assert at_truth < 0.15
        assert _value(term, variables) > 2 * at_truth + 0.05
    finally:
        with torch.no_grad():
            variables.object_tangent.zero_()
            variables.hand_pose[:, :3] -= 0.2


@pytest.mark.parametrize("kind", [ObjectDepthTerm, HandDepthTerm])
def test_distance_counts_only_where_depth_is_metric(kind: type[Term], exact: Any) -> None:
    which, variables, problem = exact
    term = kind(problem)
    before = _value(term, variables)
    z = torch.tensor([0.0, 0.0, 0.01])  # twice the tolerance
    with torch.no_grad():
        variables.object_tangent[:, :3] += z
        variables.hand_translation += z
    try:
        change = _value(term, variables) - before
        if which == "metric":
            assert 2.5 < change < 6.0
        else:
            assert abs(change) < 0.1
    finally:
        with torch.no_grad():
            variables.object_tangent.zero_()
            variables.hand_translation -= z


def test_relative_depth_never_moves_the_size(exact: Any) -> None:
    which, variables, problem = exact
    term = ObjectDepthTerm(problem)
    variables.log_scale.requires_grad_()
    variables.object_tangent.requires_grad_()
    try:
        loss = term.loss(variables.scene(ALL))
        of_scale, of_pose = torch.autograd.grad(
            loss, [variables.log_scale, variables.object_tangent], allow_unused=True
        )
        assert of_pose.abs().max() > 1e-3
        if which == "metric":
            assert of_scale.abs() > 1e-3
        else:
            assert of_scale is None or float(of_scale) == 0.0
    finally:
        variables.log_scale.requires_grad_(False)
        variables.object_tangent.requires_grad_(False)


def test_scale_and_shift_of_relative_depth_change_nothing(
    clip_factory: Callable[..., Any], problem_of: Callable[..., Any]
) -> None:
    clip = clip_factory(4, depth="relative", rotation_noise=0.05)
    records = [dataclasses.replace(r, depth=0.3 * r.depth + 11.0) for r in clip.records]
    values = []
    for changed in (clip, dataclasses.replace(clip, records=records)):
        variables, problem = problem_of(changed)
        values.append(_value(ObjectDepthTerm(problem), variables))
    assert values[0] > 0.05
    assert values[1] == pytest.approx(values[0], rel=1e-3)


@pytest.mark.parametrize("kind", [ObjectDepthTerm, HandDepthTerm])
def test_gradient_of_relative_depth(
    kind: type[Term], clip_factory: Callable[..., Any], problem_of: Callable[..., Any]
) -> None:
    variables, problem = problem_of(clip_factory(4, depth="relative", seed=3))
    term = kind(problem)
    parameter = variables.object_tangent if kind is ObjectDepthTerm else variables.hand_pose
    parameter.requires_grad_()
    gradient = torch.autograd.grad(term.loss(variables.scene(ALL)), parameter)[0]
    parameter.requires_grad_(False)
    rng = np.random.default_rng(0)
    pairs = []
    for _ in range(10):
        direction = torch.tensor(rng.normal(size=tuple(parameter.shape)))
        values = []
        for step in (2e-5, -4e-5):
            parameter.add_(direction, alpha=step)
            values.append(_value(term, variables))
        parameter.add_(direction, alpha=2e-5)
        pairs.append((float((gradient * direction).sum()), (values[0] - values[1]) / 4e-5))
    exact_values, numeric = np.array(pairs).T
    # Where a pixel enters or leaves the mesh within the step, the difference is no derivative.
    assert np.isclose(exact_values, numeric, rtol=0.05, atol=0.02 * np.abs(exact_values).max()).mean() >= 0.8


def test_a_face_seen_straight_on_says_little(clip_factory: Callable[..., Any], problem_of: Callable[..., Any]) -> None:
    clip = clip_factory(4, depth="relative")
    flat = np.array([[1.0, 0, 0, 0], [0, -1.0, 0, 0], [0, 0, -1.0, 0.5], [0, 0, 0, 1.0]])
    estimates = [dataclasses.replace(e, T_camera_object=flat) for e in clip.estimates]
    records = [dataclasses.replace(r, excluded=None) for r in clip.records]
    slanted = _value_of_noise(clip, problem_of)
    assert _value_of_noise(dataclasses.replace(clip, estimates=estimates, records=records), problem_of) < slanted / 5


def _value_of_noise(clip: Any, problem_of: Callable[..., Any]) -> float:
    rng = np.random.default_rng(0)
    records = [dataclasses.replace(r, depth=rng.normal(size=r.depth.shape).astype(np.float32)) for r in clip.records]
    variables, problem = problem_of(dataclasses.replace(clip, records=records))
    return _value(ObjectDepthTerm(problem), variables)


@pytest.mark.parametrize("kind", [ObjectDepthTerm, HandDepthTerm])
def test_without_depth_the_term_is_off(kind: type[Term], true_clip: Any, problem_of: Callable[..., Any]) -> None:
    with pytest.raises(CueMissingError, match="depth"):
        kind(problem_of(true_clip)[1])
    unknown = np.full((60, 80), np.nan, np.float32)
    records = [dataclasses.replace(r, depth=unknown) for r in true_clip.records]
    with pytest.raises(CueMissingError, match="depth"):
        kind(problem_of(dataclasses.replace(true_clip, records=records))[1])
