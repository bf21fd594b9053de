"""Distances that are wrong in all frames alike: what shows it, and what the covariance says of it."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rhov_core.object_estimate import ObjectEstimate
from rhov_optimizer.joint import JointConfig, optimise_trajectory
from rhov_optimizer.joint.scale_doubt import NOTICED, ScaleDoubt
from rhov_optimizer.joint.size import Sizes

CHI2_95 = 7.815
"""Of three degrees of freedom."""


@pytest.fixture(scope="module")
def clip(clip_factory: Callable[..., Any]) -> Any:
    return clip_factory(12, hand_noise=0.2)


def _enlarged(estimate: ObjectEstimate, factor: float) -> ObjectEstimate:
    T = estimate.T_camera_object.copy()
    T[:3, 3] *= factor
    return dataclasses.replace(estimate, T_camera_object=T)


def _with_mesh(clip: Any, factor: float, **settings: Any) -> Any:
    """The result with a mesh that is larger than the object by a factor, and tracked where that leads."""
    model = dataclasses.replace(clip.model, vertices=factor * clip.model.vertices)
    estimates = [_enlarged(estimate, factor) for estimate in clip.estimates]
    config = JointConfig(iterations=0, **settings)
    return optimise_trajectory(model, clip.camera, clip.records, estimates, clip.hand_model, config=config)


def _inside(clip: Any, trajectory: Any) -> np.ndarray:
    """(N,) whether the 95 % ellipsoids hold the true positions."""
    off = clip.T[:, :3, 3] - trajectory.T_camera_object[:, :3, 3]
    spread = trajectory.object_covariance[:, :3, :3]
    return np.einsum("ni,nij,nj->n", off, np.linalg.inv(spread), off) < CHI2_95


@pytest.mark.parametrize(("factor", "word"), [(1.1, "too large"), (1 / 1.1, "too small")])
def test_a_mesh_of_the_wrong_size_contradicts_the_hand(clip: Any, factor: float, word: str) -> None:
    result = _with_mesh(clip, factor)
    assert result.report["size"]["meeting_factor"] == pytest.approx(factor, rel=0.04)
    assert len(result.report["notes"]) == 1 and word in result.report["notes"][0]
    depth = result.trajectory.T_camera_object[:, 2, 3] / clip.T[:, 2, 3]
    np.testing.assert_allclose(depth, factor, rtol=0.02)
    assert _inside(clip, result.trajectory).all()


def test_the_right_mesh_raises_no_doubt(clip: Any) -> None:
    result = _with_mesh(clip, 1.0)
    (note,) = result.report["notes"]
    assert "rest on the focal length and the mesh's size as they were given" in note and "bears out" in note
    assert abs(np.log(result.report["size"]["meeting_factor"])) < NOTICED
    spread = np.sqrt(np.linalg.eigvalsh(result.trajectory.object_covariance[:, :3, :3])[:, -1])
    assert spread.max() < 0.01 and _inside(clip, result.trajectory).mean() > 0.8


def test_a_guessed_focal_length_spreads_the_distance_and_nothing_else(clip: Any) -> None:
    sure, unsure = _with_mesh(clip, 1.0), _with_mesh(clip, 1.0, focal_sigma=0.25)
    added = unsure.trajectory.object_covariance - sure.trajectory.object_covariance
    expected = np.zeros((6, 6))
    for i, depth in enumerate(sure.trajectory.T_camera_object[:, 2, 3]):
        expected[2, 2] = (0.25 * depth) ** 2
        np.testing.assert_allclose(added[i], expected, atol=1e-12)
    np.testing.assert_array_equal(unsure.trajectory.T_camera_object, sure.trajectory.T_camera_object)


def test_what_nothing_could_check_is_named() -> None:
    sizes = Sizes(np.eye(4)[None], 1.0, None, 1.1, 0.02, True)
    doubt = ScaleDoubt.of(0.0, sizes)
    assert not doubt.covariance(sizes.T).any()
    assert "the focal length and the mesh's size" in doubt.notes()[0] and "no clear contact" in doubt.notes()[0]
    assert "rest on the mesh's size as" in ScaleDoubt.of(0.25, sizes).notes()[0]
    assert "average hand" in ScaleDoubt.of(0.0, sizes, object_is_metric=False).notes()[0]


def test_a_hand_of_an_ordinary_size_bears_the_mesh_out() -> None:
    sizes = Sizes(np.eye(4)[None], 1.0, None, 1.1, 0.02, True, float(np.exp(0.9 * NOTICED)))
    doubt = ScaleDoubt.of(0.0, sizes)
    assert not doubt.covariance(sizes.T).any() and "bears out the mesh to about 6 %" in doubt.notes()[0]
