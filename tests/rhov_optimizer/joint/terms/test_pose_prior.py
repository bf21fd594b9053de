"""MANO's pose prior, on a hand model that brings one."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from rhov_optimizer.joint.terms.pose_prior import ANGLE, PosePriorTerm
from rhov_optimizer.joint.terms.term import CueMissingError

ALL = slice(0, 6)


@pytest.fixture(scope="module")
def with_prior(true_clip: Any, problem_of: Callable[..., Any]) -> Any:
    variables, problem = problem_of(true_clip)
    rng = np.random.default_rng(0)
    components = np.linalg.qr(rng.normal(size=(45, 45)))[0]
    model = dataclasses.replace(problem.hand_model, prior_mean=rng.normal(0, 0.1, 45), prior_components=components[:20])
    return variables, dataclasses.replace(problem, hand_model=model)


def test_value_is_the_squared_latent_norm(with_prior: Any) -> None:
    variables, problem = with_prior
    term = PosePriorTerm(problem)
    scene = variables.scene(ALL)
    pose = torch.zeros_like(scene.hand.pose)
    pose[:, 3:] = torch.from_numpy(problem.hand_model.prior_mean)
    at_mean = dataclasses.replace(scene, hand=dataclasses.replace(scene.hand, pose=pose))
    assert float(term.loss(at_mean)) == pytest.approx(0.0, abs=1e-9)
    pose[:, 3:] += 0.3 * torch.from_numpy(problem.hand_model.prior_components[4])
    away = dataclasses.replace(scene, hand=dataclasses.replace(scene.hand, pose=pose))
    assert float(term.loss(away)) == pytest.approx((0.3 / ANGLE) ** 2, rel=1e-5)


def test_gradient_is_that_of_finite_differences(with_prior: Any) -> None:
    variables, problem = with_prior
    term = PosePriorTerm(problem)
    parameter = variables.hand_pose.requires_grad_()
    gradient = torch.autograd.grad(term.loss(variables.scene(ALL)), parameter)[0]
    parameter.requires_grad_(False)
    direction = torch.tensor(np.random.default_rng(1).normal(size=tuple(parameter.shape)))
    values = []
    for step in (1e-5, -2e-5):
        parameter.add_(direction, alpha=step)
        values.append(float(term.loss(variables.scene(ALL))))
    parameter.add_(direction, alpha=1e-5)
    assert (values[0] - values[1]) / 2e-5 == pytest.approx(float((gradient * direction).sum()), rel=1e-4)


def test_a_model_without_a_prior_switches_it_off(true_clip: Any, problem_of: Callable[..., Any]) -> None:
    with pytest.raises(CueMissingError, match="brings no pose prior"):
        PosePriorTerm(problem_of(true_clip)[1])
