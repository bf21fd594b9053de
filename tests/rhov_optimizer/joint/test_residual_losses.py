"""The losses of the Gauss-Newton stage's residuals, by name."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rhov_core.pose import perturb
from rhov_optimizer.joint import ObjectSolverConfig
from rhov_optimizer.joint.residual_losses import ResidualLosses
from rhov_optimizer.joint.start import seen_frames
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.points import TUKEY

NAMES = {"contour", "features", "flow", "depth", "smoothness"}


@pytest.fixture(scope="module")
def exact(clip_factory: Callable[..., Any]) -> Any:
    return clip_factory(8, depth="metric", rotation_noise=0.0, translation_noise=0.0, hand_noise=0.0, pixel_noise=0.0)


def _losses(clip: Any, T: np.ndarray, **settings: Any) -> dict[str, float]:
    mesh = CentredMesh.from_model(clip.model, 500)
    losses = ResidualLosses(
        mesh, clip.camera, clip.records, seen_frames(clip.estimates), ObjectSolverConfig(**settings), metric=True
    )
    assert losses.weights().keys() >= NAMES
    return losses.at(np.stack([mesh.centred(pose) for pose in T]))


def test_the_truth_explains_every_cue(exact: Any) -> None:
    at_truth = _losses(exact, exact.T)
    assert at_truth.keys() == NAMES
    assert at_truth["features"] < 1e-3 and at_truth["flow"] < 1e-3 and at_truth["depth"] < 1e-3
    assert at_truth["contour"] < 0.3  # a mask ends at whole pixels
    assert 0.005 < at_truth["smoothness"] < 1.0  # it moves, and gently


def test_poses_that_all_moved_aside_are_seen_by_the_contour_alone(exact: Any) -> None:
    pixels = 3.0
    aside = exact.T.copy()
    aside[:, 0, 3] += pixels * exact.T[:, 2, 3] / exact.camera.fx
    moved = _losses(exact, aside)
    assert moved["contour"] > _losses(exact, exact.T)["contour"] + 1.0
    assert moved["smoothness"] == pytest.approx(_losses(exact, exact.T)["smoothness"], rel=0.1)


def test_one_frame_that_turned_is_seen_by_what_ties_frames(exact: Any) -> None:
    turned = exact.T.copy()
    turned[4] = perturb(turned[4], np.array([0, 0, 0, 0, 0, 0.1]))
    before, after = _losses(exact, exact.T), _losses(exact, turned)
    for name in ("features", "flow", "smoothness", "depth", "contour"):
        assert after[name] > before[name], name
    assert max(after["features"], after["flow"], after["depth"]) <= TUKEY**2


def test_residuals_without_weight_are_left_out(exact: Any) -> None:
    off = _losses(exact, exact.T, contour_weight=0.0, flow_weight=0.0, depth_weight=0.0, smoothness_weight=0.0)
    assert off.keys() == {"features"}
