"""Every variant runs, and really leaves out what it says."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rhov_core.errors import InputError
from rhov_core.object_model import ObjectModel
from rhov_core.pose import perturb
from rhov_optimizer.joint import JointResult, TermWeights, optimise_trajectory
from rhov_optimizer.packed_mask import PackedMask
from rhov_optimizer.variants import RESIDUALS, VARIANTS, Variant, variant


def _run(clip: Any, chosen: Variant, **config: Any) -> JointResult:
    settings = chosen.settings()
    settings["config"] = dataclasses.replace(settings["config"], **{"iterations": 4, **config})
    return optimise_trajectory(clip.model, clip.camera, clip.records, clip.estimates, clip.hand_model, **settings)


def _with_moved_hands(clip: Any) -> Any:
    hands = [
        dataclasses.replace(
            r.hand, translation=r.hand.translation + np.array([0.02, 0.01, 0.03]), pose=r.hand.pose + 0.1
        )
        for r in clip.records
    ]
    records = [dataclasses.replace(r, hand=hand) for r, hand in zip(clip.records, hands, strict=True)]
    return dataclasses.replace(clip, records=records)


def _with_tracks_elsewhere(clip: Any) -> Any:
    records = [
        dataclasses.replace(r, flow_target=r.flow_target + 2.0, match_target=r.match_target - 2.0) for r in clip.records
    ]
    return dataclasses.replace(clip, records=records)


def _with_masks_elsewhere(clip: Any) -> Any:
    def moved(mask: PackedMask) -> PackedMask:
        return PackedMask.pack(np.roll(mask.unpack(), 6, axis=1))

    records = [dataclasses.replace(r, object_mask=moved(r.object_mask)) for r in clip.records]
    return dataclasses.replace(clip, records=records)


def _with_later_frames_elsewhere(clip: Any, first: int) -> Any:
    estimates = [
        e if i < first else dataclasses.replace(e, T_camera_object=perturb(e.T_camera_object, [0.03, 0, 0, 0, 0.3, 0]))
        for i, e in enumerate(clip.estimates)
    ]
    moved = _with_masks_elsewhere(_with_tracks_elsewhere(_with_moved_hands(clip)))
    records = [*clip.records[:first], *moved.records[first:]]
    return dataclasses.replace(clip, records=records, estimates=estimates)


@pytest.fixture(scope="module")
def small(clip: Any) -> Any:
    return clip.part(6)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_runs(name: str, small: Any) -> None:
    result = _run(small, variant(name), iterations=2)
    assert np.isfinite(result.trajectory.T_camera_object).all()
    assert np.isfinite(result.trajectory.hand_joints).all()
    assert np.linalg.eigvalsh(result.trajectory.object_covariance).min() > 0


@pytest.mark.parametrize("name", [name for name, _, weight in TermWeights().terms() if weight > 0])
def test_a_variant_for_each_term_takes_it_out_of_both_solvers(name: str, small: Any) -> None:
    chosen = variant(f"no_{name}")
    result = _run(small, chosen, iterations=1)
    assert result.report["terms_off"][name] == "its weight is 0"
    assert name not in result.report["terms"]
    kind = next(kind for known, kind, _ in TermWeights().terms() if known == name)
    assert all(getattr(chosen.object_config, residual) == 0 for residual in kind.residuals)
    others = {other: weight for other, _, weight in chosen.weights.terms() if other != name}
    assert others == {other: weight for other, _, weight in TermWeights().terms() if other != name}


def test_independent_hand_knows_no_object_and_object_no_hand(small: Any) -> None:
    larger = dataclasses.replace(small, model=ObjectModel.box((0.2, 0.15, 0.09), "box"))
    for name, same in (("independent", True), ("joint", False)):
        hands = [_run(clip, variant(name)).trajectory.hand_joints for clip in (small, larger)]
        assert np.array_equal(*hands) is same
    objects = [
        _run(clip, variant("independent"), object_solver="adam").trajectory.T_camera_object
        for clip in (small, _with_moved_hands(small))
    ]
    np.testing.assert_array_equal(*objects)


def test_independent_hidden_hand_is_not_carried_by_the_object(clip: Any) -> None:
    records = [dataclasses.replace(r, hand=None) if 4 <= i < 8 else r for i, r in enumerate(clip.records[:12])]
    hidden = dataclasses.replace(clip.part(12), records=records)
    estimates = [dataclasses.replace(e, T_camera_object=perturb(e.T_camera_object, [0, 0, 0.02, 0, 0, 0]))
                 if 4 <= i < 8 else e for i, e in enumerate(hidden.estimates)]  # fmt: skip
    for name, same in (("independent", True), ("joint", False)):
        chosen = dataclasses.replace(variant(name), weights=variant("independent").weights)
        config = {"object_solver": "adam", "iterations": 0, "align_depths": False, "hand_size_range": 1.0}
        hands = [
            _run(dataclasses.replace(hidden, estimates=e), chosen, **config).trajectory.hand_joints[5]
            for e in (hidden.estimates, estimates)
        ]
        assert np.array_equal(*hands) is same


def test_per_frame_knows_no_other_frame(small: Any) -> None:
    changed = _with_later_frames_elsewhere(small, 3)
    for name, same in (("per_frame", True), ("joint", False)):
        before, after = (_run(clip, variant(name), hand_size_range=1.0).trajectory for clip in (small, changed))
        object_gap = np.abs(before.T_camera_object[:3] - after.T_camera_object[:3]).max()
        hand_gap = np.abs(before.hand_joints[:3] - after.hand_joints[:3]).max()
        # Gauss-Newton stops when all frames have converged: the last steps, below a millimetre, are common.
        assert bool(object_gap < 1e-3) is same
        assert bool(hand_gap < 1e-3) is same


def test_per_frame_bridges_nothing(clip: Any) -> None:
    lost = clip.part(8).lose(range(3, 5))
    records = [dataclasses.replace(r, hand=None) if i == 4 else r for i, r in enumerate(lost.records)]
    lost = dataclasses.replace(lost, records=records)
    alone = _run(lost, variant("per_frame")).trajectory
    np.testing.assert_allclose(alone.T_camera_object[4], lost.estimates[4].T_camera_object, atol=1e-9)
    assert not alone.hand_pose[4].any()
    assert alone.hand_valid.tolist() == [True] * 4 + [False] + [True] * 3
    # Nothing is known of the lost frames, which the covariance says without being endless.
    spread = np.sqrt(np.diagonal(alone.object_covariance, axis1=1, axis2=2))
    assert 0.9 < spread[4, 0] < 1.1 < spread[4, 3] < 3.1
    together = _run(lost, variant("joint")).trajectory
    assert together.hand_pose[4].any()
    assert np.abs(together.T_camera_object[4] - lost.estimates[4].T_camera_object).max() > 1e-3


@pytest.mark.parametrize(
    ("name", "change"), [("no_contour", _with_masks_elsewhere), ("no_tracks", _with_tracks_elsewhere)]
)
def test_residuals_that_are_off_are_not_looked_at(name: str, change: Callable[[Any], Any], small: Any) -> None:
    for chosen, same in ((name, True), ("joint", False)):
        poses = [
            _run(clip, variant(chosen), iterations=0).trajectory.T_camera_object for clip in (small, change(small))
        ]
        assert np.array_equal(*poses) is same


def test_without_the_prior_on_motion_a_pose_may_jump(clip: Any) -> None:
    jumping = clip.part(7)
    records = list(jumping.records)
    away = PackedMask.pack(np.roll(records[3].object_mask.unpack(), 12, axis=1))
    records[3] = dataclasses.replace(records[3], object_mask=away)
    jumping = dataclasses.replace(jumping, records=records)
    tracks = {"flow_weight": 0.0, "feature_weight": 0.0}
    gaps = []
    for name in ("no_smoothness", "joint"):
        chosen = variant(name)
        chosen = dataclasses.replace(chosen, object_config=dataclasses.replace(chosen.object_config, **tracks))
        x = _run(jumping, chosen, iterations=0).trajectory.T_camera_object[:, 0, 3]
        gaps.append(x[3] - (x[2] + x[4]) / 2)
    assert gaps[0] > 0.012
    assert gaps[1] < gaps[0] / 2


def test_every_kind_of_residual_has_a_variant() -> None:
    for name, settings in RESIDUALS.items():
        chosen = variant(f"no_{name}")
        assert all(getattr(chosen.object_config, setting) == 0 for setting in settings)
    assert VARIANTS["temporal"].settings() == VARIANTS["joint"].settings()


def test_an_unknown_variant_is_named() -> None:
    with pytest.raises(InputError, match="no_gravity"):
        variant("no_gravity")
