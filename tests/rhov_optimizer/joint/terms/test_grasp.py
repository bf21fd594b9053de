"""The grasp prior: the embedded one, a user's network, and the term that asks them."""

import dataclasses
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rhov_core.errors import InputError
from rhov_core.hand import JointLimits
from rhov_core.hand.model import mirror_pose
from rhov_core.pose import exp_rotation, log_rotation, make_transform
from rhov_optimizer.joint import JointConfig, TermWeights, optimise_trajectory
from rhov_optimizer.joint.contact import fingertip_gaps, signed_distances
from rhov_optimizer.joint.grasp import Grasps, GraspScene, load_grasp_prior
from rhov_optimizer.joint.grasp.closing import ClosingGrasp
from rhov_optimizer.joint.grasp.network import NetworkGrasp
from rhov_optimizer.joint.terms.grasp import ANGLE, GraspTerm
from rhov_optimizer.joint.terms.term import CueMissingError

ALL = slice(0, 6)
INDEX = np.arange(0, 9)
"""Components of the index finger's three joints among the 45."""


@pytest.fixture(scope="module")
def exact(true_clip: Any, problem_of: Callable[..., Any]) -> Any:
    return problem_of(true_clip)


def _scene(problem: Any, **changes: Any) -> GraspScene:
    start, hand = problem.start, problem.hand
    T = make_transform(start.object_rotation.double().numpy(), start.object_translation.double().numpy())
    scene = GraspScene(
        problem.hand_model, hand.pose, hand.shape, hand.translation, T, 1.0, problem.mesh, problem.distance, 0.03
    )
    return dataclasses.replace(scene, **changes)


def _gaps(scene: GraspScene, fingers: np.ndarray) -> np.ndarray:
    pose = np.concatenate([scene.pose[:, :3], fingers], 1)
    vertices = scene.hand_model.forward_numpy(pose, scene.shape, scene.translation).vertices
    return fingertip_gaps(signed_distances(scene.distance, scene.T, scene.scale, vertices), scene.hand_model)


def _opened(problem: Any, angle: float) -> np.ndarray:
    """The poses with the index finger stretched by an angle at each of its joints."""
    limits = JointLimits.of(problem.hand_model)
    turn = np.zeros((len(problem.hand.pose), 15, 3))
    turn[:, :3, 0] = -angle
    pose = problem.hand.pose.copy()
    pose[:, 3:] += limits.pose_from_angles(turn)
    return pose


def test_a_finger_off_the_object_closes_until_it_touches(exact: Any) -> None:
    _, problem = exact
    scene = _scene(problem, pose=_opened(problem, 0.15))
    before = _gaps(scene, scene.pose[:, 3:])
    grasps = ClosingGrasp().propose(scene)
    after = _gaps(scene, grasps.fingers)
    assert (before[:, 1] > 0.006).all()
    assert (after[:, 1] < 0.003).all()
    assert (grasps.proposed[:, :3] == 1).all()
    # What touched already stays about where it was.
    others = np.delete(grasps.fingers - scene.pose[:, 3:], INDEX, axis=1)
    assert np.abs(others).max() < 0.25


def test_a_finger_inside_the_object_opens(exact: Any) -> None:
    _, problem = exact
    scene = _scene(problem, pose=_opened(problem, -0.25))

    def deepest(fingers: np.ndarray) -> float:
        pose = np.concatenate([scene.pose[:, :3], fingers], 1)
        vertices = scene.hand_model.forward_numpy(pose, scene.shape, scene.translation).vertices
        return float(-signed_distances(scene.distance, scene.T, 1.0, vertices).min())

    assert deepest(scene.pose[:, 3:]) > 0.006
    assert deepest(ClosingGrasp().propose(scene).fingers) < 0.004


def test_a_hand_away_from_the_object_is_left_alone(exact: Any) -> None:
    _, problem = exact
    scene = _scene(problem, translation=problem.hand.translation + np.array([0.0, 0.0, -0.2]))
    grasps = ClosingGrasp().propose(scene)
    assert not grasps.proposed.any()
    np.testing.assert_array_equal(grasps.fingers, scene.pose[:, 3:])


def test_the_object_may_have_another_scale(exact: Any) -> None:
    _, problem = exact
    scene = _scene(problem, pose=_opened(problem, 0.15))
    grid = problem.distance
    small = dataclasses.replace(grid, values=grid.values / 2, origin=grid.origin / 2, spacing=grid.spacing / 2)
    same = ClosingGrasp().propose(dataclasses.replace(scene, distance=small, scale=2.0))
    np.testing.assert_allclose(same.fingers, ClosingGrasp().propose(scene).fingers, atol=1e-6)


