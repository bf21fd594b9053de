import folders
import numpy as np
import pytest
import yaml

from rhov_core.datasets import dexycb
from rhov_core.errors import InputError
from rhov_core.hand import HandModel

SERIAL = "836212060125"
SUBJECT = dexycb.SUBJECTS[2]
NAME = f"{SUBJECT}/20200820_000004/{SERIAL}"


def write_yaml(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content))


def write_clip(root, T, joints, pose_m, side="right"):
    frames = root / NAME
    meta = {
        "serials": [SERIAL],
        "num_frames": len(T),
        "ycb_ids": [5, 14],
        "ycb_grasp_ind": 1,
        "mano_sides": [side],
        "mano_calib": ["20200820-subject-03"],
    }
    write_yaml(frames.parent / "meta.yml", meta)
    for i in range(len(T)):
        folders.write_image(frames / f"color_{i:06d}.jpg")
        depth = np.full((480, 640), 700, np.uint16)
        folders.write_image(frames / f"aligned_depth_to_color_{i:06d}.png", depth)
        seg = np.zeros((480, 640), np.uint8)
        seg[:10], seg[10:30], seg[30:60] = 5, 14, 255
        other = folders.poses(1, seed=9)[0]
        pose_y = np.stack([other[:3], T[i][:3]]).astype(np.float32)
        np.savez(
            frames / f"labels_{i:06d}.npz",
            seg=seg,
            pose_y=pose_y,
            pose_m=pose_m[i][None].astype(np.float32),
            joint_3d=joints[i][None].astype(np.float32),
            joint_2d=np.zeros((1, 21, 2), np.float32),
        )


@pytest.fixture
def root(tmp_path):
    for i in range(100):
        (tmp_path / SUBJECT / f"20200820_{i:06d}").mkdir(parents=True)
    color = {"fx": 610.0, "fy": 611.0, "ppx": 321.0, "ppy": 241.0}
    write_yaml(tmp_path / "calibration" / "intrinsics" / f"{SERIAL}_640x480.yml", {"color": color, "depth": color})
    write_yaml(
        tmp_path / "calibration" / "mano_20200820-subject-03" / "mano.yml", {"betas": [0.1 * i for i in range(10)]}
    )
    folders.write_obj(tmp_path / "models" / "025_mug" / "textured_simple.obj", folders.BOX.vertices)
    return tmp_path


def test_the_grasped_object_camera_masks_and_depth(root):
    T, joints = folders.poses(3), folders.hand_joints(3)
    T[1, :3] = 0
    joints[2] = -1
    write_clip(root, T, joints, np.zeros((3, 51)))
    clip = dexycb.load_clip(root, NAME)
    assert clip.object_name == "025_mug" and clip.object_valid.tolist() == [True, False, True]
    np.testing.assert_allclose(clip.T_camera_object[[0, 2]], T[[0, 2]], atol=1e-6)
    np.testing.assert_array_equal(clip.camera.K, [[610, 0, 321], [0, 611, 241], [0, 0, 1]])
    np.testing.assert_allclose(clip.hand.joints[:2], joints[:2], atol=1e-6)
    assert clip.hand.valid.tolist() == [True, True, False] and not clip.hand.pose_valid.any()
    assert clip.depth(0)[0, 0] == pytest.approx(0.7)
    assert clip.object_mask(0).sum() == 20 * 640 and clip.hand_mask(0).sum() == 30 * 640
    assert len(clip.truth()) == 3 and clip.image(2).shape == (480, 640, 3)


def test_mano_turns_principal_components_into_the_published_joints(root, mano_path):
    model, rng = HandModel.load(mano_path), np.random.default_rng(3)
    coefficients, shape, t = rng.normal(0, 0.3, 45), 0.1 * np.arange(10), np.array([0.05, 0.02, 0.7])
    rotation = rng.normal(0, 1, 3)
    full = np.concatenate([rotation, model.prior_mean + coefficients @ model.prior_components])
    joints = model.forward_numpy(full[None], shape, t[None]).joints
    write_clip(root, folders.poses(1), joints, np.concatenate([rotation, coefficients, t])[None])
    hand = dexycb.load_clip(root, NAME, mano=mano_path).hand
    assert hand.pose_valid.all()
    again = model.forward_numpy(hand.pose, hand.shape, hand.translation).joints
    np.testing.assert_allclose(again, hand.joints, atol=1e-5)


def test_a_left_hand_keeps_its_joints_but_has_no_parameters(root, mano_path):
    write_clip(root, folders.poses(1), folders.hand_joints(1), np.ones((1, 51)), side="left")
    hand = dexycb.load_clip(root, NAME, mano=mano_path).hand
    assert hand.side == "left" and hand.valid.all() and not hand.pose_valid.any()


def test_splits_take_every_fifth_sequence_or_whole_subjects(root, monkeypatch):
    with pytest.raises(InputError, match=r"subject of the split is missing.*dex-ycb"):
        dexycb.clip_names(root, "s0/test")
    monkeypatch.setitem(dexycb.SPLITS, "s0/test", ((2,), "fifth"))  # the other subjects were not downloaded
    monkeypatch.setitem(dexycb.SPLITS, "s0/train", ((2,), "not fifth"))
    test, train = dexycb.clip_names(root, "s0/test"), dexycb.clip_names(root, "s0/train")
    assert len(test) == 20 and len(train) == 80 and not set(test) & set(train)
    assert NAME in test
    (root / SUBJECT / "20200820_000050").rmdir()
    with pytest.raises(InputError, match="99 of 100"):
        dexycb.clip_names(root, "s0/test")
    with pytest.raises(InputError, match="'s7'"):
        dexycb.clip_names(root, "s7")


def test_the_published_splits_are_disjoint_and_complete():
    subjects = {name: set(value[0]) for name, value in dexycb.SPLITS.items()}
    assert subjects["s1/train"] | subjects["s1/val"] | subjects["s1/test"] == set(range(10))
    assert not subjects["s1/train"] & (subjects["s1/val"] | subjects["s1/test"])
    assert subjects["s0/val"] | subjects["s0/test"] == set(range(10)) and not subjects["s0/val"] & subjects["s0/test"]


def test_a_half_downloaded_clip_is_refused(root):
    write_clip(root, folders.poses(2), folders.hand_joints(2), np.zeros((2, 51)))
    (root / NAME / "labels_000001.npz").write_bytes(b"half")
    with pytest.raises(InputError, match=r"labels_000001.npz.*download it from https://dex-ycb"):
        dexycb.load_clip(root, NAME)
    (root / NAME / "color_000001.jpg").unlink()
    with pytest.raises(InputError, match=r"color_000001.jpg"):
        dexycb.load_clip(root, NAME)
