import os
import pickle
import sys

import mano_layout
import numpy as np
import pytest
import torch

from rhov_core.errors import InputError
from rhov_core.hand import KEYPOINT_SOURCE, PARENTS, HandModel
from rhov_core.pose import exp_rotation


@pytest.fixture(scope="module")
def arrays():
    return mano_layout.made_up_arrays(np.random.default_rng(0))


@pytest.fixture(scope="module")
def published(arrays, tmp_path_factory):
    path = tmp_path_factory.mktemp("mano") / "MANO_RIGHT.pkl"
    mano_layout.write_published(path, arrays)
    return path


def mano_by_the_book(a, pose, shape, translation):
    """The equations of the SMPL and MANO papers, one joint and one vertex after the other."""
    shapedirs = a["shapedirs20"][..., :10]
    v = a["v_template"] + shapedirs @ shape
    J = a["J_regressor"] @ v
    R = exp_rotation(pose.reshape(16, 3))
    v = v + a["posedirs"] @ (R[1:] - np.eye(3)).ravel()
    G = np.zeros((16, 4, 4))
    for j in range(16):
        local = np.eye(4)
        local[:3, :3] = R[j]
        local[:3, 3] = J[j] - (J[PARENTS[j]] if j else 0)
        G[j] = G[PARENTS[j]] @ local if j else local
    posed_joints = G[:, :3, 3].copy()
    for j in range(16):
        G[j, :3, 3] -= G[j, :3, :3] @ J[j]
    out = np.empty_like(v)
    for i in range(len(v)):
        T = np.tensordot(a["weights"][i], G, 1)
        out[i] = T[:3, :3] @ v[i] + T[:3, 3]
    tips = out[[745, 317, 444, 556, 673]]
    return out + translation, np.concatenate([posed_joints, tips])[KEYPOINT_SOURCE] + translation


def test_the_published_layout_is_read_exactly(published, arrays):
    assert "chumpy" not in sys.modules
    model = HandModel.load(published)
    assert model.name == "mano"
    np.testing.assert_array_equal(model.template, arrays["v_template"])
    np.testing.assert_array_equal(model.shape_directions, arrays["shapedirs20"][..., :10])
    np.testing.assert_array_equal(model.pose_directions, arrays["posedirs"])
    np.testing.assert_array_equal(model.weights, arrays["weights"])
    np.testing.assert_array_equal(model.prior_mean, arrays["hands_mean"])
    np.testing.assert_array_equal(model.prior_components, arrays["hands_components"])
    np.testing.assert_array_equal(model.faces[: mano_layout.FACES], arrays["f"])
    np.testing.assert_allclose(model.joint_template, arrays["J_regressor"] @ arrays["v_template"], atol=1e-12)


def test_the_wrist_of_the_model_is_closed(published):
    faces = HandModel.load(published).faces
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()
    assert len(faces) == mano_layout.FACES + 14


def test_forward_follows_the_equations_of_the_paper(published, arrays):
    rng = np.random.default_rng(1)
    pose, shape, translation = rng.normal(scale=0.5, size=48), rng.normal(size=10), rng.normal(size=3)
    vertices, joints = mano_by_the_book(arrays, pose, shape, translation)
    model = HandModel.load(published)
    hand = model.forward_numpy(pose, shape, translation)
    np.testing.assert_allclose(hand.vertices[0], vertices, atol=1e-10)
    np.testing.assert_allclose(hand.joints[0], joints, atol=1e-10)
    tensors = (torch.tensor(x)[None] for x in (pose, shape, translation))
    np.testing.assert_allclose(model.forward(*tensors).vertices[0].numpy(), vertices, atol=1e-10)


def test_the_left_hand_is_the_mirrored_right_one_pose_blend_shapes_included(published):
    rng = np.random.default_rng(2)
    right, left = HandModel.load(published), HandModel.load(published, side="left")
    pose, shape = rng.normal(scale=0.5, size=48), rng.normal(size=10)
    mirrored = pose * np.tile([1, -1, -1], 16)
    a = right.forward_numpy(pose, shape, np.zeros(3)).vertices
    b = left.forward_numpy(mirrored, shape, np.zeros(3)).vertices
    np.testing.assert_allclose(b, a * [-1, 1, 1], atol=1e-12)


def test_npz_with_the_same_keys_gives_the_same_hand(published, arrays, tmp_path):
    content = {k: v for k, v in arrays.items() if k != "shapedirs20"}
    np.savez(tmp_path / "mano.npz", shapedirs=arrays["shapedirs20"][..., :10], **content)
    a, b = HandModel.load(published), HandModel.load(tmp_path / "mano.npz")
    np.testing.assert_array_equal(a.joint_shape_directions, b.joint_shape_directions)