def test_the_term_is_zero_until_the_prior_was_asked(exact: Any) -> None:
    variables, problem = exact
    term = GraspTerm(problem)
    start = torch.from_numpy(_opened(problem, 0.15))
    kept = variables.hand_pose.clone()
    with torch.no_grad():
        variables.hand_pose.copy_(start)
    try:
        assert float(term.loss(variables.scene(ALL))) == 0.0
        term.update(variables.scene(ALL))
        value = float(term.loss(variables.scene(ALL)))
        apart = (start[:, 3:] - term._fingers.reshape(6, 45)).square().sum(1).mean()
        assert value == pytest.approx(float(apart) / ANGLE**2 / 15, rel=0.05)
        assert value > 0.05
        with torch.no_grad():
            variables.hand_pose[:, 3:] = term._fingers.reshape(6, 45).double()
        assert float(term.loss(variables.scene(ALL))) == pytest.approx(0.0, abs=1e-9)
    finally:
        with torch.no_grad():
            variables.hand_pose.copy_(kept)


def test_gradient_is_that_of_finite_differences(exact: Any) -> None:
    variables, problem = exact
    term = GraspTerm(problem)
    term.update(variables.scene(ALL))
    parameter = variables.hand_pose
    away = torch.tensor(np.random.default_rng(0).normal(0, 0.1, tuple(parameter.shape)))
    parameter.add_(away).requires_grad_()
    gradient = torch.autograd.grad(term.loss(variables.scene(ALL)), parameter)[0]
    parameter.requires_grad_(False)
    direction = torch.tensor(np.random.default_rng(1).normal(size=tuple(parameter.shape)))
    values = []
    for step in (1e-5, -2e-5):
        parameter.add_(direction, alpha=step)
        values.append(float(term.loss(variables.scene(ALL))))
    parameter.add_(direction, alpha=1e-5).sub_(away)
    assert (values[0] - values[1]) / 2e-5 == pytest.approx(float((gradient * direction).sum()), rel=1e-4)


def test_frames_that_show_no_object_are_left_out(true_clip: Any, problem_of: Callable[..., Any]) -> None:
    variables, problem = problem_of(true_clip)
    problem = dataclasses.replace(problem, seen=np.array([True, True, False, True, True, True]))
    term = GraspTerm(problem)
    term.update(variables.scene(ALL))
    assert not term._proposed[2].any()
    assert term._proposed[3].any()


def test_without_a_hand_the_term_is_off(true_clip: Any, problem_of: Callable[..., Any]) -> None:
    records = [dataclasses.replace(r, hand=None) for r in true_clip.records]
    with pytest.raises(CueMissingError, match="shows a hand"):
        GraspTerm(problem_of(dataclasses.replace(true_clip, records=records))[1])


# A network in ONNX, written by hand: fingers = hand @ W + flatten(points) @ V.


def _field(number: int, content: bytes | str | int) -> bytes:
    if isinstance(content, int):
        return _varint(number << 3) + _varint(content)
    data = content.encode() if isinstance(content, str) else content
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def _tensor(name: str, values: np.ndarray) -> bytes:
    dims = b"".join(_field(1, size) for size in values.shape)
    return dims + _field(2, 1) + _field(8, name) + _field(9, struct.pack(f"<{values.size}f", *values.ravel()))


def _value(name: str, shape: tuple[int, ...]) -> bytes:
    dims = b"".join(_field(1, _field(1, size)) for size in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, dims)))


def _node(kind: str, inputs: tuple[str, ...], output: str) -> bytes:
    named = b"".join(_field(1, name) for name in inputs)
    return named + _field(2, output) + _field(3, output) + _field(4, kind)


def _onnx(of_hand: np.ndarray, of_points: np.ndarray) -> bytes:
    nodes = [
        _node("Flatten", ("object_points",), "flat"),
        _node("MatMul", ("flat", "V"), "from_points"),
        _node("MatMul", ("hand", "W"), "from_hand"),
        _node("Add", ("from_hand", "from_points"), "fingers"),
    ]
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, "grasp")
    graph += _field(5, _tensor("W", of_hand)) + _field(5, _tensor("V", of_points))
    graph += _field(11, _value("object_points", (1, 1024, 3))) + _field(11, _value("hand", (1, 51)))
    graph += _field(12, _value("fingers", (1, of_hand.shape[1])))
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 13))


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """Answers with the hand's own fingers, plus its global orientation at the first joint, plus 1 on the last value
    for each metre that the object's points lie towards +x."""
    of_hand, of_points = np.zeros((51, 45)), np.zeros((1024, 3, 45))
    of_hand[3:48] = np.eye(45)
    of_hand[:3, :3] = np.eye(3)
    of_hand[48:51, 3:6] = np.eye(3)
    of_points[:, 0, 44] = 1 / 1024
    path = tmp_path / "grasp.onnx"
    path.write_bytes(_onnx(of_hand, of_points.reshape(3072, 45)))
    return path


