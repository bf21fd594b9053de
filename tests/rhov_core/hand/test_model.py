import numpy as np
import pytest
import torch
import trimesh
from scipy.spatial.transform import Rotation

from rhov_core.hand import FINGER_JOINTS, FINGERS, KEYPOINT_BONES, PARENTS, HandModel, mirror_pose
from rhov_core.hand.rotations import rotation_matrix

REST = np.zeros(48), np.zeros(10), np.zeros(3)


@pytest.fixture(scope="module", params=["right", "left"])
def model(request):
    return HandModel.load(side=request.param)


def random_parameters(count=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(scale=0.5, size=(count, 48)), rng.normal(size=(count, 10)), rng.normal(size=(count, 3))


def test_rotation_matrices_agree_with_scipy_and_differentiate_at_zero():
    vectors = np.concatenate([np.random.default_rng(0).normal(size=(20, 3)), np.zeros((1, 3)), np.full((1, 3), 1e-5)])
    expected = Rotation.from_rotvec(vectors).as_matrix()
    np.testing.assert_allclose(rotation_matrix(torch.tensor(vectors)).numpy(), expected, atol=1e-12)
    for start in (torch.zeros(3, dtype=torch.float64), torch.tensor([1e-5, 0, 2e-5], dtype=torch.float64)):
        jacobian = torch.autograd.functional.jacobian(rotation_matrix, start)
        generators = torch.tensor([[[0, 0, 0], [0, 0, -1], [0, 1, 0]], [[0, 0, 1], [0, 0, 0], [-1, 0, 0]]]).double()
        torch.testing.assert_close(jacobian[..., 0], generators[0], atol=1e-4, rtol=0)
        torch.testing.assert_close(jacobian[..., 1], generators[1], atol=1e-4, rtol=0)


def test_torch_and_numpy_give_the_same_hand(model):
    pose, shape, translation = random_parameters()
    a = model.forward_numpy(pose, shape, translation)
    b = model.forward(*(torch.tensor(x) for x in (pose, shape, translation)))
    np.testing.assert_allclose(a.vertices, b.vertices.numpy(), atol=1e-12)
    np.testing.assert_allclose(a.joints, b.joints.numpy(), atol=1e-12)
    single = model.forward_numpy(pose[1], shape[1], translation[1])
    np.testing.assert_allclose(single.vertices[0], a.vertices[1], atol=1e-12)


def test_one_shape_may_serve_all_frames_and_float32_is_kept(model):
    pose, shape, translation = (torch.tensor(x, dtype=torch.float32) for x in random_parameters())
    a = model.forward(pose, shape[0], translation)
    b = model.forward(pose, shape[:1].expand(3, 10), translation)
    assert a.vertices.dtype == torch.float32
    torch.testing.assert_close(a.vertices, b.vertices)


def test_gradients_agree_with_finite_differences(model):
    pose, shape, translation = (torch.tensor(x, requires_grad=True) for x in random_parameters(2))
    rng = np.random.default_rng(3)
    directions = [torch.tensor(rng.normal(size=tuple(x.shape))) for x in (pose, shape, translation)]
    weights = torch.tensor(rng.normal(size=(2, 21, 3))), torch.tensor(rng.normal(size=(2, len(model.template), 3)))

    def value(step):
        hand = model.forward(*(x + step * d for x, d in zip((pose, shape, translation), directions, strict=True)))
        return (hand.joints * weights[0]).sum() + (hand.vertices * weights[1]).sum()

    gradients = torch.autograd.grad(value(0.0), (pose, shape, translation))
    analytic = sum((g * d).sum() for g, d in zip(gradients, directions, strict=True))
    with torch.no_grad():
        numeric = (value(1e-5) - value(-1e-5)) / 2e-5
    assert float(analytic) == pytest.approx(float(numeric), rel=1e-6)


def test_the_surface_is_closed_and_outward(model):
    mesh = trimesh.Trimesh(model.template, model.faces, process=False)
    assert mesh.is_watertight
    assert 2e-4 < mesh.volume < 4e-4  # cubic metres; negative if it were inside out
    posed = model.forward_numpy(*(x[:1] for x in random_parameters()))
    assert trimesh.Trimesh(posed.vertices[0], model.faces, process=False).volume > 1e-4


def test_rest_pose_has_manos_axes():
    right = HandModel.load().forward_numpy(*REST).joints[0]
    np.testing.assert_allclose(right[0], 0, atol=1e-12)
    assert (right[[8, 12, 16, 20], 0] < -0.12).all()  # fingers towards -x
    assert right[8, 2] > right[12, 2] > right[16, 2] > right[20, 2]  # index at +z
    closed = np.zeros((16, 3))
    closed[[1, 4, 7, 10], 2] = 1.0  # a positive turn about z moves -x towards -y
    bent = HandModel.load().forward_numpy(closed.ravel(), *REST[1:]).joints[0]
    assert (bent[[8, 12, 16, 20], 1] < right[[8, 12, 16, 20], 1] - 0.02).all()  # palm towards -y


def test_keypoints_are_the_joints_and_the_tips_of_each_finger():
    model = HandModel.load()
    pose, shape, translation = random_parameters(1)
    joints = model.forward_numpy(pose, shape, translation).joints[0]
    moved = pose.copy().reshape(16, 3)
    for i, finger in enumerate(FINGERS):
        last = moved.copy()
        last[FINGER_JOINTS[finger][2]] += 0.5
        other = model.forward_numpy(last.ravel(), shape, translation).joints[0]
        changed = np.flatnonzero(np.linalg.norm(other - joints, axis=1) > 1e-9)
        assert changed.tolist() == [4 * i + 4]  # only the tip follows the last joint
    assert [tuple(b) for b in KEYPOINT_BONES[:5]] == [(0, 1), (1, 2), (2, 3), (3, 4), (0, 5)]
    assert PARENTS.tolist() == [-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14]


def test_the_wrist_transform_moves_the_whole_hand(model):
    pose, shape, translation = random_parameters(1)
    T = model.wrist_transform(pose, shape, translation)[0]
    still = pose.copy()
    still[:, :3] = 0
    at_origin = model.forward_numpy(still, shape, np.zeros(3)).vertices[0]
    rest_wrist = model.wrist_transform(np.zeros(48), shape[0], np.zeros(3))[0, :3, 3]
    expected = (at_origin - rest_wrist) @ T[:3, :3].T + T[:3, 3]
    np.testing.assert_allclose(model.forward_numpy(pose, shape, translation).vertices[0], expected, atol=1e-12)


def test_mirrored_parameters_give_the_mirrored_hand():
    right, left = HandModel.load(), HandModel.load(side="left")
    pose, shape, translation = random_parameters()
    a = right.forward_numpy(pose, shape, translation)
    b = left.forward_numpy(mirror_pose(pose), shape, translation * [-1, 1, 1])
    np.testing.assert_allclose(b.vertices, a.vertices * [-1, 1, 1], atol=1e-12)
    np.testing.assert_allclose(b.joints, a.joints * [-1, 1, 1], atol=1e-12)
    assert (left.name, left.side, left.mirrored().side) == (right.name, "left", "right")
    np.testing.assert_array_equal(left.mirrored().faces, right.faces)


def test_fingertip_pads_are_where_fingers_touch(model):
    for i, finger in enumerate(FINGERS):
        pad = model.template[model.fingertip_vertices[finger]]
        assert len(pad) >= 8
        assert model.tip_vertices[i] in model.fingertip_vertices[finger]
        tip = model.template[model.tip_vertices[i]]
        assert np.linalg.norm(pad - tip, axis=1).max() < 0.02
        joint = model.joint_template[FINGER_JOINTS[finger][2]]
        bone = (tip - joint) / np.linalg.norm(tip - joint)
        palmar = np.array([0.0, -1, 0])
        if finger == "thumb":
            palmar = model.joint_template[FINGER_JOINTS["little"][0]] - model.joint_template[FINGER_JOINTS["thumb"][0]]
        palmar = palmar - bone * (bone @ palmar)
        end = (model.weights[:, FINGER_JOINTS[finger][2]] > 0.5) & (
            (model.template - joint) @ bone > 0.5 * np.linalg.norm(tip - joint)
        )
        away_from_nail = (pad.mean(0) - model.template[end].mean(0)) @ palmar / np.linalg.norm(palmar)
        assert away_from_nail > 0.001
    sets = list(model.fingertip_vertices.values())
    assert len(np.unique(np.concatenate(sets))) == sum(map(len, sets))
