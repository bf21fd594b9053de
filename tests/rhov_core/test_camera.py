"""The camera model: projection against its inverse and against first principles, regions, files."""

import dataclasses

import cv2
import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rhov_core.camera import Camera
from rhov_core.errors import InputError

DISTORTIONS = {
    "none": [],
    "plumb_bob": [-0.25, 0.1, 1e-3, -5e-4, -0.02],
    "four": [-0.1, 0.02, 1e-3, 1e-3],
    "rational": [0.5, -0.2, 1e-3, -1e-3, 0.05, 0.8, -0.1, 0.02],
}
distortions = pytest.mark.parametrize("distortion", DISTORTIONS.values(), ids=DISTORTIONS)


def make(distortion=()):
    K = np.array([[600.0, 0, 310.5], [0, 590.0, 245.25], [0, 0, 1]])
    return Camera(K, 640, 480, np.array(distortion))


def in_view(seed, count=50):
    rng = np.random.default_rng(seed)
    z = rng.uniform(0.2, 3, (count, 1))
    return np.concatenate([rng.uniform([-0.45, -0.35], [0.45, 0.35], (count, 2)) * z, z], 1)


@distortions
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_rays_undo_project(distortion, seed):
    camera, points = make(distortion), in_view(seed)
    pixels = camera.project(points)
    assert np.isfinite(pixels).all()
    rays = camera.rays(pixels)
    np.testing.assert_array_equal(rays[:, 2], 1.0)
    np.testing.assert_allclose(rays * points[:, 2:], points, atol=1e-6)
    np.testing.assert_allclose(camera.project(rays), pixels, atol=1e-4)


@distortions
def test_batch_shapes(distortion):
    camera, points = make(distortion), in_view(0, 24)
    flat = camera.project(points)
    np.testing.assert_array_equal(camera.project(points.reshape(2, 3, 4, 3)), flat.reshape(2, 3, 4, 2))
    np.testing.assert_array_equal(camera.project(points[0]), flat[0])
    np.testing.assert_allclose(camera.rays(flat.reshape(4, 6, 2)), camera.rays(flat).reshape(4, 6, 3))
    assert camera.project(np.zeros((0, 3))).shape == (0, 2)
    assert camera.rays(np.zeros((0, 2))).shape == (0, 3)


def test_projection_from_first_principles():
    camera, points = make(), in_view(1)
    homogeneous = points @ camera.K.T
    np.testing.assert_allclose(camera.project(points), homogeneous[:, :2] / homogeneous[:, 2:], atol=1e-9)
    np.testing.assert_allclose(camera.project([0, 0, 2.0]), [310.5, 245.25])
    right_and_down = camera.project([[0.1, 0, 1], [0, 0.1, 1]])
    assert right_and_down[0, 0] > 310.5 and right_and_down[1, 1] > 245.25


def test_behind_the_camera_is_nowhere():
    pixels = make().project([[0.1, 0.2, -1.0], [0.1, 0.2, 0.0], [0.1, 0.2, 1.0], [0.1, 0.2, np.nan]])
    np.testing.assert_array_equal(np.isnan(pixels).all(1), [True, True, False, True])


@distortions
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), x=st.integers(-50, 600), y=st.integers(-50, 400))
def test_a_region_shifts_pixels(distortion, seed, x, y):
    camera, points = make(distortion), in_view(seed)
    part = camera.cropped(x, y, 40, 30)
    assert (part.width, part.height) == (40, 30)
    np.testing.assert_allclose(part.project(points), camera.project(points) - [x, y], atol=1e-6)


@distortions
@pytest.mark.parametrize("size", [(320, 240), (1280, 960), (160, 480), (213, 159)])
def test_scaling_agrees_with_resizing_an_image(distortion, size):
    camera = make(distortion)
    small = camera.scaled(*size)
    pixels, factor = camera.project(in_view(2)), np.array(size) / [640, 480]
    # The corners of the image are at -0.5 and at size - 0.5.
    np.testing.assert_allclose(small.project(in_view(2)) + 0.5, (pixels + 0.5) * factor, atol=1e-6)
    back = small.scaled(640, 480)
    np.testing.assert_allclose(back.K, camera.K, atol=1e-9)


def test_scaling_agrees_with_opencv_resize():
    image = np.zeros((480, 640), np.float32)
    image[200:204, 300:304] = 1.0
    small = cv2.resize(image, (160, 120), interpolation=cv2.INTER_AREA)
    camera = make()
    at = camera.scaled(160, 120).project(camera.rays([301.5, 201.5]))
    row, column = np.unravel_index(small.argmax(), small.shape)
    np.testing.assert_allclose(at, [column, row], atol=1e-9)


