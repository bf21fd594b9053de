"""The occlusion term: who is in front, against what the masks say."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from rhov_optimizer.joint import JointResult, TermWeights, optimise_trajectory
from rhov_optimizer.joint.terms.occlusion import ALLOWED, TOLERANCE, OcclusionTerm
from rhov_optimizer.joint.terms.term import CueMissingError
from rhov_optimizer.packed_mask import PackedMask

ALL = slice(0, 4)
EXACT = {"rotation_noise": 0.0, "translation_noise": 0.0, "hand_noise": 0.0, "pixel_noise": 0.0}


@pytest.fixture(scope="module")
def hidden(clip_factory: Callable[..., Any]) -> Any:
    """Four frames, cut from the end of a clip, with the hand behind the box; estimates are the truth."""
    clip = clip_factory(12, behind=True, **EXACT)
    cut = slice(8, 12)
    return dataclasses.replace(
        clip, records=clip.records[cut], estimates=clip.estimates[cut], T=clip.T[cut], hand_joints=clip.hand_joints[cut]
    )


def _nearer(clip: Any, distance: float) -> Any:
    """The clip with hands estimated nearer to the camera, at the same place in the image."""
    records = []
    for record in clip.records:
        centre = record.hand.joints.mean(0)
        shift = -distance * centre / centre[2]
        hand = dataclasses.replace(
            record.hand, translation=record.hand.translation + shift, joints=record.hand.joints + shift
        )
        records.append(dataclasses.replace(record, hand=hand))
    return dataclasses.replace(clip, records=records)


def _value(term: OcclusionTerm, variables: Any) -> float:
    return float(term.loss(variables.scene(ALL)).detach())


def test_zero_where_the_order_is_right(hidden: Any, true_clip: Any, problem_of: Callable[..., Any]) -> None:
    variables, problem = problem_of(hidden)
    term = OcclusionTerm(problem)
    assert (term._counts.sum(1) > 50).all()  # it has something to say, and nothing to blame
    assert _value(term, variables) < 1e-3
    variables, problem = problem_of(true_clip)
    assert _value(OcclusionTerm(problem), variables) < 1e-3


def test_a_hidden_hand_in_front_counts_by_its_way_to_the_far_side(hidden: Any, problem_of: Callable[..., Any]) -> None:
    values = []
    for distance in (0.0, 0.03, 0.06, 0.09):
        variables, problem = problem_of(_nearer(hidden, distance))
        values.append(_value(OcclusionTerm(problem), variables))
    assert values[0] < 1e-3
    assert 1 < values[1] < values[2] < values[3]
    # A vertex 6 cm nearer must go at most that far, and most are in contact: see the term's tolerance.
    assert values[2] < 2 * ((0.06 - ALLOWED) / TOLERANCE) ** 2 * 10


def test_a_seen_hand_behind_the_object_is_in_the_wrong(true_clip: Any, problem_of: Callable[..., Any]) -> None:
    further = _nearer(true_clip, -0.09)
    variables, problem = problem_of(further)
    term = OcclusionTerm(problem)
    assert term._hand_seen
    assert _value(term, variables) > 10
    # Drawn from the estimate, the hand's mask says nothing of what is in front.
    drawn = []
    for frame, record in enumerate(further.records):
        silhouette = np.zeros((240, 320), np.uint8)
        uv = problem.project(problem.start.hand.vertices[frame]).numpy()[problem.hand_model.faces].round().astype(int)
        for triangle in uv:
            _fill(silhouette, triangle)
        drawn.append(dataclasses.replace(record, hand_mask=PackedMask.pack(silhouette)))
    variables, problem = problem_of(dataclasses.replace(further, records=drawn))
    term = OcclusionTerm(problem)
    assert not term._hand_seen
    assert _value(term, variables) < 1e-3


def _fill(image: np.ndarray, triangle: np.ndarray) -> None:
    import cv2

    cv2.fillConvexPoly(image, triangle.astype(np.int32), 1)


def test_a_finger_estimated_aside_of_where_it_is_seen_is_not_hidden(
    clip_factory: Callable[..., Any], problem_of: Callable[..., Any]
) -> None:
    clip = clip_factory(12, hand_noise=0.0, pixel_noise=0.0)
    records = [
        dataclasses.replace(
            r, hand=dataclasses.replace(r.hand, translation=r.hand.translation + np.array([0.006, 0.004, 0]))
        )
        for r in clip.records
    ]
    variables, problem = problem_of(dataclasses.replace(clip, records=records))
    assert float(OcclusionTerm(problem).loss(variables.scene(slice(0, 12)))) < 0.5


def test_gradient_is_that_of_finite_differences(hidden: Any, problem_of: Callable[..., Any]) -> None:
    variables, problem = problem_of(_nearer(hidden, 0.05))
    term = OcclusionTerm(problem)
    names = ("object_tangent", "log_scale", "hand_pose", "hand_translation")
    parameters = [getattr(variables, name).requires_grad_() for name in names]
    gradients = torch.autograd.grad(term.loss(variables.scene(ALL)), parameters)
    for parameter in parameters:
        parameter.requires_grad_(False)
    rng = np.random.default_rng(0)
    for _ in range(4):
        directions = [torch.tensor(rng.normal(size=tuple(p.shape))) for p in parameters]
        values = []
        for step in (1e-7, -2e-7):
            for parameter, direction in zip(parameters, directions, strict=True):
                parameter.add_(direction, alpha=step)
            values.append(_value(term, variables))
        for parameter, direction in zip(parameters, directions, strict=True):
            parameter.add_(direction, alpha=1e-7)
        exact = sum(float((g * d).sum()) for g, d in zip(gradients, directions, strict=True))
        assert (values[0] - values[1]) / 2e-7 == pytest.approx(exact, rel=2e-3)


def test_the_object_may_move_too(hidden: Any, problem_of: Callable[..., Any]) -> None:
    variables, problem = problem_of(_nearer(hidden, 0.05))
    term = OcclusionTerm(problem)
    before = _value(term, variables)
    with torch.no_grad():
        variables.object_tangent[:, 2] -= 0.05
    assert _value(term, variables) < 0.3 * before


def _run(clip: Any, weight: float) -> JointResult:
    return optimise_trajectory(
        clip.model,
        clip.camera,
        clip.records,
        clip.estimates,
        clip.hand_model,
        weights=TermWeights(occlusion=weight),
    )


def test_a_hand_drawn_in_front_of_the_box_that_hides_it_goes_behind(clip_factory: Callable[..., Any]) -> None:
    clip = clip_factory(12, behind=True, seed=5)
    wrong = _nearer(clip, 0.09)
    errors = [
        np.linalg.norm(_run(wrong, weight).trajectory.hand_joints - clip.hand_joints, axis=-1).mean()
        for weight in (0.0, TermWeights().occlusion)
    ]
    assert errors[0] > 0.05
    assert errors[1] < 0.03


def test_without_a_mask_of_the_object_the_term_is_off(true_clip: Any, problem_of: Callable[..., Any]) -> None:
    records = [dataclasses.replace(r, object_mask=None) for r in true_clip.records]
    with pytest.raises(CueMissingError, match="object mask"):
        OcclusionTerm(problem_of(dataclasses.replace(true_clip, records=records))[1])