def _as_mano(problem: Any) -> Any:
    return dataclasses.replace(problem.hand_model, name="mano")


def test_a_network_is_given_the_hand_in_the_objects_frame(exact: Any, network: Path) -> None:
    _, problem = exact
    scene = _scene(problem, hand_model=_as_mano(problem))
    prior = load_grasp_prior(str(network))
    grasps = prior.propose(scene)
    assert (grasps.proposed == 1).all()
    R = scene.T[:, :3, :3]
    turned = log_rotation(np.swapaxes(R, 1, 2) @ exp_rotation(scene.pose[:, :3]))
    np.testing.assert_allclose(grasps.fingers[:, :3] - scene.pose[:, 3:6], turned, atol=1e-4)
    # Pose and translation in that frame put the hand where it is, seen from the object.
    translation = grasps.fingers[:, 3:6] - scene.pose[:, 6:9]
    moved = np.concatenate([turned, scene.pose[:, 3:]], 1)
    local = scene.hand_model.forward_numpy(moved, scene.shape, translation).joints
    joints = scene.hand_model.forward_numpy(scene.pose, scene.shape, scene.translation).joints
    np.testing.assert_allclose(local, (joints - scene.T[:, None, :3, 3]) @ R, atol=1e-4)
    np.testing.assert_allclose(grasps.fingers[:, 6:44], scene.pose[:, 9:47], atol=1e-5)


def test_a_left_hand_is_mirrored_for_the_network(exact: Any, network: Path) -> None:
    _, problem = exact
    right = _scene(problem, hand_model=_as_mano(problem))
    flip = np.diag([-1.0, 1.0, 1.0])
    T = right.T.copy()
    T[:, :3, :3] = flip @ T[:, :3, :3] @ flip
    T[:, :3, 3] = T[:, :3, 3] @ flip
    vertices = right.mesh.vertices @ flip
    left = dataclasses.replace(
        right,
        hand_model=right.hand_model.mirrored(),
        pose=mirror_pose(right.pose),
        translation=right.translation @ flip,
        T=T,
        mesh=dataclasses.replace(right.mesh, vertices=vertices),
        distance=dataclasses.replace(right.distance, values=right.distance.values[::-1].copy()),
    )
    prior = NetworkGrasp(network)
    np.testing.assert_allclose(prior.propose(left).fingers, mirror_pose(prior.propose(right).fingers), atol=1e-4)


def test_a_network_drives_the_term_and_refuses_other_hands(exact: Any, network: Path) -> None:
    _, problem = exact
    config = JointConfig(grasp_prior=str(network))
    with pytest.raises(CueMissingError, match="MANO"):
        GraspTerm(dataclasses.replace(problem, config=config))
    term = GraspTerm(dataclasses.replace(problem, config=config, hand_model=_as_mano(problem)))
    term.update(problem.start)
    assert term._proposed.all()


@pytest.mark.parametrize("name", ["nothing.onnx", "weights.pt", "closed"])
def test_what_is_no_network_is_refused(name: str, tmp_path: Path) -> None:
    if name.endswith(".pt"):
        (tmp_path / name).write_bytes(b"\x80\x04.")
    with pytest.raises(InputError, match=r"no \.onnx file"):
        load_grasp_prior(str(tmp_path / name))


def test_a_damaged_or_different_network_is_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"not a network")
    with pytest.raises(InputError, match="cannot be read"):
        load_grasp_prior(str(damaged))
    other = tmp_path / "other.onnx"
    other.write_bytes(_onnx(np.zeros((51, 30)), np.zeros((3072, 30))))
    with pytest.raises(InputError, match="30 values"):
        load_grasp_prior(str(other))


def test_half_of_the_steps_are_made_before_the_prior_is_asked(clip: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    steps: list[float] = []
    propose = ClosingGrasp.propose

    def noted(self: ClosingGrasp, scene: GraspScene) -> Grasps:
        asked.append(len(steps))
        return propose(self, scene)

    monkeypatch.setattr(ClosingGrasp, "propose", noted)
    part = clip.part(4)
    result = optimise_trajectory(
        part.model,
        part.camera,
        part.records,
        part.estimates,
        part.hand_model,
        config=JointConfig(iterations=8),
        weights=TermWeights(grasp=1.0),
        progress=lambda stage, fraction: steps.append(fraction) if stage == "terms" and fraction > 0 else None,
    )
    assert asked == [4]
    assert result.report["terms"]["grasp"]["start"] == 0.0
    assert result.report["terms"]["grasp"]["end"] > 0.0
