import io
import json
import tarfile

import cv2
import folders
import numpy as np
import pytest
import trimesh

from rhov_core.camera import Camera
from rhov_core.datasets import hot3d
from rhov_core.datasets.fisheye import FisheyeCamera
from rhov_core.errors import InputError
from rhov_core.hand import HandModel
from rhov_core.pose import exp_rotation, inverse, make_transform, quaternion_from_rotation, transform_points
from rhov_core.render.rasterizer import rasterize

NAME, OBJECT = "train_aria/clip-001849", "5"
WIDTH, HEIGHT, FRAMES = 200, 160, 3
SIZE = np.array([0.06, 0.1, 0.2])
CALIBRATION = [
    88.0,
    101.0,
    77.5,
    -0.027,
    0.1,
    -0.07,
    0.012,
    0.001,
    -0.0004,
    0.0005,
    0.0006,
    -0.001,
    -0.0004,
    -6e-4,
    1e-5,
]
FISHEYE = FisheyeCamera.from_parameters(CALIBRATION, WIDTH, HEIGHT)
T_WORLD_OBJECT = make_transform(exp_rotation([0.4, 1.0, -0.3]), [2.0, -1.0, 0.5])
T_SENSOR_OBJECT = make_transform(
    exp_rotation([[0.2, 0.9, -0.5], [0.3, 1.1, -0.4], [0.2, 0.1, 2.0]]),
    [[0.05, -0.03, 0.4], [0.14, 0.02, 0.35], [0.5, 0.0, -0.1]],
)
"""Seen, seen in a corner, behind the camera."""
T_WORLD_SENSOR = T_WORLD_OBJECT @ inverse(T_SENSOR_OBJECT)


def transform(T):
    x, y, z, w = quaternion_from_rotation(T[:3, :3]).tolist()
    return {"quaternion_wxyz": [w, x, y, z], "translation_xyz": T[:3, 3].tolist()}


def seen_by_the_fisheye(T):
    """Where the rays (H, W) of the fisheye camera meet the box, by the method of slabs."""
    pixels = np.stack(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), axis=-1)
    to_object = inverse(T)
    direction = FISHEYE.rays(pixels) @ to_object[:3, :3].T
    planes = np.array([-SIZE / 2, SIZE / 2])[:, None, None]
    depths = np.sort((planes - to_object[:3, 3]) / direction, axis=0)
    return (depths[0].max(-1) <= depths[1].min(-1)) & (depths[1].min(-1) > 0)


def run_lengths(mask):
    """As `encode_binary_mask_rle` of clip_util.py."""
    pixels = np.concatenate([[0], mask.ravel().astype(int), [0]])
    runs = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    runs[1::2] -= runs[::2]
    return {"height": mask.shape[0], "width": mask.shape[1], "rle": runs.tolist()}


def members():
    """Name and content of the files of a clip."""
    rng, files = np.random.default_rng(2), {}
    hand = {"thetas": rng.normal(size=15).tolist(), "wrist_xform": rng.normal(size=6).tolist()}
    for i in range(FRAMES):
        mask, key = seen_by_the_fisheye(T_SENSOR_OBJECT[i]), f"{i:06d}"
        image = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
        image[mask] = (30, 160, 220)
        files[f"{key}.image_214-1.jpg"] = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
        calibration = {
            "label": "camera-rgb",
            "stream_id": "214-1",
            "image_width": WIDTH,
            "image_height": HEIGHT,
            "projection_model_type": "CameraModelType.FISHEYE624",
            "projection_params": CALIBRATION,
            "T_device_from_camera": transform(np.eye(4)),
        }
        camera = {"calibration": calibration, "T_world_from_camera": transform(T_WORLD_SENSOR[i])}
        grey = {**camera, "calibration": {**calibration, "stream_id": "1201-1"}}
        files[f"{key}.cameras.json"] = {"1201-1": grey, "214-1": camera}
        files[f"{key}.image_1201-1.jpg"] = cv2.imencode(".jpg", image[..., 0])[1].tobytes()
        annotation = {
            "object_bop_id": OBJECT,
            "object_name": "carton",
            "T_world_from_object": transform(T_WORLD_OBJECT),
            "masks_modal": {"214-1": run_lengths(mask)},
            "visibilities_modeled": {"214-1": 0.8, "1201-1": 0.7},
            "visibilities_predicted": {"214-1": 0.8, "1201-1": 0.05},
        }
        files[f"{key}.objects.json"] = {OBJECT: [annotation], "12": [annotation]}
        files[f"{key}.hands.json"] = {"left": {"mano_pose": hand}, **({"right": {"mano_pose": hand}} if i < 2 else {})}
        times = {"214-1": 5_000_000_000 + i * 33_333_333, "1201-1": 5_000_000_100 + i * 33_333_333}
        files[f"{key}.info.json"] = {"device": "Aria", "image_timestamps_ns": times}
    files["__hand_shapes.json__"] = {"mano": rng.normal(size=10).tolist(), "umetrack": {}}
    return files


