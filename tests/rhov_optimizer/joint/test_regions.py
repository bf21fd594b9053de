"""Regions of the image as one small batch."""

import cv2
import numpy as np
import pytest
import torch

from rhov_core.camera import Camera
from rhov_core.render import rasterize
from rhov_optimizer.joint.regions import Regions, bounds
from rhov_optimizer.joint.silhouettes import Silhouettes
from rhov_optimizer.packed_mask import PackedMask

CAMERA = Camera.from_focal(400.0, 320, 240)
SQUARE = np.array([[-0.1, -0.05, 1.0], [0.15, -0.05, 1.2], [0.1, 0.12, 1.1], [-0.12, 0.1, 0.9]])
FACES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def _regions(resolution: int = 48) -> Regions:
    uv = CAMERA.project(SQUARE)[None]
    return Regions.around(CAMERA, *bounds(uv, [None]), resolution)


def test_mapped_vertices_project_into_the_region() -> None:
    regions = _regions()
    mapped = regions.mapped(torch.tensor(SQUARE)[None], slice(0, 1))[0].numpy()
    x, y, side = regions.box[0]
    ratio = 48 / side
    expected = (CAMERA.project(SQUARE) - [x, y] + 0.5) * ratio - 0.5
    np.testing.assert_allclose(regions.camera.project(mapped), expected, atol=1e-4)
    np.testing.assert_allclose(mapped[:, 2], SQUARE[:, 2])


@pytest.mark.parametrize("resolution", [32, 200])
def test_the_drawn_region_fits_the_cropped_mask(resolution: int) -> None:
    mask = rasterize(SQUARE[None], FACES, CAMERA)[0][0] >= 0
    regions = _regions(resolution)
    silhouettes = Silhouettes(regions, FACES)
    silhouettes.set_frame(0, mask, np.ones_like(mask))
    vertices = torch.tensor(SQUARE, dtype=torch.float32)[None]
    fitting = float(silhouettes.loss(vertices, slice(0, 1)))
    half_pixel = vertices + torch.tensor([0.5 * 1.05 / 400 * regions.box[0, 2] / resolution, 0, 0])
    assert fitting < 0.004
    assert float(silhouettes.loss(half_pixel, slice(0, 1))) > 1.5 * fitting


def test_loss_counts_trusted_pixels_relative_to_the_area() -> None:
    regions = _regions()
    silhouettes = Silhouettes(regions, FACES)
    mask = rasterize(SQUARE[None], FACES, CAMERA)[0][0] >= 0
    silhouettes.set_frame(0, mask, np.ones_like(mask))
    nowhere = torch.tensor(SQUARE, dtype=torch.float32)[None] + torch.tensor([50.0, 0, 0])
    assert float(silhouettes.loss(nowhere, slice(0, 1))) == pytest.approx(1.0, rel=0.05)
    silhouettes.set_frame(0, mask, np.zeros_like(mask))
    assert float(silhouettes.loss(nowhere, slice(0, 1))) == 0.0


def test_regions_reach_over_the_edge_of_the_image() -> None:
    low, high = np.array([[-30.0, 200.0]]), np.array([[60.0, 260.0]])
    regions = Regions.around(CAMERA, low, high, 32)
    x, _, side = regions.box[0]
    assert x < 0
    crop = regions.crop(np.ones((240, 320), np.bool_), 0)
    assert crop[:, 0].max() == 0
    assert crop.max() == 255
    inside = min(x + side, 320) * min(240 - regions.box[0, 1], side)
    assert crop.astype(float).mean() / 255 == pytest.approx(inside / side**2, rel=0.1)


def test_bounds_hold_pixels_and_masks() -> None:
    mask = np.zeros((240, 320), np.uint8)
    cv2.rectangle(mask, (10, 20), (30, 200), 1, -1)
    low, high = bounds(np.array([[[50.0, 60.0], [70.0, 65.0]]] * 2), [PackedMask.pack(mask), None])
    assert low.tolist() == [[10, 20], [50, 60]]
    assert high.tolist() == [[70, 200], [70, 65]]
