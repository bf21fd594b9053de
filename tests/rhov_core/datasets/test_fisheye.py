import math

import numpy as np
import pytest

from rhov_core.datasets.fisheye import FisheyeCamera
from rhov_core.errors import InputError

ARIA = [
    *(242.0503165415735, 319.8053191211108, 240.9679064324467),
    *(-0.02689165420917155, 0.1019919163316408, -0.07180862612716554),
    *(0.01245898233008245, 0.001242086400994195, -0.0004149914187376608),
    *(0.0005499786009926172, 0.0005819661606400815),
    *(-0.001232007804086031, -0.0003868334860997226, -0.0005963449586486949, 1.071922498768078e-05),
]
"""The parameters of projectaria_tools' own test (CameraProjectionTest.cpp)."""
QUEST = [504.6, 503.1, 638.4, 509.4, 0.044, -0.0449, 0.0161, -0.0109, 0.0035, -0.0005, 0.0005, -5e-05, 0, 0, 0, 0]


def published(parameters, point):
    """The comment at the head of FisheyeRadTanThinPrism.h, word by word."""
    f, cu, cv, *k = parameters
    k, (p0, p1), (s0, s1, s2, s3) = k[:6], k[6:8], k[8:]
    a, b = point[0] / point[2], point[1] / point[2]
    r = math.sqrt(a * a + b * b)
    th = math.atan(r)
    radial = th + sum(k[i] * th ** (2 * i + 3) for i in range(6))
    xr, yr = radial * a / r, radial * b / r
    rd2 = xr**2 + yr**2
    u = xr + (2 * xr**2 + rd2) * p0 + 2 * xr * yr * p1 + s0 * rd2 + s1 * rd2**2
    v = yr + (2 * yr**2 + rd2) * p1 + 2 * xr * yr * p0 + s2 * rd2 + s3 * rd2**2
    return [f * u + cu, f * v + cv]


@pytest.fixture
def aria():
    return FisheyeCamera.from_parameters(ARIA, 640, 480)


def test_projection_is_the_published_formula(aria):
    points = np.random.default_rng(0).normal([0, 0, 1], [0.8, 0.8, 0.1], (50, 3))
    expected = np.array([published(ARIA, p) for p in points])
    np.testing.assert_allclose(aria.project(points), expected, atol=1e-10)
    # as projectaria_tools 2.3 gives it
    np.testing.assert_allclose(aria.project([1.0, 1.0, 5.0]), [366.92070815, 288.0960898], atol=1e-7)
    np.testing.assert_allclose(aria.project([0.0, 0.0, 2.0]), ARIA[1:3])


def test_rays_lead_back_to_their_pixels(aria):
    pixels = np.stack(np.meshgrid(np.linspace(60, 580, 15), np.linspace(20, 460, 15)), axis=-1)
    rays = aria.rays(pixels)
    assert rays.shape == (15, 15, 3) and (rays[..., 2] == 1).all()
    np.testing.assert_allclose(aria.project(3.0 * rays), pixels, atol=1e-9)
    np.testing.assert_array_equal(aria.rays(ARIA[1:3]), [0, 0, 1])


def test_the_derivative_of_the_distortion(aria):
    xy = np.random.default_rng(1).normal(0, 0.7, (20, 2))
    numeric = np.empty((20, 2, 2))
    for i in range(2):
        step = 1e-6 * np.eye(2)[i]
        numeric[..., i] = (aria._bent(xy + step) - aria._bent(xy - step)) / 2e-6
    np.testing.assert_allclose(aria._bent_derivative(xy), numeric, atol=1e-8)
    angle = np.linspace(0, 1.2, 20)
    slope = (aria._radius(angle + 1e-6) - aria._radius(angle - 1e-6)) / 2e-6
    np.testing.assert_allclose(aria._slope(angle), slope, atol=1e-8)


def test_two_focal_lengths_come_as_sixteen_parameters():
    quest = FisheyeCamera.from_parameters(QUEST, 1280, 1024)
    assert quest.focal == (504.6, 503.1) and quest.centre == (638.4, 509.4)
    one = FisheyeCamera.from_parameters([QUEST[0], *QUEST[2:]], 1280, 1024)
    point = np.array([0.3, -0.4, 1.0])
    difference = quest.project(point) - one.project(point)
    assert difference[0] == 0 and difference[1] == pytest.approx((503.1 / 504.6 - 1) * (one.project(point)[1] - 509.4))


def test_what_the_polynomial_does_not_describe_is_left_out():
    folding = FisheyeCamera.from_parameters([100.0, 50, 50, -0.5, *[0.0] * 11], 100, 100)
    assert folding.widest_angle == pytest.approx(math.sqrt(2 / 3))  # the slope 1 - 1.5 t^2 ends there
    inside, outside = np.array([math.sin(0.8), 0, math.cos(0.8)]), np.array([math.sin(0.9), 0, math.cos(0.9)])
    assert np.isfinite(folding.project(inside)).all() and np.isnan(folding.project(outside)).all()
    assert np.isnan(folding.project([0.1, 0.1, -1.0])).all()
    assert np.isfinite(folding.rays([100.0, 50.0])).all() and np.isnan(folding.rays([150.0, 50.0])).all()


@pytest.mark.parametrize("parameters", [ARIA[:14], [-1.0, *ARIA[1:]], [*ARIA[:14], np.nan]])
def test_what_is_no_camera_is_refused(parameters):
    with pytest.raises(InputError, match="15 or 16 finite"):
        FisheyeCamera.from_parameters(parameters, 640, 480)