def write_archive(path, files):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


@pytest.fixture(scope="module")
def files():
    return members()


@pytest.fixture
def root(tmp_path, files):
    write_archive(tmp_path / f"{NAME}.tar", files)
    (tmp_path / "object_models_eval").mkdir()
    mesh = trimesh.creation.box(SIZE)
    mesh.export(tmp_path / "object_models_eval" / f"obj_{int(OBJECT):06d}.glb")
    flip = np.diag([-1.0, -1.0, 1.0, 1.0]).ravel().tolist()
    info = {OBJECT: {"diameter": 231.5, "symmetries_discrete": [flip]}}
    folders.write_json(tmp_path / "object_models_eval" / "models_info.json", info)
    return tmp_path


def overlap(a, b):
    return (a & b).sum() / (a | b).sum()


def test_the_rectified_picture_shows_the_object_where_its_pose_says(root):
    clip = hot3d.load_clip(root, f"{NAME}/{OBJECT}")
    assert not clip.camera.is_distorted and (clip.camera.width, clip.camera.height) == (HEIGHT, WIDTH)
    assert clip.object_valid.tolist() == [True, True, False] and len(clip) == FRAMES
    model = clip.object_model()
    np.testing.assert_allclose(model.extents, SIZE, atol=1e-6)
    for i in (0, 1):
        vertices = transform_points(clip.T_camera_object[i], model.vertices)
        expected = rasterize(vertices[None], model.faces, clip.camera)[0][0] >= 0
        assert expected.sum() > 400
        picture = clip.image(i)
        assert picture.shape == (WIDTH, HEIGHT, 3)
        assert overlap(picture[..., 2] > 130, expected) > 0.95  # a border of half a pixel, interpolated and compressed
        assert overlap(clip.object_mask(i), expected) > 0.95
    assert clip.hand_mask(0) is None and clip.depth(0) is None


