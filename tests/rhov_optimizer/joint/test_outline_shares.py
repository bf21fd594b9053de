"""Outlines that fit the mesh in no pose count less."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from rhov_core.metrics.temporal import temporal_distance
from rhov_core.pose import transform_points
from rhov_optimizer.joint.object_config import ObjectSolverConfig
from rhov_optimizer.joint.object_gauss_newton import ObjectSolution, solve_object_clip
from rhov_optimizer.joint.outline_shares import LEAST_SHARE, outline_shares
from rhov_optimizer.joint.systematic import PERFECT_MISFIT
from rhov_optimizer.packed_mask import PackedMask
from rhov_optimizer.registration.mesh import CentredMesh


def test_a_right_outline_keeps_all_and_one_that_misses_by_the_setting_half() -> None:
    misfits = np.array([0.0, PERFECT_MISFIT, PERFECT_MISFIT + 0.7**2, np.nan])
    np.testing.assert_allclose(outline_shares(misfits, 0.7), [1.0, 1.0, 0.5, 1.0])


def test_the_worst_outline_keeps_a_little() -> None:
    assert outline_shares(np.array([64.0]), 0.5) == LEAST_SHARE


def _solve(clip: Any, halved_at: float) -> ObjectSolution:
    mesh, seen = CentredMesh.from_model(clip.model, 500), np.ones(len(clip.T), np.bool_)
    T = np.stack([estimate.T_camera_object for estimate in clip.estimates])
    config = ObjectSolverConfig(outline_halved_at=halved_at)
    return solve_object_clip(mesh, clip.camera, clip.records, T, seen, config)


def _leaking(clip: Any) -> Any:
    """The clip with masks that leak for four frames of every twelve: to the side, and so seemingly nearer."""
    records = list(clip.records)
    for i, record in enumerate(records):
        if i % 12 < 4:
            mask = record.object_mask.unpack()
            leak = np.roll(mask, (-3, 9), axis=(0, 1)) & ~record.hand_mask.unpack()
            records[i] = dataclasses.replace(record, object_mask=PackedMask.pack(mask | leak))
    return dataclasses.replace(clip, records=records)


def test_masks_that_leak_for_some_frames_move_the_object_less(clip_factory: Callable[..., Any]) -> None:
    clip = clip_factory(24, seed=3)
    corners = clip.model.vertices
    own = temporal_distance(transform_points(clip.T, corners))
    leaking = _leaking(clip)
    alike, shared = _solve(leaking, 0.0), _solve(leaking, 0.5)
    excess = [temporal_distance(transform_points(s.T, corners)) - own for s in (alike, shared)]
    assert excess[1] < 0.7 * excess[0]
    assert leaking.object_errors(shared.T)[1] < 0.8 * leaking.object_errors(alike.T)[1]


def test_masks_that_fit_lose_nothing(clip_factory: Callable[..., Any]) -> None:
    clip = clip_factory(24, seed=3)
    alike, shared = _solve(clip, 0.0), _solve(clip, 0.5)
    for before, after in zip(clip.object_errors(alike.T), clip.object_errors(shared.T), strict=True):
        assert after < 1.1 * before
