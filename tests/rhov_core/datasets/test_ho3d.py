import pickle

import folders
import numpy as np
import pytest

from rhov_core.datasets import ho3d
from rhov_core.errors import InputError
from rhov_core.hand import KEYPOINT_SOURCE, HandModel
from rhov_core.pose import log_rotation
from rhov_core.records import read_pickle

FLIP = np.diag([1.0, -1.0, -1.0])
K = np.array([[614.6, 0, 320.3], [0, 614.1, 238.5], [0, 0, 1]])
NAME = "003_cracker_box"


def annotation(T, **hand):
    T_gl = np.diag([1.0, -1, -1, 1]) @ T
    return {
        "camMat": K,
        "objName": NAME,
        "objLabel": np.int64(2),
        "objRot": log_rotation(T_gl[:3, :3]).reshape(3, 1).astype(np.float32),
        "objTrans": T_gl[:3, 3].astype(np.float32),
        **hand,
    }


def write_sequence(sequence, annotations, end="jpg"):
    (sequence / "meta").mkdir(parents=True)
    for i, content in enumerate(annotations):
        folders.write_image(sequence / "rgb" / f"{i:04d}.{end}")
        (sequence / "meta" / f"{i:04d}.pkl").write_bytes(pickle.dumps(content, protocol=2))


@pytest.fixture
def root(tmp_path, mano_path):
    T = folders.poses(3)
    model = HandModel.load(mano_path)
    rng = np.random.default_rng(5)
    pose, shape, t = rng.normal(0, 0.5, 48), rng.normal(size=10), np.array([0.1, -0.05, -0.4])
    simple = model.forward_numpy(pose[None], shape, t[None]).joints[0]  # in OpenGL's frame
    mano_order = np.empty((21, 3))
    mano_order[KEYPOINT_SOURCE] = simple
    hand = {"handJoints3D": mano_order, "handPose": pose, "handTrans": t, "handBeta": shape}
    empty = dict.fromkeys(["objRot", "objTrans", "handJoints3D", "handPose", "handTrans", "handBeta"])
    write_sequence(
        tmp_path / "train" / "MC1",
        [annotation(T[0], **hand), {**annotation(T[1]), **empty}, annotation(T[2], **hand)],
    )
    wrist = {"handJoints3D": np.array([0.1, 0.2, -0.5]), "handBoundingBox": [1, 2, 3, 4]}
    write_sequence(tmp_path / "evaluation" / "SM1", [annotation(T[1], **wrist)], end="png")
    folders.write_obj(tmp_path / "models" / NAME / "textured_simple.obj", folders.BOX.vertices)
    return tmp_path


def test_poses_come_from_opengl_to_the_optical_frame(root):
    clip = ho3d.load_clip(root, "train/MC1")
    np.testing.assert_allclose(clip.T_camera_object[[0, 2]], folders.poses(3)[[0, 2]], atol=1e-6)
    assert clip.object_valid.tolist() == [True, False, True]
    np.testing.assert_array_equal(clip.camera.K, K)
    assert clip.image(0).shape == (480, 640, 3)
    truth = clip.truth()
    assert truth.frames_lost == 1 and truth.hand_valid.tolist() == [True, False, True]
    assert clip.object_model().diameter == pytest.approx(folders.BOX.diameter)


def test_joints_and_parameters_of_the_hand_agree_after_the_change_of_frame(root, mano_path):
    hand = ho3d.load_clip(root, "train/MC1").hand
    assert hand.side == "right" and hand.pose_valid.tolist() == [True, False, True]
    again = HandModel.load(mano_path).forward_numpy(hand.pose[:1], hand.shape, hand.translation[:1])
    np.testing.assert_allclose(again.joints[0], hand.joints[0], atol=1e-9)
    assert hand.joints[0, 0, 2] > 0  # before the camera


def test_the_evaluation_split_has_no_hand(root):
    clip = ho3d.load_clip(root, "evaluation/SM1")
    assert not clip.hand.valid.any() and clip.object_valid.all()
    assert ho3d.clip_names(root) == ["train/MC1", "evaluation/SM1"]
    assert ho3d.clip_names(root, "evaluation") == ["evaluation/SM1"]


def test_depth_and_masks(root):
    sequence = root / "train" / "MC1"
    steps = np.zeros((480, 640, 3), np.uint8)
    steps[10, 20] = [0, 17, 200]  # blue, green (high byte), red (low byte)
    folders.write_image(sequence / "depth" / "0000.png", steps)
    clip = ho3d.load_clip(root, "train/MC1")
    assert clip.object_mask(0) is None
    assert clip.depth(0)[10, 20] == pytest.approx((17 * 256 + 200) * 0.00012498664727900177)
    seg = np.zeros((240, 320, 3), np.uint8)
    seg[:100, :50], seg[100:, 50:] = [255, 0, 0], [0, 255, 0]
    folders.write_image(sequence / "seg" / "0000.png", seg)
    clip = ho3d.load_clip(root, "train/MC1")
    assert clip.hand_mask(0)[:200, :100].all() and clip.hand_mask(0).sum() == 200 * 100
    assert clip.object_mask(0)[200:, 100:].all() and clip.object_mask(0).sum() == 280 * 540


def test_what_is_missing_is_said_with_where_to_get_it(root, tmp_path):
    (root / "models" / NAME / "textured_simple.obj").unlink()
    with pytest.raises(InputError, match=r"YCB-Video mesh of 003_cracker_box.*github.com/shreyashampali"):
        ho3d.load_clip(root, "train/MC1")
    with pytest.raises(InputError, match="there is no folder"):
        ho3d.clip_names(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no clip 'train/XX'"):
        ho3d.load_clip(root, "train/XX")
    (root / "train" / "MC1" / "meta" / "0001.pkl").unlink()
    with pytest.raises(InputError, match=r"0001.pkl"):
        ho3d.load_clip(root, "train/MC1")


def test_a_pickle_that_runs_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    path = tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps({"camMat": Evil()}))
    with pytest.raises(InputError, match="no array needs"):
        read_pickle(path, "an annotation", "download it again")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_plain_values_survive_the_restricted_reader(tmp_path, protocol):
    content = {
        "a": np.arange(6.0).reshape(2, 3),
        "n": None,
        "s": "text",
        "list": [1, np.float32(2.5)],
        "i": np.int64(3),
    }
    path = tmp_path / "x.pkl"
    path.write_bytes(pickle.dumps(content, protocol))
    read = read_pickle(path, "", "")
    np.testing.assert_array_equal(read.pop("a"), content.pop("a"))
    assert read == content
    np.save(tmp_path / "x.npy", np.array({"right": {"rot": np.ones((2, 3))}}, dtype=object))
    np.testing.assert_array_equal(read_pickle(tmp_path / "x.npy", "", "")["right"]["rot"], np.ones((2, 3)))
    np.save(tmp_path / "rows.npy", np.array([[1, None]], dtype=object).ravel())
    assert read_pickle(tmp_path / "rows.npy", "", "") == [1, None]