def test_rectified_images_fit_the_rectified_camera():
    camera = make(DISTORTIONS["plumb_bob"])
    image = np.zeros((480, 640), np.uint8)
    points = in_view(3, 8) * [0.6, 0.6, 1]
    for u, v in np.rint(camera.project(points)).astype(int):
        image[v - 2 : v + 3, u - 2 : u + 3] = 255
    straight = camera.rectify(image)
    for u, v in np.rint(camera.rectified().project(points)).astype(int):
        assert straight[v, u] > 128
    assert not camera.rectified().is_distorted and camera.is_distorted
    assert make().rectify(image) is image
    assert not make([0.0, 0.0, 0.0, 0.0]).is_distorted


def test_guesses():
    camera = Camera.guess(640, 480)
    assert camera.fx == camera.fy == 768
    np.testing.assert_allclose(camera.project([0, 0, 1.0]), [319.5, 239.5])


@distortions
def test_file_round_trip(distortion, tmp_path):
    camera = make(distortion)
    camera.save(tmp_path / "camera.yaml")
    again = Camera.load(tmp_path / "camera.yaml")
    np.testing.assert_array_equal(again.K, camera.K)
    assert (again.width, again.height) == (640, 480)
    np.testing.assert_allclose(again.project(in_view(4)), camera.project(in_view(4)))
    assert [p.name for p in tmp_path.iterdir()] == ["camera.yaml"]


def test_reads_what_the_ros_calibrator_writes(tmp_path):
    (tmp_path / "head.yaml").write_text(
        "image_width: 640\nimage_height: 480\ncamera_name: head\n"
        "camera_matrix:\n  rows: 3\n  cols: 3\n  data: [600.0, 0., 310.5, 0., 590.0, 245.25, 0., 0., 1.]\n"
        "distortion_model: plumb_bob\n"
        "distortion_coefficients:\n  rows: 1\n  cols: 5\n  data: [-0.25, 0.1, 0.001, -0.0005, -0.02]\n"
        "rectification_matrix:\n  rows: 3\n  cols: 3\n  data: [1., 0., 0., 0., 1., 0., 0., 0., 1.]\n"
        "projection_matrix:\n  rows: 3\n  cols: 4\n  data: [1., 0., 0., 0., 0., 1., 0., 0., 0., 0., 1., 0.]\n"
    )
    camera = Camera.load(tmp_path / "head.yaml")
    np.testing.assert_array_equal(camera.K, make().K)
    np.testing.assert_array_equal(camera.distortion, DISTORTIONS["plumb_bob"])


def content():
    return make(DISTORTIONS["plumb_bob"]).to_dict()


@pytest.mark.parametrize(
    "change",
    [
        {"camera_matrix": None},
        {"camera_matrix": {"data": [1, 2, 3]}},
        {"camera_matrix": {"data": [600, 0, 320, 0, float("nan"), 240, 0, 0, 1]}},
        {"camera_matrix": {"data": [600, 0, 320, 0, -600, 240, 0, 0, 1]}},
        {"camera_matrix": {"data": [600, 0, 320, 0, 600, 240, 0, 0, 2]}},
        {"camera_matrix": {"data": [600, 3, 320, 0, 600, 240, 0, 0, 1]}},
        {"camera_matrix": {"data": "600"}},
        {"image_width": 0},
        {"image_height": -480},
        {"image_width": "wide"},
        {"image_width": 640.5},
        {"distortion_model": "equidistant"},
        {"distortion_coefficients": {"data": [0.1, 0.2]}},
        {"distortion_coefficients": {"data": [0.1, float("inf"), 0, 0, 0]}},
        {"distortion_coefficients": 3},
    ],
)
def test_bad_files_are_refused(change, tmp_path):
    (tmp_path / "camera.yaml").write_text(yaml.safe_dump(content() | change))
    with pytest.raises(InputError) as caught:
        Camera.load(tmp_path / "camera.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "- 1", "a: [", "\x00", "42", "image_width: 3"])
def test_other_files_are_refused(text, tmp_path):
    (tmp_path / "camera.yaml").write_text(text)
    with pytest.raises(InputError, match=r"camera\.yaml") as caught:
        Camera.load(tmp_path / "camera.yaml")
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"nothing\.yaml"):
        Camera.load(tmp_path / "nothing.yaml")
    with pytest.raises(InputError):
        Camera.load(tmp_path)


def test_another_image_size_is_refused():
    make().require_size(640, 480, "the video")
    with pytest.raises(InputError, match="640x480 pixels but the video has 320x240"):
        make().require_size(320, 240, "the video")


def test_a_camera_cannot_be_changed():
    camera = make()
    with pytest.raises(dataclasses.FrozenInstanceError):
        camera.width = 3
    with pytest.raises(ValueError, match="read-only"):
        camera.K[0, 0] = 3
