"""A lost object follows the wrist of the hand that holds it."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rhov_core.pose import perturb
from rhov_optimizer.joint import optimise_trajectory
from rhov_optimizer.joint.clip_system import ClipSystem
from rhov_optimizer.joint.object_config import ObjectSolverConfig
from rhov_optimizer.joint.residuals.wrist import WristResidual, WristTrack
from rhov_optimizer.variants import variant

LOST = range(22, 36)
"""To the end: in the middle, a motion this smooth needs no hand to be bridged."""


def _poses(clip: Any, name: str) -> np.ndarray:
    settings = variant(name).settings()
    settings["config"] = dataclasses.replace(settings["config"], iterations=1)
    result = optimise_trajectory(clip.model, clip.camera, clip.records, clip.estimates, clip.hand_model, **settings)
    assert ("wrist" in result.report["object"]["residuals"]) == (name == "joint")
    return result.trajectory.T_camera_object


def _off(clip: Any, T: np.ndarray) -> float:
    """Mean distance to the truth in lost frames [m]."""
    return float(np.linalg.norm(T[LOST, :3, 3] - clip.T[LOST, :3, 3], axis=1).mean())


@pytest.fixture(scope="module")
def lost_clip(clip_factory: Callable[..., Any]) -> Any:
    return clip_factory(36, hand_noise=0.3).lose(LOST)


def test_a_lost_object_follows_the_hand_and_a_seen_one_does_not(lost_clip: Any) -> None:
    alone, together = _poses(lost_clip, "independent"), _poses(lost_clip, "joint")
    assert _off(lost_clip, together) < 0.5 * _off(lost_clip, alone)
    seen = np.setdiff1d(np.arange(36), LOST)
    np.testing.assert_allclose(together[seen], alone[seen], atol=1e-4)


@pytest.fixture
def scene() -> tuple[WristTrack, np.ndarray, np.ndarray]:
    """Wrists and the poses of what they carry, and where the object is seen."""
    rng = np.random.default_rng(0)
    wrist = perturb(np.tile(np.eye(4), (9, 1, 1)), rng.normal(0, 0.1, (9, 6)))
    held = np.eye(4)
    held[:3, 3] = [0.02, 0.05, 0.6]
    seen = np.array([True] * 3 + [False] * 3 + [True] * 3)
    return WristTrack(wrist, np.ones(9, np.bool_), seen.copy()), wrist @ held, seen


def test_a_step_brings_a_lost_object_to_where_the_wrist_carries_it(scene: tuple[WristTrack, Any, Any]) -> None:
    wrist, T, seen = scene
    residual = WristResidual(wrist, seen, np.arange(9) / 30, ObjectSolverConfig())
    assert len(residual) == 3
    moved = T.copy()
    moved[4] = perturb(T[4], [0.01, -0.02, 0.005, 0.02, -0.01, 0.03])
    system = ClipSystem(9)
    residual.linearise(moved, system)
    for frame in np.flatnonzero(seen):
        system.add(int(frame), np.eye(6), np.zeros(6))
    np.testing.assert_allclose(perturb(moved, system.solve()), T, atol=1e-3)
    assert residual.squares(T).max() < 1e-12 < residual.squares(moved).max()


def test_only_a_hand_that_holds_the_object_on_both_sides_of_the_gap_leads_it(
    scene: tuple[WristTrack, Any, Any],
) -> None:
    wrist, _, seen = scene
    stamps = np.arange(9) / 30

    def followed(**changes: Any) -> int:
        return len(WristResidual(dataclasses.replace(wrist, **changes), seen, stamps, ObjectSolverConfig()))

    let_go = wrist.holds.copy()
    let_go[6:] = False
    assert followed(holds=let_go) == 0
    hidden = wrist.valid.copy()
    hidden[4] = False
    assert followed(valid=hidden) == 2
    assert len(WristResidual(wrist, seen, stamps * 100, ObjectSolverConfig())) == 0
    assert len(WristResidual(wrist, np.ones(9, np.bool_), stamps, ObjectSolverConfig())) == 0


def test_depth_is_trusted_less_than_what_is_across_the_ray(scene: tuple[WristTrack, Any, Any]) -> None:
    wrist, T, seen = scene
    residual = WristResidual(wrist, seen, np.arange(9) / 30, ObjectSolverConfig())
    ray = T[4, :3, 3] / np.linalg.norm(T[4, :3, 3])
    across = np.cross(ray, [0.0, 1.0, 0.0])
    system = ClipSystem(9)
    residual.linearise(T, system)
    hessian = system.hessians()[4, :3, :3]
    config = ObjectSolverConfig()
    ratio = (ray @ hessian @ ray) / (across @ hessian @ across / (across @ across))
    assert ratio == pytest.approx((config.wrist_translation / config.wrist_depth) ** 2, rel=1e-6)
