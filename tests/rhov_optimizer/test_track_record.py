import numpy as np
import pytest

from rhov_core.errors import InputError
from rhov_optimizer.packed_mask import PackedMask
from rhov_optimizer.track_record import TrackRecord


@pytest.mark.parametrize("fill", [0.0, 0.02, 0.5, 1.0])
def test_packed_mask_returns_the_same_mask(fill: float) -> None:
    mask = np.random.default_rng(1).random((37, 53)) < fill
    packed = PackedMask.pack(mask)
    assert packed.image_size == (53, 37)
    assert packed.is_empty == (not mask.any())
    np.testing.assert_array_equal(packed.unpack(), mask)


def test_packed_mask_is_small() -> None:
    mask = np.zeros((480, 640), np.uint8)
    mask[100:300, 200:400] = 255
    packed = PackedMask.pack(mask)
    assert packed.bits.nbytes == 200 * 200 // 8
    np.testing.assert_array_equal(packed.unpack(), mask > 0)


def test_record_refuses_what_does_not_fit() -> None:
    mask = PackedMask.pack(np.ones((4, 6)))
    TrackRecord(0, 0.0, (6, 4), object_mask=mask)
    with pytest.raises(InputError, match="object_mask"):
        TrackRecord(0, 0.0, (4, 6), object_mask=mask)
    with pytest.raises(InputError, match="flow_target"):
        TrackRecord(0, 0.0, (6, 4), flow_source=np.zeros((2, 2)), flow_target=np.zeros((3, 2)))
    with pytest.raises(InputError, match="match_keyframe"):
        TrackRecord(0, 0.0, (6, 4), match_keyframe=np.array([1, 2]), match_target=np.zeros((1, 2)))
    with pytest.raises(InputError, match="finite"):
        TrackRecord(0, 0.0, (6, 4), flow_source=np.full((1, 2), np.nan), flow_target=np.zeros((1, 2)))
