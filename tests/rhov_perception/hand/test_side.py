"""Drawn hands: the thumb in skin, the fingers in skin or hidden by something blue."""

import itertools
from dataclasses import replace

import cv2
import numpy as np
import pytest
from synthetic_hand import CAMERA, PALM_TO_CAMERA, SKELETONS, detect, make_truth

from rhov_perception.hand.side import SideVote, grasp_evidence
from rhov_perception.hand.skeleton import pose_keypoints
from rhov_perception.hand.solver import HandState

SKIN, BLUE, GREY = (130, 160, 215), (180, 90, 40), (120, 120, 120)
FLIP = np.diag([-1.0, 1, 1])
TO_BACK = np.diag([-1.0, 1, -1])  # half a turn about the image's vertical


def scene(side, palm_to_camera, hidden, rng=None):
    """A hand with the fingers up and a picture of it; `hidden` fingers lie behind a blue thing."""
    rotation = PALM_TO_CAMERA if side == "right" else FLIP @ PALM_TO_CAMERA @ FLIP
    rotation = rotation if palm_to_camera else TO_BACK @ rotation
    truth = make_truth(rng or np.random.default_rng(0), side, rotation, np.array([0.0, 0.06, 0.5]))
    detection = detect(truth)
    image = np.full((480, 640, 3), GREY, np.uint8)
    points = np.rint(detection.keypoints).astype(int)
    cv2.fillConvexPoly(image, cv2.convexHull(points[[0, 1, 5, 9, 13, 17]].astype(np.int32)), SKIN)
    for finger in range(5):
        chain = [0, *range(4 * finger + 1, 4 * finger + 5)]
        colour = BLUE if finger in hidden else SKIN
        for a, b in itertools.pairwise(chain[1:]):
            cv2.line(image, points[a].tolist(), points[b].tolist(), colour, 22)
    cv2.line(image, points[0].tolist(), points[1].tolist(), SKIN, 30)
    for a, b in ((1, 2), (2, 3), (3, 4)):
        cv2.line(image, points[a].tolist(), points[b].tolist(), BLUE if 0 in hidden else SKIN, 22)
    return detection, image


@pytest.mark.parametrize("side", ["right", "left"])
def test_an_object_in_front_of_the_fingers_shows_that_the_palm_faces_the_camera(side):
    sign = 1 if side == "right" else -1
    detection, image = scene(side, palm_to_camera=True, hidden=[1, 2, 3, 4])
    assert grasp_evidence(detection, image) == sign
    # the same picture as seen by a detector that takes it for the other hand
    assert grasp_evidence(detect_as_other(detection), image) == sign


def detect_as_other(detection):
    return replace(detection, side="left" if detection.side == "right" else "right")


@pytest.mark.parametrize("hidden", [[], [1, 2], [0, 1, 2, 3, 4]])
def test_no_evidence_while_fingers_are_seen_or_the_thumb_is_hidden_too(hidden):
    for palm_to_camera in (True, False):
        assert grasp_evidence(*scene("right", palm_to_camera, hidden)) == 0


def test_a_thumb_that_the_object_hides_in_part_is_no_evidence():
    detection, image = scene("right", True, [1, 2, 3, 4])
    assert grasp_evidence(detection, image) == 1
    middle, end = np.rint(detection.keypoints[[2, 3]]).astype(int)
    cv2.circle(image, end.tolist(), round(0.4 * float(np.linalg.norm(end - middle))), BLUE, -1)
    assert grasp_evidence(detection, image) == 0


def test_a_hand_seen_edge_on_is_no_evidence():
    edge_on = np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, -1]])
    truth = make_truth(np.random.default_rng(0), "right", edge_on, np.array([0.0, 0.06, 0.5]))
    detection = detect(truth)
    keypoints = detection.keypoints
    area = abs(np.cross(keypoints[5] - keypoints[0], keypoints[17] - keypoints[0]))
    assert area < 0.02 * detection.size**2  # the premise
    image = np.full((480, 640, 3), BLUE, np.uint8)
    for a, b in ((0, 1), (1, 2), (2, 3), (3, 4)):
        cv2.line(image, np.rint(keypoints[a]).astype(int).tolist(), np.rint(keypoints[b]).astype(int).tolist(), SKIN, 9)
    assert grasp_evidence(detection, image) == 0


def test_keypoints_outside_the_image_are_no_evidence():
    detection, image = scene("right", True, [1, 2, 3, 4])
    assert grasp_evidence(detection, image[:200]) == 0


def test_the_vote_sums_what_images_say_and_is_outvoted_by_grasps():
    shown, picture = scene("right", palm_to_camera=False, hidden=[])
    vote = SideVote()
    vote.add(shown, picture, said=2.0)
    assert vote.side == "right"
    for _ in range(2):  # a flicker
        vote.add(shown, picture, said=-1.5)
    assert vote.side == "left"
    grasping, hiding = scene("left", palm_to_camera=True, hidden=[1, 2, 3, 4])
    wrong = SideVote()
    for _ in range(5):
        wrong.add(grasping, hiding, said=2.5)
    assert wrong.side == "left"


def test_the_hand_that_fits_better_outvotes_landmarks_that_say_little():
    shown, picture = scene("right", palm_to_camera=False, hidden=[])
    vote, believing = SideVote(), SideVote()
    vote.add(shown, picture, said=-0.5, advantage=5.0)
    believing.add(shown, picture, said=-0.5)
    assert (vote.side, believing.side) == ("right", "left")


def test_one_image_decides_nothing_for_good():
    shown, picture = scene("right", palm_to_camera=False, hidden=[])
    vote = SideVote()
    vote.add(shown, picture, said=1000.0, advantage=1000.0)
    for _ in range(2):
        vote.add(shown, picture, said=-3.0, advantage=-6.0)
    assert vote.side == "left"


def test_guessed_landmarks_count_less():
    shown, picture = scene("right", palm_to_camera=False, hidden=[])
    vote = SideVote()
    for _ in range(3):
        vote.add(shown, picture, said=-2.0, expected_error=0.15)
    vote.add(shown, picture, said=2.0, expected_error=0.02)
    assert vote.side == "right"


def test_many_unclear_images_do_not_outweigh_a_few_clear_ones():
    """As where a hand comes into the picture, or is hidden for long, before it is well seen."""
    shown, picture = scene("right", palm_to_camera=False, hidden=[])
    vote = SideVote()
    for _ in range(15):
        vote.add(shown, picture, said=-2.0, expected_error=0.1)
    for _ in range(2):
        vote.add(shown, picture, said=2.0, expected_error=0.02)
    assert vote.side == "right"


def test_a_given_side_is_kept():
    vote = SideVote("left")
    shown, picture = scene("right", palm_to_camera=False, hidden=[])
    for _ in range(10):
        vote.add(shown, picture, said=2.0)
    assert vote.side == "left"


def test_the_picture_is_what_it_claims():
    """Seen from its palm with the fingers up, a right hand has its thumb on the right."""
    state = HandState(PALM_TO_CAMERA, np.array([0.0, 0.06, 0.5]), SKELETONS["right"].relaxed)
    pixels = CAMERA.project(pose_keypoints(*state, SKELETONS["right"])[0])
    assert pixels[4, 0] > pixels[0, 0] + 20
    assert pixels[12, 1] < pixels[0, 1] - 100
