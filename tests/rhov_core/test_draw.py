import numpy as np
import pytest

from rhov_core.camera import Camera
from rhov_core.draw import AXES, LOST, draw_axes, draw_hand, write_line
from rhov_core.draw_surfaces import Surface, draw_surfaces
from rhov_core.errors import InputError
from rhov_core.object_model import ObjectModel

CAMERA = Camera.from_focal(100, 80, 60)
GREY = np.full((60, 80, 3), 128, np.uint8)
AHEAD = np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1]])
"""A frame 1 m in front of the camera."""
BLUE, RED = (255, 0, 0), (0, 0, 255)
CUBE = ObjectModel.box((0.1, 0.1, 0.1), "cube")


def cube_at(x, y, z, color, **more):
    return Surface(CUBE.vertices + np.array([x, y, z]), CUBE.faces, color, **more)


def changed(picture):
    return (picture != GREY).any(axis=2)


@pytest.mark.parametrize(
    "draw",
    [
        lambda image: draw_axes(image, CAMERA, AHEAD, 0.1),
        lambda image: draw_hand(image, CAMERA, np.tile([0, 0, 1.0], (21, 1))),
        lambda image: write_line(image, "text"),
        lambda image: draw_surfaces(image, [cube_at(0, 0, 0.5, RED)], CAMERA),
    ],
)
def test_the_given_image_is_left_alone(draw):
    image = GREY.copy()
    image.flags.writeable = False
    out = draw(image)
    assert out.shape == image.shape and out.dtype == np.uint8 and changed(out).any()
    assert not changed(image).any()


def test_axes_point_where_the_frame_points():
    out = draw_axes(GREY, CAMERA, AHEAD, 0.2)
    x, y = np.rint([CAMERA.cx, CAMERA.cy]).astype(int)
    np.testing.assert_array_equal(out[y, x + 12], AXES[0])
    np.testing.assert_array_equal(out[y + 12, x], AXES[1])
    assert not changed(out)[:, : x - 4].any() and not changed(out)[: y - 4].any()


def test_what_lies_behind_the_camera_or_far_outside_is_not_drawn():
    T = np.eye(4)
    T[2, 3] = -1.0
    assert not changed(draw_axes(GREY, CAMERA, T, 0.2)).any()
    joints = np.tile([0.0, 0, 1], (21, 1))
    joints[4] = [1e9, 0, 1e-3]
    joints[8, 2] = -1
    assert changed(draw_hand(GREY, CAMERA, joints)).any()


def test_every_finger_has_its_colour():
    joints = np.zeros((21, 3))
    joints[:, 2] = 1.0
    for finger in range(5):
        joints[1 + 4 * finger : 5 + 4 * finger, 0] = 0.08 * (finger - 2)
        joints[1 + 4 * finger : 5 + 4 * finger, 1] = -0.06 * np.arange(1, 5)
    out = draw_hand(GREY, CAMERA, joints)
    tips = np.rint(CAMERA.project(joints[4::4])).astype(int)
    assert len({tuple(out[y, x]) for x, y in tips}) == 5


def test_text_is_written_at_the_top_only():
    out = write_line(GREY, "frame 7", LOST)
    assert changed(out)[:20].any() and not changed(out)[30:].any()
    assert (write_line(GREY, "frame 8", LOST) != out).any()


def test_surface_covers_its_silhouette():
    out = draw_surfaces(GREY, [cube_at(0, 0, 0.5, RED, opacity=1.0, outline=0)], CAMERA)
    ys, xs = np.nonzero(changed(out))
    front = 0.05 / 0.45 * 100
    for low, high, centre in ((xs.min(), xs.max(), CAMERA.cx), (ys.min(), ys.max(), CAMERA.cy)):
        assert front - 1 < centre - low <= front and front - 1 < high - centre <= front
    assert out[30, 40, 2] > 200 and out[30, 40, 0] == 0


def test_the_nearer_surface_hides_the_other_whatever_their_order():
    near, far = cube_at(0, 0, 0.5, RED, opacity=1.0), cube_at(0.02, 0, 0.8, BLUE, opacity=1.0)
    a, b = (draw_surfaces(GREY, pair, CAMERA) for pair in ([near, far], [far, near]))
    assert a[30, 40, 2] > 200 and a[30, 40, 0] < 20
    assert b[30, 40, 2] > 200 and b[30, 40, 0] < 20


def test_faces_turned_away_are_darker():
    turned = CUBE.vertices @ np.array([[0.6, 0, 0.8], [0, 1, 0], [-0.8, 0, 0.6]]) + [0, 0, 0.6]
    out = draw_surfaces(GREY, [Surface(turned, CUBE.faces, (255, 255, 255), 1.0, 0)], CAMERA)
    shades = np.unique(out[changed(out)][:, 0])
    assert len(shades) >= 2 and shades.max() - shades.min() > 20


def test_opacity_is_the_share_of_the_surface():
    clear = draw_surfaces(GREY, [cube_at(0, 0, 0.5, BLUE, opacity=0.0, outline=0)], CAMERA)
    half = draw_surfaces(GREY, [cube_at(0, 0, 0.5, BLUE, opacity=0.5, outline=0)], CAMERA)
    assert not changed(clear).any()
    assert half[30, 40, 2] == 64


def test_surface_outside_the_picture_draws_nothing():
    assert not changed(draw_surfaces(GREY, [cube_at(5, 0, 0.5, RED)], CAMERA)).any()
    assert not changed(draw_surfaces(GREY, [], CAMERA)).any()


def test_bad_faces_and_distorted_cameras_are_refused():
    with pytest.raises(InputError):
        draw_surfaces(GREY, [Surface(CUBE.vertices, CUBE.faces + 8)], CAMERA)
    with pytest.raises(InputError, match="distortion"):
        draw_surfaces(GREY, [cube_at(0, 0, 1, RED)], Camera(CAMERA.K, 80, 60, np.array([0.1, 0, 0, 0])))
