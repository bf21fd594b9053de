"""The crop of a picture around the object: small, and in the right place."""

import numpy as np
import pytest

from rhov_core.cues import FrameCues
from rhov_core.errors import InputError
from rhov_core.picture_crop import LARGEST, PictureCrop


def ramp(width=320, height=240):
    """A picture whose colours say where they are: blue is half the column, green the row, red nothing."""
    u, v = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([u // 2, v, 0 * u], axis=-1).astype(np.uint8)


def block(rows, columns, width=320, height=240):
    mask = np.zeros((height, width), bool)
    mask[rows, columns] = True
    return mask


@pytest.mark.parametrize("rows", [slice(100, 120), slice(0, 240), slice(200, 240)])
@pytest.mark.parametrize("columns", [slice(30, 60), slice(0, 320), slice(290, 320), slice(7, 9)])
def test_pixels_are_where_the_crop_says(rows, columns):
    crop = PictureCrop.around(ramp(), block(rows, columns))
    assert max(crop.pixels.shape[:2]) <= LARGEST
    centres = crop.centres
    np.testing.assert_allclose(crop.pixels[..., 0], centres[..., 0] / 2, atol=1.0)
    np.testing.assert_allclose(crop.pixels[..., 1], centres[..., 1], atol=1.0)
    inside = [centres[0, 0] <= [columns.start + crop.step, rows.start + crop.step]]
    inside.append(centres[-1, -1] >= [columns.stop - 1 - 2 * crop.step, rows.stop - 1 - 2 * crop.step])
    assert np.all(inside)
    FrameCues(0, 0.0, (320, 240), crop=crop)


def test_small_objects_are_not_made_smaller():
    picture = ramp()
    crop = PictureCrop.around(picture, block(slice(100, 150), slice(100, 160)))
    assert crop.step == 1
    rows, columns = slice(crop.y0, crop.y0 + crop.pixels.shape[0]), slice(crop.x0, crop.x0 + crop.pixels.shape[1])
    np.testing.assert_array_equal(crop.pixels, picture[rows, columns])


def test_without_a_mask_there_is_none():
    assert PictureCrop.around(ramp(), None) is None
    assert PictureCrop.around(ramp(), np.zeros((240, 320), bool)) is None


def test_crops_of_other_images_are_refused():
    crop = PictureCrop(np.zeros((10, 10, 3), np.uint8), 300, 0, 3)
    with pytest.raises(InputError, match="330"):
        FrameCues(0, 0.0, (320, 240), crop=crop)
    for change in ({"step": 0}, {"x0": -1}, {"pixels": np.zeros((0, 3, 3), np.uint8)}):
        with pytest.raises(InputError):
            PictureCrop(**{"pixels": crop.pixels, "x0": 0, "y0": 0, "step": 1} | change)