def test_files_resaved_by_python_3_are_read(published, arrays, tmp_path):
    content = {k: v for k, v in arrays.items() if k != "shapedirs20"} | {"shapedirs": arrays["shapedirs20"][..., :10]}
    for protocol in (2, 3, 4, 5):
        (tmp_path / "m.pkl").write_bytes(pickle.dumps(content, protocol=protocol))
        np.testing.assert_array_equal(HandModel.load(tmp_path / "m.pkl").template, arrays["v_template"])


class Command:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("where", ["shapedirs", "an unused key", "instead of the dictionary"])
@pytest.mark.parametrize("command", ["os.system", "eval", "getattr", "open"])
def test_a_malicious_pickle_is_refused_and_not_run(tmp_path, arrays, where, command):
    trace = tmp_path / "it-ran"
    evil = {
        "os.system": Command(os.system, f"touch {trace}"),
        "eval": Command(eval, f"open({str(trace)!r}, 'w')"),
        "getattr": Command(getattr, "text", "upper"),
        "open": Command(open, str(trace), "w"),
    }[command]
    content = {k: v for k, v in arrays.items() if k != "shapedirs20"} | {where: evil}
    path = tmp_path / "MANO_RIGHT.pkl"
    path.write_bytes(pickle.dumps(evil if where.startswith("instead") else content, protocol=2))
    with pytest.raises(InputError, match="which no array needs"):
        HandModel.load(path)
    assert not trace.exists()


def test_objects_of_pickle_protocol_0_are_records(tmp_path):
    text = "(dS'v_template'\nccopy_reg\n_reconstructor\n(cchumpy.ch\nCh\nc__builtin__\nobject\nNtR(dS'x'\n(lI1\nasbs."
    (tmp_path / "m.pkl").write_bytes(text.encode())
    with pytest.raises(InputError, match="lacks shapedirs"):  # so v_template was read
        HandModel.load(tmp_path / "m.pkl")


def test_reconstructing_a_foreign_class_is_refused(tmp_path):
    trace = tmp_path / "it-ran"
    for base in ("cposix\nsystem", "c__builtin__\nobject", "S'text'"):
        text = f"ccopy_reg\n_reconstructor\n({base}\nc__builtin__\nobject\nS'touch {trace}'\ntR."
        (tmp_path / "m.pkl").write_bytes(text.encode())
        with pytest.raises(InputError, match=r"posix.system|holds a object|unknown type"):
            HandModel.load(tmp_path / "m.pkl")
    assert not trace.exists()


@pytest.mark.parametrize("content", [b"", b"\x80", b"not a pickle", pickle.dumps([1, 2]), pickle.dumps({"f": "text"})])
def test_damaged_files_are_bad_input(tmp_path, content):
    path = tmp_path / "MANO_RIGHT.pkl"
    path.write_bytes(content)
    with pytest.raises(InputError):
        HandModel.load(path)


def test_object_arrays_are_bad_input(tmp_path, arrays):
    content = {k: v for k, v in arrays.items() if k != "shapedirs20"} | {"shapedirs": np.array([{}], object)}
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(InputError):
        HandModel.load(tmp_path / "m.pkl")


def test_what_is_missing_or_wrong_is_named(tmp_path, arrays, published):
    with pytest.raises(InputError, match="no file"):
        HandModel.load(tmp_path / "nowhere.pkl")
    content = {k: v for k, v in arrays.items() if k != "shapedirs20"} | {"shapedirs": arrays["shapedirs20"][..., :10]}
    for change, message in (
        ({"posedirs": None}, "posedirs"),
        ({"weights": arrays["weights"][:5]}, "weights"),
        ({"v_template": np.where(np.arange(3) == 0, np.nan, arrays["v_template"])}, "not finite"),
        ({"v_template": arrays["v_template"] * [-1, 1, 1]}, "left hand"),
        ({"kintree_table": np.zeros((2, 16), np.uint32)}, "order"),
    ):
        changed = {k: v for k, v in (content | change).items() if v is not None}
        (tmp_path / "m.pkl").write_bytes(pickle.dumps(changed, protocol=2))
        with pytest.raises(InputError, match=message):
            HandModel.load(tmp_path / "m.pkl")
    with pytest.raises(InputError, match="side"):
        HandModel.load(side="both")
