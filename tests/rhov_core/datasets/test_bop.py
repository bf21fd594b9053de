import folders
import numpy as np
import pytest
import trimesh

from rhov_core.datasets import DATASETS, bop, dataset
from rhov_core.errors import InputError
from rhov_core.pose import exp_rotation, make_transform, transform_points

K = [1066.778, 0.0, 312.9869, 0.0, 1067.487, 241.3109, 0.0, 0.0, 1.0]


def entry(T, object_id):
    rotation = np.round(T[:3, :3], 8).ravel().tolist()
    return {"cam_R_m2c": rotation, "cam_t_m2c": np.round(1000 * T[:3, 3], 6).tolist(), "obj_id": object_id}


@pytest.fixture
def root(tmp_path):
    root, T = tmp_path / "ycbv", folders.poses(4)
    scene = root / "test" / "000048"
    gt = {"36": [entry(T[2], 1), entry(T[3], 1)], "1": [entry(T[0], 2), entry(T[1], 1)], "7": [entry(T[0], 2)]}
    folders.write_json(scene / "scene_gt.json", gt)
    folders.write_json(scene / "scene_camera.json", {key: {"cam_K": K, "depth_scale": 0.1} for key in gt})
    for key in gt:
        folders.write_image(scene / "rgb" / f"{int(key):06d}.png")
        folders.write_image(scene / "depth" / f"{int(key):06d}.png", np.full((480, 640), 6500, np.uint16))
    for stem, rows in (("000001_000001", 5), ("000036_000000", 8), ("000036_000001", 9)):
        mask = np.zeros((480, 640), np.uint8)
        mask[:rows] = 255
        folders.write_image(scene / "mask_visib" / f"{stem}.png", mask)
    (root / "models").mkdir()
    mesh = trimesh.Trimesh(folders.BOX.vertices * 1000, folders.BOX.faces, process=False)
    mesh.export(root / "models" / "obj_000001.ply", encoding="ascii")
    flip = np.diag([-1.0, -1.0, 1.0, 1.0])
    flip[0, 3] = 4.0
    info = {
        "1": {"diameter": 231.5, "symmetries_discrete": [flip.ravel().tolist()]},
        "2": {"diameter": 100.0, "symmetries_continuous": [{"axis": [0, 0, 1], "offset": [10.0, 0, 0]}]},
    }
    folders.write_json(root / "models" / "models_info.json", info)
    return root


def test_a_clip_is_one_object_over_the_images_that_show_it(root):
    assert bop.clip_names(root) == ["test/000048/2", "test/000048/1", "test/000048/1.2"]
    clip = bop.load_clip(root, "test/000048/1")
    T = folders.poses(4)
    assert [p.name for p in clip.images] == ["000001.png", "000036.png"]
    np.testing.assert_allclose(clip.T_camera_object, T[[1, 2]], atol=1e-7)
    np.testing.assert_allclose(clip.stamp, [1 / 30, 36 / 30])
    np.testing.assert_array_equal(clip.camera.K.ravel(), K)
    assert clip.depth(1)[0, 0] == pytest.approx(0.65)
    assert clip.object_mask(0).sum() == 5 * 640 and clip.object_mask(1).sum() == 8 * 640
    assert clip.hand_mask(0) is None and not clip.hand.valid.any()
    second = bop.load_clip(root, "test/000048/1.2")
    np.testing.assert_allclose(second.T_camera_object, T[[3]], atol=1e-7)
    assert second.object_mask(0).sum() == 9 * 640


def test_images_that_hardly_show_the_object_do_not_count(root):
    assert bop.load_clip(root, "test/000048/1").object_valid.all()
    info = {"1": [{"visib_fract": 0.5}, {"visib_fract": 0.09}], "36": [{"visib_fract": 0.1}, {"visib_fract": 0.0}]}
    folders.write_json(root / "test" / "000048" / "scene_gt_info.json", info)
    assert bop.load_clip(root, "test/000048/1").object_valid.tolist() == [False, True]
    assert bop.load_clip(root, "test/000048/1").truth().frames_lost == 1


def test_mesh_and_symmetries_come_in_metres(root):
    model = bop.load_clip(root, "test/000048/1").object_model()
    assert model.diameter == pytest.approx(folders.BOX.diameter, rel=1e-6)
    expected = np.stack([np.eye(4), make_transform(np.diag([-1.0, -1, 1]), [0.004, 0, 0])])
    np.testing.assert_allclose(model.symmetries, expected, atol=1e-9)


def test_a_continuous_symmetry_turns_about_its_offset_axis_in_bops_steps(root):
    symmetries = bop.declared_symmetries(root / "models" / "models_info.json", 2)
    assert len(symmetries) == 315  # ceil(pi / 0.01)
    np.testing.assert_allclose(symmetries[0], np.eye(4))
    on_axis = np.array([[0.01, 0, 0.3]])
    for S in symmetries[::50]:
        np.testing.assert_allclose(transform_points(S, on_axis), on_axis, atol=1e-12)
    np.testing.assert_allclose(symmetries[1][:3, :3], exp_rotation([0, 0, 2 * np.pi / 315]), atol=1e-12)


def test_what_cannot_be_used_is_refused(root, tmp_path):
    scene = root / "test" / "000048"
    cameras = {key: {"cam_K": K} for key in ("1", "36", "7")}
    cameras["36"] = {"cam_K": [1000.0, *K[1:]]}
    folders.write_json(scene / "scene_camera.json", cameras)
    with pytest.raises(InputError, match="intrinsic matrix changes"):
        bop.load_clip(root, "test/000048/1")
    with pytest.raises(InputError, match="no clip 'test/000048/9'"):
        bop.load_clip(root, "test/000048/9")
    with pytest.raises(InputError, match="no clip 'test/000049/1'"):
        bop.load_clip(root, "test/000049/1")
    with pytest.raises(InputError, match=r"no SCENE/scene_gt.json.*bop.felk.cvut.cz"):
        bop.clip_names(root, "val")
    (scene / "scene_camera.json").unlink()
    with pytest.raises(InputError, match=r"scene_camera.json is missing"):
        bop.load_clip(root, "test/000048/1")
    (scene / "scene_gt.json").rename(scene / "scene_gt_rgb.json")
    with pytest.raises(InputError, match="--dataset hot3d"):
        bop.clip_names(root)
    assert set(DATASETS) == {"ho3d", "dexycb", "mow", "arctic", "bop", "hot3d"}
    with pytest.raises(InputError, match="one of ho3d"):
        dataset("imagenet")
