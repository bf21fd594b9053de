"""Every term: gradient against finite differences, zero at the truth, and a value worked out by hand."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from rhov_optimizer.joint import TermWeights
from rhov_optimizer.joint.scene import Scene
from rhov_optimizer.joint.terms.depth import HandDepthTerm, ObjectDepthTerm
from rhov_optimizer.joint.terms.fingers import FingerTerm
from rhov_optimizer.joint.terms.flow import FlowTerm
from rhov_optimizer.joint.terms.hand_mask import HandMaskTerm
from rhov_optimizer.joint.terms.hold import HoldTerm
from rhov_optimizer.joint.terms.interaction import InteractionTerm
from rhov_optimizer.joint.terms.joint_limits import JointLimitTerm
from rhov_optimizer.joint.terms.keypoints import KeypointTerm
from rhov_optimizer.joint.terms.object_mask import ObjectMaskTerm
from rhov_optimizer.joint.terms.occlusion import OcclusionTerm
from rhov_optimizer.joint.terms.penetration import PenetrationTerm
from rhov_optimizer.joint.terms.projection import HandProjectionTerm, ObjectProjectionTerm
from rhov_optimizer.joint.terms.temporal import HandTemporalTerm, ObjectTemporalTerm
from rhov_optimizer.joint.terms.term import CueMissingError, Term
from rhov_optimizer.joint.variables import Variables
from rhov_optimizer.packed_mask import PackedMask
from rhov_optimizer.track_record import TrackRecord

TERMS = [(name, kind) for name, kind, _ in TermWeights().terms()]
VARIABLES = ("object_tangent", "log_scale", "hand_pose", "hand_translation")
# The renderer works in single precision and its silhouettes are smooth only between pixels.
# Depth jumps where a pixel enters or leaves the mesh, which short steps seldom meet.
RENDERED = {"object_mask": 2e-4, "hand_mask": 2e-4, "object_depth": 2e-5, "hand_depth": 2e-5}
OF_THEIR_OWN = {"occlusion", "grasp", "pose_prior"}
"""Terms that are zero or off in an ordinary clip; their own tests check their gradients."""
ALL = slice(0, 6)


@pytest.fixture(scope="module")
def noisy(clip_factory: Callable[..., Any], problem_of: Callable[..., Any]) -> Any:
    return problem_of(
        clip_factory(6, seed=5, rotation_noise=0.01, translation_noise=0.002, hand_noise=0.5, depth="metric")
    )


@pytest.fixture(scope="module")
def exact(true_clip: Any, problem_of: Callable[..., Any]) -> Any:
    return problem_of(true_clip)


def _value(term: Term, variables: Variables) -> torch.Tensor:
    return term.loss(variables.scene(ALL))


def _shift(parameters: list[torch.Tensor], directions: list[torch.Tensor], step: float) -> None:
    with torch.no_grad():
        for parameter, direction in zip(parameters, directions, strict=True):
            parameter.add_(direction, alpha=step)


@pytest.mark.parametrize(("name", "kind"), [term for term in TERMS if term[0] not in OF_THEIR_OWN])
def test_gradient_is_that_of_finite_differences(name: str, kind: type[Term], noisy: Any) -> None:
    variables, problem = noisy
    term = kind(problem)
    rng = np.random.default_rng(3)
    step = RENDERED.get(name, 2e-8)  # small: the distance grid has kinks between cells
    trials = 12 if name in RENDERED else 6
    parameters = [getattr(variables, variable).requires_grad_() for variable in VARIABLES]

    def random_directions() -> list[torch.Tensor]:
        return [torch.tensor(rng.normal(size=tuple(parameter.shape))) for parameter in parameters]

    away = random_directions()  # from the start, where some terms have their minimum
    _shift(parameters, away, 0.003)
    gradients = torch.autograd.grad(_value(term, variables), parameters, allow_unused=True)
    pairs = []
    for _ in range(trials):
        directions = random_directions()
        values = []
        for move in (step, -2 * step):
            _shift(parameters, directions, move)
            values.append(float(_value(term, variables).detach()))
        _shift(parameters, directions, step)
        exact = sum(float((g * d).sum()) for g, d in zip(gradients, directions, strict=True) if g is not None)
        pairs.append((exact, (values[0] - values[1]) / (2 * step)))
    _shift(parameters, away, -0.003)
    for parameter in parameters:
        parameter.requires_grad_(False)
    exact_values, numeric_values = np.array(pairs).T
    assert np.abs(exact_values).max() > 1e-6
    if name in RENDERED:
        cosine = exact_values @ numeric_values / np.linalg.norm(exact_values) / np.linalg.norm(numeric_values)
        assert cosine > 0.97
        assert 0.8 < np.linalg.norm(exact_values) / np.linalg.norm(numeric_values) < 1.25
    else:
        np.testing.assert_allclose(exact_values, numeric_values, rtol=2e-3, atol=1e-5 * np.abs(exact_values).max())


@pytest.mark.parametrize(
    ("kind", "bound"),
    [
        (ObjectMaskTerm, 2e-3),
        (FlowTerm, 1e-6),
        (KeypointTerm, 1e-6),
        (ObjectProjectionTerm, 1e-9),
        (HandProjectionTerm, 1e-9),
        (PenetrationTerm, 0.05),
        (InteractionTerm, 0.1),
    ],
)
def test_zero_at_the_truth(kind: type[Term], bound: float, exact: Any) -> None:
    variables, problem = exact
    term = kind(problem)
    at_truth = float(_value(term, variables))
    assert at_truth < bound
    with torch.no_grad():
        variables.object_tangent += torch.tensor([0.004, 0.0, 0.004, 0.0, 0.02, 0.02])
        variables.hand_translation += torch.tensor([0.0, 0.004, 0.012])
    try:
        if kind is FlowTerm:  # sees motion only
            with torch.no_grad():
                variables.object_tangent[::2] = 0
        assert float(_value(term, variables)) > 3 * at_truth + 1e-3
    finally:
        variables.object_tangent.zero_()
        with torch.no_grad():
            variables.hand_translation -= torch.tensor([0.0, 0.004, 0.012])


def test_hand_mask_is_lower_at_the_truth_than_beside_it(clip_factory: Callable[..., Any], problem_of: Any) -> None:
    clip = clip_factory(3, rotation_noise=0.0, translation_noise=0.0, hand_noise=0.6)
    variables, problem = problem_of(clip)
    term = HandMaskTerm(problem)
    noisy = float(term.loss(variables.scene(slice(0, 3))))
    true_variables, _ = problem_of(
        clip_factory(3, rotation_noise=0.0, translation_noise=0.0, hand_noise=0.0, pixel_noise=0.0)
    )
    assert float(term.loss(true_variables.scene(slice(0, 3)))) < 0.5 * noisy


def test_hand_mask_drawn_from_the_estimate_is_no_evidence(exact: Any) -> None:
    with pytest.raises(CueMissingError, match="drawn from"):
        HandMaskTerm(exact[1])


def _scene(scene: Scene, **changes: Any) -> Scene:
    return dataclasses.replace(scene, **changes)


def test_temporal_is_equation_4(exact: Any) -> None:
    variables, problem = exact
    scene = variables.scene(ALL)
    # A jump of 2 cm between the frames 1 and 2: the pairs (i, i - k) across it count 4 units of 1 cm each, by 0.5^k.
    across = {(2, 1): 1, (2, 0): 2, (3, 1): 2, (3, 0): 3, (4, 1): 3, (4, 0): 4, (5, 1): 4}
    expected = sum(0.5**k * 4 for k in across.values()) / 6 / 3
    jump = torch.zeros(6, 3)
    jump[2:, 0] = 0.02
    still = torch.zeros_like(scene.object_vertices)
    term = ObjectTemporalTerm(problem)
    assert float(term.loss(_scene(scene, object_vertices=still, object_translation=jump))) == pytest.approx(expected)
    both = _scene(scene, object_vertices=still + jump[:, None], object_translation=jump)
    assert float(term.loss(both)) == pytest.approx(2 * expected)


@pytest.mark.parametrize(
    "kind",
    [
        HandTemporalTerm,
        HoldTerm,
        KeypointTerm,
        InteractionTerm,
        PenetrationTerm,
        HandProjectionTerm,
        OcclusionTerm,
        FingerTerm,
    ],
)
def test_frames_without_a_hand_are_left_out(kind: type[Term], true_clip: Any, problem_of: Callable[..., Any]) -> None:
    records = list(true_clip.records)
    records[2] = dataclasses.replace(records[2], hand=None)
    variables, problem = problem_of(dataclasses.replace(true_clip, records=records))
    term = kind(problem)
    before = float(_value(term, variables))
    with torch.no_grad():
        variables.hand_translation[2] += 0.02
        variables.hand_pose[2] += 0.05
    term.update(variables.scene(ALL))
    assert float(_value(term, variables)) == pytest.approx(before, abs=1e-12)


def test_fingers_are_held_where_images_saw_them(true_clip: Any, problem_of: Callable[..., Any]) -> None:
    """0.1 rad of one joint of 15 in one frame of 6 counts one; wrist and place of the hand are free."""
    variables, problem = problem_of(true_clip)
    term = FingerTerm(problem)
    before = float(_value(term, variables))
    with torch.no_grad():
        variables.hand_pose[:, :3] += 0.3
        variables.hand_translation += 0.1
    assert float(_value(term, variables)) == pytest.approx(before, abs=1e-9)
    with torch.no_grad():
        variables.hand_pose[1, 3 * 5] += 0.1
    assert float(_value(term, variables)) - before == pytest.approx(1 / (15 * 6), rel=1e-3)
    with torch.no_grad():
        variables.hand_pose[1, 3 * 5] += 0.9
    assert float(_value(term, variables)) - before == pytest.approx((2 * 3 * 10 - 9) / (15 * 6), rel=1e-3)


def test_a_hand_that_moves_with_what_it_holds_costs_nothing(true_clip: Any, problem_of: Callable[..., Any]) -> None:
    """True hand and object cost the term nearly nothing though both move; one that slips by 1 cm in a frame costs."""
    variables, problem = problem_of(true_clip)
    term, plain = HoldTerm(problem), HandTemporalTerm(problem)
    held = float(_value(term, variables))
    assert held < 0.1 * float(_value(plain, variables))
    with torch.no_grad():
        variables.hand_translation[3] += torch.tensor([0.01, 0.0, 0.0])
    # 1 cm counts one, a third in each coordinate: 0.5 + 0.25 + 0.125 to the frames before, 0.5 + 0.25 to those after.
    assert float(_value(term, variables)) - held == pytest.approx((0.875 + 0.75) / 3 / 6, rel=0.1)


def test_a_hand_away_from_the_object_moves_as_it_likes(true_clip: Any, problem_of: Callable[..., Any]) -> None:
    variables, problem = problem_of(true_clip)
    term = HoldTerm(problem)
    with torch.no_grad():
        variables.hand_translation[:, 2] -= 0.2
        variables.hand_translation[3, 0] += 0.01
    assert float(_value(term, variables)) > 0
    term.update(variables.scene(ALL))
    assert float(_value(term, variables)) == 0


def test_a_hand_at_an_object_that_stands_still_does_not_hold_it(true_clip: Any, problem_of: Callable[..., Any]) -> None:
    """It may as well come or let go."""
    variables, problem = problem_of(true_clip)
    still = problem.start.object_vertices[:1].expand_as(problem.start.object_vertices)
    term = HoldTerm(dataclasses.replace(problem, start=_scene(problem.start, object_vertices=still)))
    with torch.no_grad():
        variables.hand_translation[3] += torch.tensor([0.01, 0.0, 0.0])
    assert float(_value(term, variables)) == 0
    assert float(_value(HoldTerm(problem), variables)) > 0


def test_frames_on_their_own_know_no_hold(true_clip: Any, problem_of: Callable[..., Any]) -> None:
    _, problem = problem_of(true_clip)
    alone = dataclasses.replace(problem, config=dataclasses.replace(problem.config, couple_frames=False))
    with pytest.raises(CueMissingError, match="each other"):
        HoldTerm(alone)


def test_flow_is_equation_5(exact: Any) -> None:
    variables, problem = exact
    term = FlowTerm(problem)
    # Moved by 1.5 px between two frames: 1.5^2 in that frame, a sixth of the clip, and back in the next.
    z = variables.scene(ALL).object_translation[:, 2]
    for frame, times in ((0, 1), (3, 2), (5, 1)):
        with torch.no_grad():
            variables.object_tangent[frame, 0] = 1.5 * z[frame] / problem.camera.fx
        value = float(_value(term, variables))
        variables.object_tangent.zero_()
        assert value == pytest.approx(times * 1.5**2 / 6, rel=0.2)


def test_projection_is_equation_6(exact: Any) -> None:
    variables, problem = exact
    term = HandProjectionTerm(problem)
    scene = variables.scene(ALL)
    assert scene.hand is not None
    joints = scene.hand.joints.clone()
    joints[:, :, 0] += 6.0 * joints[..., 2] / problem.camera.fx  # six pixels, twice the tolerance
    moved = _scene(scene, hand=dataclasses.replace(scene.hand, joints=joints))
    assert float(term.loss(moved)) == pytest.approx(4.0, rel=1e-4)


def test_keypoints_count_metres_at_the_hand(exact: Any) -> None:
    variables, problem = exact
    term = KeypointTerm(problem)
    with torch.no_grad():
        variables.hand_translation[:, 1] += 0.01  # twice the tolerance, within the quadratic range
    try:
        assert float(_value(term, variables)) == pytest.approx(4.0, rel=0.15)
    finally:
        with torch.no_grad():
            variables.hand_translation[:, 1] -= 0.01


def test_interaction_counts_gaps_of_near_fingers_only(exact: Any) -> None:
    variables, problem = exact
    term = InteractionTerm(problem)
    at_touch = float(_value(term, variables))
    outwards = variables.scene(ALL).object_rotation[:, :, 2] * 0.01  # 1 cm off the face that the fingers touch
    with torch.no_grad():
        variables.hand_translation += outwards
    try:
        away = float(_value(term, variables))
        # Four fingers leave the face by twice the tolerance; the thumb slides along its own.
        assert 0.5 * 0.8 * 4 < away - at_touch < 1.5 * 4
        with torch.no_grad():
            variables.hand_translation += 9 * outwards
        term.update(variables.scene(ALL))
        assert float(_value(term, variables)) == 0.0
    finally:
        with torch.no_grad():
            variables.hand_translation -= 10 * outwards


def test_penetration_grows_with_depth(exact: Any) -> None:
    variables, problem = exact
    term = PenetrationTerm(problem)
    inwards = -variables.scene(ALL).object_rotation[:, :, 2]
    values = []
    for depth in (0.0, 0.006, 0.012):
        with torch.no_grad():
            variables.hand_translation += depth * inwards
            values.append(float(_value(term, variables)))
            variables.hand_translation -= depth * inwards
    assert values[0] < 0.05 < values[1] < values[2]


def test_joint_limits_are_free_inside_and_squared_outside(exact: Any) -> None:
    variables, problem = exact
    term = JointLimitTerm(problem)
    scene = variables.scene(ALL)
    assert scene.hand is not None
    rest = torch.zeros_like(scene.hand.pose)
    assert float(term.loss(_scene(scene, hand=dataclasses.replace(scene.hand, pose=rest)))) == 0.0
    twisted = rest.clone()
    limits = term._limits
    twist = limits.upper[1, 2] + 0.2  # the index finger's middle joint turned about its own bone, 0.2 rad too far
    twisted[:, 6:9] = torch.tensor(limits.axes[1, 2] * twist)
    loss = float(term.loss(_scene(scene, hand=dataclasses.replace(scene.hand, pose=twisted))))
    assert loss == pytest.approx(4.0, rel=0.2)


def test_object_mask_counts_wrong_area(exact: Any) -> None:
    variables, problem = exact
    term = ObjectMaskTerm(problem)
    before = float(_value(term, variables))
    with torch.no_grad():
        variables.log_scale += np.log(1.05)  # five per cent larger: about ten per cent more area, in part hidden
    try:
        assert 0.02 < float(_value(term, variables)) - before < 0.12
    finally:
        variables.log_scale.zero_()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (ObjectMaskTerm, "object mask"),
        (HandMaskTerm, "shows a hand"),
        (FlowTerm, "optical flow"),
        (HandTemporalTerm, "shows a hand"),
        (HoldTerm, "shows a hand"),
        (InteractionTerm, "shows a hand"),
        (PenetrationTerm, "shows a hand"),
        (OcclusionTerm, "shows a hand"),
        (HandDepthTerm, "shows a hand"),
        (ObjectDepthTerm, "has depth"),
        (HandProjectionTerm, "shows a hand"),
        (KeypointTerm, "shows a hand"),
        (FingerTerm, "shows a hand"),
        (JointLimitTerm, "shows a hand"),
    ],
)
def test_a_missing_cue_is_named(kind: type[Term], reason: str, true_clip: Any, problem_of: Callable[..., Any]) -> None:
    bare = [TrackRecord(r.frame_index, r.stamp, r.image_size) for r in true_clip.records]
    _, problem = problem_of(dataclasses.replace(true_clip, records=bare))
    with pytest.raises(CueMissingError, match=reason):
        kind(problem)


def test_empty_masks_are_missing_masks(true_clip: Any, problem_of: Callable[..., Any]) -> None:
    nothing = PackedMask.pack(np.zeros((240, 320)))
    records = [dataclasses.replace(r, object_mask=nothing, hand_mask=nothing) for r in true_clip.records]
    _, problem = problem_of(dataclasses.replace(true_clip, records=records))
    for kind in (ObjectMaskTerm, HandMaskTerm):
        with pytest.raises(CueMissingError):
            kind(problem)


@pytest.mark.parametrize(("name", "kind"), [term for term in TERMS if term[0] != "pose_prior"])
def test_parts_of_the_clip_add_up(name: str, kind: type[Term], noisy: Any) -> None:
    variables, problem = noisy
    term = kind(problem)
    whole = float(_value(term, variables))
    parts = [(slice(0, 2), 0), (slice(0, 5), 2), (slice(1, 6), 4)]
    assert sum(float(term.loss(variables.scene(*part))) for part in parts) == pytest.approx(whole, rel=1e-5, abs=1e-9)
    assert name in {field.name for field in dataclasses.fields(TermWeights)}
