import time
from array import array

import numpy as np
import pytest
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from rhov_core.errors import InputError
from rhov_core.messages import color_from_msg, depth_from_msg, image_to_msg, mask_from_msg, mask_to_msg

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (12, 7, 3), np.uint8)


def test_bgr_survives_without_a_copy():
    message = image_to_msg(PICTURE, "bgr8", Header(frame_id="camera"))
    assert (message.width, message.height, message.step, message.header.frame_id) == (7, 12, 21, "camera")
    back = color_from_msg(message)
    np.testing.assert_array_equal(back, PICTURE)
    assert np.shares_memory(back, np.frombuffer(message.data, np.uint8))
    assert not back.flags.writeable


def test_other_encodings_become_bgr():
    np.testing.assert_array_equal(color_from_msg(image_to_msg(PICTURE, "rgb8", Header())), PICTURE[..., ::-1])
    alpha = np.dstack([PICTURE, np.full((12, 7), 9, np.uint8)])
    np.testing.assert_array_equal(color_from_msg(image_to_msg(alpha, "bgra8", Header())), PICTURE)
    gray = PICTURE[..., 0]
    np.testing.assert_array_equal(color_from_msg(image_to_msg(gray, "mono8", Header())), np.dstack([gray] * 3))


def test_a_part_of_a_picture_is_written_row_by_row():
    np.testing.assert_array_equal(color_from_msg(image_to_msg(PICTURE[2:9, 1:5], "bgr8", Header())), PICTURE[2:9, 1:5])


def test_padded_rows_are_read():
    padded = np.zeros((12, 32), np.uint8)
    padded[:, :21] = PICTURE.reshape(12, 21)
    message = Image(height=12, width=7, encoding="bgr8", step=32, data=array("B", padded.tobytes()))
    np.testing.assert_array_equal(color_from_msg(message), PICTURE)


def test_mask_survives_and_none_is_an_empty_image():
    mask = RNG.random((5, 9)) < 0.5
    message = mask_to_msg(mask, Header())
    assert set(message.data) == {0, 255}
    np.testing.assert_array_equal(mask_from_msg(message), mask)
    assert mask_to_msg(None, Header()).height == 0
    assert mask_from_msg(mask_to_msg(None, Header())) is None


def test_depth_in_metres_and_in_millimetres():
    metres = np.array([[0.5, np.nan, 0.0], [2.0, np.inf, -1.0]], np.float32)
    expected = [[0.5, np.nan, np.nan], [2.0, np.nan, np.nan]]
    np.testing.assert_allclose(depth_from_msg(image_to_msg(metres, "32FC1", Header())), expected)
    millimetres = np.array([[500, 0, 0], [2000, 0, 0]], np.uint16)
    np.testing.assert_allclose(depth_from_msg(image_to_msg(millimetres, "16UC1", Header())), expected)


def test_depth_in_the_other_byte_order():
    data = array("B", np.array([[500, 1000]], ">u2").tobytes())
    message = Image(height=1, width=2, encoding="16UC1", step=4, is_bigendian=1, data=data)
    np.testing.assert_allclose(depth_from_msg(message), [[0.5, 1.0]])


@pytest.mark.parametrize(
    ("image", "encoding"),
    [(PICTURE, "mono8"), (PICTURE[..., 0], "bgr8"), (PICTURE.astype(float), "bgr8"), (PICTURE, "yuv422")],
)
def test_arrays_that_do_not_fit_their_encoding_are_refused(image, encoding):
    with pytest.raises(InputError):
        image_to_msg(image, encoding, Header())


def test_messages_of_the_wrong_size_or_encoding_are_refused():
    good = image_to_msg(PICTURE, "bgr8", Header())
    for name, value in (("width", 8), ("height", 13), ("step", 20), ("encoding", "bayer_rggb8"), ("width", 0)):
        message = image_to_msg(PICTURE, "bgr8", Header())
        setattr(message, name, value)
        with pytest.raises(InputError):
            color_from_msg(message)
    with pytest.raises(InputError, match="32FC1"):
        depth_from_msg(good)
    with pytest.raises(InputError, match="mono8"):
        mask_from_msg(good)


def test_writing_and_reading_a_picture_is_fast():
    picture = np.zeros((480, 640, 3), np.uint8)
    started = time.process_time()
    for _ in range(20):
        color_from_msg(image_to_msg(picture, "bgr8", Header()))
    assert (time.process_time() - started) / 20 < 5e-3  # assigning an array to the field takes 0.2 s
