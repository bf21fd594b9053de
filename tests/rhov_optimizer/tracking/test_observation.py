import numpy as np

from rhov_core.camera import Camera
from rhov_core.cues import FrameCues
from rhov_optimizer.tracking.config import TrackerConfig
from rhov_optimizer.tracking.observation import MaskObservation, widened_hand

CAMERA = Camera.from_focal(100, 80, 60)


def cues(**masks):
    return FrameCues(0, 0.0, (80, 60), **masks)


def block(rows, columns):
    mask = np.zeros((60, 80), bool)
    mask[rows, columns] = True
    return mask


def test_what_covers_the_object_is_left_out_with_a_margin_and_the_drawn_hand_only_without_it():
    hand, cover = block(slice(0, 10), slice(0, 10)), block(slice(30, 40), slice(40, 50))
    widened = widened_hand(cues(hand_mask=hand, cover_mask=cover), 3)
    np.testing.assert_array_equal(widened, block(slice(27, 43), slice(37, 53)))
    np.testing.assert_array_equal(widened_hand(cues(hand_mask=hand), 0), hand)
    assert widened_hand(cues(), 3) is None
    assert widened_hand(cues(hand_mask=hand, cover_mask=block(slice(0), slice(0))), 3) is None


def test_borders_next_to_a_cover_are_no_contour():
    thing, arm = block(slice(10, 50), slice(10, 40)), block(slice(10, 50), slice(40, 60))
    taken = [
        MaskObservation.take(cues(object_mask=thing, cover_mask=c), None, None, CAMERA, TrackerConfig())
        for c in (None, arm)
    ]
    assert (taken[0].contour.points[:, 0] > 35).any()
    assert len(taken[1].contour.points) > 50 and (taken[1].contour.points[:, 0] < 36).all()


def test_the_distance_is_known_as_far_as_it_is_needed():
    taken = [
        MaskObservation.take(
            cues(object_mask=block(slice(20, 40), slice(30, 50))), None, None, CAMERA, TrackerConfig(), reach=reach
        ).contour
        for reach in (6, 12)
    ]
    near, far = taken
    assert (near.x0, near.y0) == (24, 14) and near.distance.shape == (32, 32)
    assert (far.x0, far.y0) == (18, 8) and far.distance.shape == (44, 44)
    rows, columns = (places.ravel() for places in np.indices(near.distance.shape))
    np.testing.assert_array_equal(near.distance.at(rows, columns), far.distance.at(rows + 6, columns + 6))
    np.testing.assert_array_equal(near.points, far.points)