def test_poses_are_those_of_the_sensor_turned_by_a_quarter(root):
    clip = hot3d.load_clip(root, f"{NAME}/{OBJECT}")
    relative = clip.T_camera_object[:2] @ inverse(T_SENSOR_OBJECT[:2])
    quarter = make_transform(exp_rotation([0, 0, np.pi / 2]), np.zeros(3))
    np.testing.assert_allclose(relative, np.tile(quarter, (2, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(clip.stamp, [0, 1 / 30, 2 / 30], atol=1e-8)
    assert clip.truth().frames_lost == 1 and clip.object_name == "carton"
    assert len(clip.symmetries) == 2


def test_another_stream_is_chosen_by_its_name(root):
    assert hot3d.clip_names(root) == hot3d.clip_names(root, "train_aria") == [f"{NAME}/5", f"{NAME}/12"]
    grey = hot3d.load_clip(root, f"{NAME}/{OBJECT}@1201-1")
    assert not grey.object_valid.any()  # hidden but for 5 percent
    assert np.ptp(grey.image(0).astype(int), axis=2).max() == 0 and not grey.object_mask(0).any()
    with pytest.raises(InputError, match=r"no camera '1201-2'; accepted is one of 214-1, 1201-1"):
        hot3d.load_clip(root, f"{NAME}/{OBJECT}@1201-2")


def test_the_hand_in_the_camera_frame(root, files, mano_path):
    assert not hot3d.load_clip(root, f"{NAME}/{OBJECT}").hand.valid.any()
    clip = hot3d.load_clip(root, f"{NAME}/{OBJECT}", mano=mano_path)
    assert clip.hand.valid.tolist() == [True, True, False] and not clip.hand.joints[2].any()
    model, published = HandModel.load(mano_path), files["000000.hands.json"]["right"]["mano_pose"]
    shape = np.array(files["__hand_shapes.json__"]["mano"])
    fingers = model.prior_mean + np.array(published["thetas"]) @ model.prior_components[:15]
    pose = np.concatenate([published["wrist_xform"][:3], fingers])
    world = model.forward_numpy(pose[None], shape, np.array([published["wrist_xform"][3:]])).joints[0]
    T_camera_world = clip.T_camera_object[0] @ inverse(T_WORLD_OBJECT)
    np.testing.assert_allclose(clip.hand.joints[0], transform_points(T_camera_world, world), atol=1e-9)


def test_masks_are_run_lengths_that_count_from_one():
    mask = np.random.default_rng(0).random((7, 9)) < 0.4
    mask[0, 0] = mask[-1, -1] = True
    np.testing.assert_array_equal(hot3d.run_length_decoded(run_lengths(mask)["rle"], 7, 9), mask)


def test_what_is_missing(root, files):
    with pytest.raises(InputError, match=r"no clip 'train_aria/clip-001849/7' here.*one of 2"):
        hot3d.load_clip(root, f"{NAME}/7")
    with pytest.raises(InputError, match=r"no clip 'nothing' here"):
        hot3d.load_clip(root, "nothing")
    with pytest.raises(InputError, match=r"no test_aria/clip-NNNNNN.tar in .*huggingface"):
        hot3d.clip_names(root, "test_aria")
    with pytest.raises(InputError, match="a mesh is missing"):
        hot3d.load_clip(root, f"{NAME}/12")
    archive = root / f"{NAME}.tar"
    for gone, words in (
        ("000001.image_214-1.jpg", "has no 000001.image_214-1.jpg"),
        ("000002.cameras.json", "has no 000002.cameras.json"),
    ):
        write_archive(archive, {name: content for name, content in files.items() if name != gone})
        with pytest.raises(InputError, match=words):
            hot3d.load_clip(root, f"{NAME}/{OBJECT}")
    without = {n: c for n, c in files.items() if not n.endswith(("objects.json", "hands.json"))}
    write_archive(archive, without)
    for use in (lambda: hot3d.clip_names(root), lambda: hot3d.load_clip(root, f"{NAME}/{OBJECT}")):
        with pytest.raises(InputError, match=r"test splits come without truth|no clip"):
            use()


def test_an_archive_that_was_cut_short_is_refused(root):
    archive = root / f"{NAME}.tar"
    content = archive.read_bytes()
    for size in (len(content) // 2, 700, 0):
        archive.write_bytes(content[:size])
        with pytest.raises(InputError, match=r"download it from https://huggingface"):
            hot3d.load_clip(root, f"{NAME}/{OBJECT}")


def test_a_camera_of_another_model_is_refused(root, files):
    changed = json.loads(json.dumps(files["000000.cameras.json"]))
    changed["214-1"]["calibration"]["projection_model_type"] = "CameraModelType.LINEAR"
    write_archive(root / f"{NAME}.tar", {**files, "000000.cameras.json": changed})
    with pytest.raises(InputError, match=r"CameraModelType.LINEAR' in place of CameraModelType.FISHEYE624"):
        hot3d.load_clip(root, f"{NAME}/{OBJECT}")
    assert isinstance(hot3d.load_clip(root, f"{NAME}/{OBJECT}@1201-1").camera, Camera)
