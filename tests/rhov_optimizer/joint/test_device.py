"""The first-order stage away from the CPU's compiled loops: the same results, and no tensor left behind.

A GPU is not needed. The tensor operations that it would execute are executed on the CPU, and torch's device `meta`,
whose tensors have shapes but no numbers, tells whether a loss mixes devices.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import rhov_core.render.differentiable
import rhov_core.sdf.differentiable
from rhov_core.errors import InputError
from rhov_optimizer.joint import JointConfig, TermWeights, optimise_trajectory
from rhov_optimizer.joint.device import moved
from rhov_optimizer.joint.terms.build import TermReport, build_terms

EVERYTHING = {name: 1.0 for name, _, _ in TermWeights().terms()}


@pytest.fixture
def as_on_a_device(monkeypatch):
    """Computes by tensor operations alone, as on a GPU."""
    for module in (rhov_core.render.differentiable, rhov_core.sdf.differentiable):
        monkeypatch.setattr(module, "stays_on_device", lambda tensor: True)


@pytest.fixture(scope="module")
def clip(clip_factory: Callable[..., Any]) -> Any:
    return clip_factory(8, depth="metric")


def _optimised(clip: Any) -> Any:
    weights = dataclasses.replace(TermWeights(), **EVERYTHING)
    config = JointConfig(iterations=12, object_solver="adam", resolution=32)
    arguments = clip.model, clip.camera, clip.records, clip.estimates, clip.hand_model
    return optimise_trajectory(*arguments, config=config, weights=weights)


@pytest.fixture(scope="module")
def on_cpu(clip: Any) -> Any:
    return _optimised(clip)


def test_the_whole_stage_gives_the_same_by_tensor_operations(clip: Any, on_cpu: Any, as_on_a_device: None) -> None:
    result = _optimised(clip)
    assert result.report["device"] == "cpu" and len(result.report["terms"]) >= 12
    for name, losses in on_cpu.report["terms"].items():
        for when in ("start", "end"):
            assert result.report["terms"][name][when] == pytest.approx(losses[when], rel=1e-3, abs=1e-6), name
    ours, theirs = result.trajectory, on_cpu.trajectory
    np.testing.assert_allclose(ours.T_camera_object, theirs.T_camera_object, atol=1e-3)
    np.testing.assert_allclose(ours.hand_joints, theirs.hand_joints, atol=1e-3)
    moved_by = np.abs(ours.T_camera_object - np.stack([e.T_camera_object for e in clip.estimates])).max()
    assert moved_by > 5e-3  # so there was something to agree on


def test_no_term_leaves_the_device(clip: Any, problem_of: Callable[..., Any]) -> None:
    variables, problem = problem_of(clip, config=JointConfig(resolution=32))
    for name, value in vars(variables).items():
        if isinstance(value, torch.Tensor):
            setattr(variables, name, value.float())
    terms = build_terms(((name, kind, 1.0) for name, kind, _ in TermWeights().terms()), problem, report := TermReport())
    assert len(terms) >= 12, report.off
    nowhere = torch.device("meta")
    variables.to(nowhere)
    groups = variables.groups(problem.config, move_object=True, move_scale=True)
    scene = variables.scene(slice(0, len(clip.records)))
    total = torch.zeros((), device=nowhere)
    for name, (term, _) in moved(terms, nowhere).items():
        if name.endswith("_depth"):
            continue  # asks its numbers whether any frame has depth of a kind
        loss = term.loss(scene)
        assert loss.device == nowhere, name
        total = total + loss
    total.backward()
    assert all(group["params"][0].grad.device == nowhere for group in groups)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch cannot use a GPU here")
def test_a_gpu_gives_the_same(clip: Any, on_cpu: Any) -> None:
    weights = dataclasses.replace(TermWeights(), **EVERYTHING)
    config = JointConfig(iterations=12, object_solver="adam", resolution=32, device="cuda")
    arguments = clip.model, clip.camera, clip.records, clip.estimates, clip.hand_model
    result = optimise_trajectory(*arguments, config=config, weights=weights)
    assert result.report["device"] == "cuda"
    np.testing.assert_allclose(result.trajectory.hand_joints, on_cpu.trajectory.hand_joints, atol=1e-3)


def test_settings_name_a_device_that_exists() -> None:
    assert JointConfig().device == "auto"
    with pytest.raises(InputError, match="device is 'tpu'"):
        JointConfig(device="tpu")
