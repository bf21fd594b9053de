import folders
import numpy as np
import pytest

from rhov_core.datasets import arctic
from rhov_core.errors import InputError
from rhov_core.hand import HandModel
from rhov_core.pose import exp_rotation, inverse, log_rotation, transform_points

SEQUENCE = "s01/box_grab_01"
OFFSET = 3
HINGE = np.array([0.2, 0.3, 0.4])
T_WORLD_CAMERA = inverse(folders.poses(1, seed=4)[0])


@pytest.fixture
def root(tmp_path, mano_path):
    raw = tmp_path / "raw_seqs" / "s01"
    raw.mkdir(parents=True)
    T_world = T_WORLD_CAMERA @ folders.poses(3)
    pose = np.column_stack([HINGE, log_rotation(T_world[:, :3, :3]), 1000 * T_world[:, :3, 3]])
    np.save(raw / "box_grab_01.object.npy", pose)
    rng = np.random.default_rng(6)
    hand = {"rot": rng.normal(size=(3, 3)), "pose": rng.normal(0, 0.3, (3, 45)), "trans": rng.normal(size=(3, 3))}
    right = {**hand, "shape": rng.normal(size=10), "fitting_err": np.zeros(3)}
    np.save(raw / "box_grab_01.mano.npy", np.array({"right": right, "left": right}, dtype=object))
    ego = inverse(T_world)
    content = {
        "R_k_cam_np": ego[:, :3, :3],
        "T_k_cam_np": ego[:, :3, 3:],
        "intrinsics": np.array([[900.0, 0, 1400], [0, 900, 1000], [0, 0, 1]]),
        "dist8": np.array([0.1, 0, 0, 0, 0, 0.01, 0, 0]),
    }
    np.save(raw / "box_grab_01.egocam.dist.npy", np.array(content, dtype=object))
    intrinsics = [[501.0, 0, 320], [0, 500, 240], [0, 0, 1]]
    cameras = [inverse(T_WORLD_CAMERA).tolist()] + [np.eye(4).tolist()] * 7
    misc = {
        "ioi_offset": OFFSET,
        "image_size": [[2800, 2000]] + [[640, 480]] * 8,
        "intris_mat": [intrinsics] * 8,
        "world2cam": cameras,
        "gender": "male",
    }
    folders.write_json(tmp_path / "meta" / "misc.json", {"s01": misc})
    template = tmp_path / "meta" / "object_vtemplates" / "box"
    folders.write_obj(template / "mesh.obj", folders.BOX.vertices * 1000)
    folders.write_json(template / "parts.json", (folders.BOX.vertices[:, 2] > 0).astype(int).tolist())
    for view in (0, 1):
        for number in range(1, 8):  # frames 1 and 2 come before the capture, 6 and 7 after it
            folders.write_image(tmp_path / "images" / SEQUENCE / str(view) / f"{number:05d}.jpg", size=(4, 4))
    return tmp_path


def test_a_fixed_camera(root):
    clip = arctic.load_clip(root, f"{SEQUENCE}/1")
    assert [p.name for p in clip.images] == ["00003.jpg", "00004.jpg", "00005.jpg"]
    np.testing.assert_allclose(clip.T_camera_object, folders.poses(3), atol=1e-9)
    assert clip.camera.fx == 501 and clip.object_name == "box" and clip.object_mask(0) is None
    np.testing.assert_allclose(clip.stamp, [0, 1 / 30, 2 / 30])
    assert "from 0.200 to 0.400 rad" in clip.notes[0]


def test_the_head_camera_follows_the_object_here(root):
    clip = arctic.load_clip(root, f"{SEQUENCE}/0")
    np.testing.assert_allclose(clip.T_camera_object, np.tile(np.eye(4), (3, 1, 1)), atol=1e-9)
    assert clip.camera.is_distorted and clip.camera.width == 2800


def test_the_upper_part_is_turned_about_the_hinge(root):
    clip = arctic.load_clip(root, f"{SEQUENCE}/1")
    placed = clip.place_vertices(folders.BOX.vertices * 1000)
    top = folders.BOX.vertices[:, 2] > 0
    np.testing.assert_allclose(placed[~top], folders.BOX.vertices[~top], atol=1e-12)
    expected = folders.BOX.vertices[top] @ exp_rotation([0, 0, -0.3]).T
    np.testing.assert_allclose(placed[top], expected, atol=1e-12)


def test_the_hand_is_moved_into_the_camera_frame(root, mano_path):
    assert not arctic.load_clip(root, f"{SEQUENCE}/1").hand.valid.any()
    hand = arctic.load_clip(root, f"{SEQUENCE}/1", mano=mano_path).hand
    model, rng = HandModel.load(mano_path), np.random.default_rng(6)
    rot, pose, trans = rng.normal(size=(3, 3)), rng.normal(0, 0.3, (3, 45)), rng.normal(size=(3, 3))
    shape = rng.normal(size=10)
    world = model.forward_numpy(np.hstack([rot, pose + model.prior_mean]), shape, trans).joints
    np.testing.assert_allclose(hand.joints, transform_points(inverse(T_WORLD_CAMERA), world), atol=1e-9)


def test_what_is_missing(root):
    assert arctic.clip_names(root, "s01") == [f"{SEQUENCE}/0", f"{SEQUENCE}/1"]
    with pytest.raises(InputError, match=r"no sequence of s05.*arctic.is.tue.mpg.de"):
        arctic.clip_names(root, "s05")
    (root / "meta" / "object_vtemplates" / "box" / "mesh.obj").unlink()
    with pytest.raises(InputError, match="a mesh is missing"):
        arctic.load_clip(root, f"{SEQUENCE}/1")
    np.save(root / "raw_seqs" / "s01" / "box_grab_01.object.npy", np.zeros((3, 6)))
    with pytest.raises(InputError, match=r"\(frames, 7\)"):
        arctic.load_clip(root, f"{SEQUENCE}/1")
