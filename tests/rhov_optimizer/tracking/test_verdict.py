from dataclasses import replace

import pytest

from rhov_core.trajectory import ObjectState
from rhov_optimizer.tracking.config import TrackerConfig
from rhov_optimizer.tracking.verdict import Evidence, judge

LOST, TRACKED, FOUND = ObjectState.LOST, ObjectState.TRACKED, ObjectState.REINITIALISED
NAN = float("nan")
GOOD = Evidence(
    sound=True,
    searched=False,
    continuous=False,
    carried=False,
    iou=0.97,
    witness_iou=0.95,
    covered=0.98,
    mask_score=0.6,
    feature_inliers=200,
    features_expected=True,
    hand_off=0.0,
)
MISSED = replace(GOOD, feature_inliers=0, continuous=True)
PLAIN = replace(GOOD, feature_inliers=0, features_expected=False)
CARRIED = replace(PLAIN, carried=True, continuous=True, iou=0.4, witness_iou=0.4)
SEARCHED = replace(PLAIN, searched=True)


@pytest.mark.parametrize(
    ("evidence", "state"),
    [
        (GOOD, TRACKED),
        (replace(GOOD, searched=True), FOUND),
        (replace(GOOD, sound=False), LOST),
        (replace(GOOD, iou=0.74), LOST),
        (replace(GOOD, iou=NAN), TRACKED),  # no mask at all: features suffice
        (replace(GOOD, feature_inliers=14), LOST),
        (replace(GOOD, feature_inliers=14, iou=0.99, witness_iou=0.99), LOST),  # a mask cannot acquit after a jump
        (replace(MISSED, searched=True, continuous=False), LOST),
        (MISSED, TRACKED),  # but it can where the pose goes on from a good one
        (replace(MISSED, searched=True), FOUND),
        (replace(MISSED, iou=0.89), LOST),
        (replace(MISSED, witness_iou=0.89), LOST),  # the mask that the pose seeded confirms itself
        (replace(MISSED, witness_iou=NAN), LOST),
        (replace(MISSED, mask_score=0.05), LOST),
        (replace(GOOD, witness_iou=0.1, mask_score=0.0), TRACKED),  # features can, against a mask that drifted
        (PLAIN, TRACKED),
        (replace(PLAIN, iou=0.74), LOST),
        (replace(PLAIN, iou=NAN, witness_iou=NAN), LOST),
        (replace(PLAIN, mask_score=0.05), LOST),
        (replace(PLAIN, witness_iou=0.55), LOST),
        (replace(PLAIN, witness_iou=0.65), TRACKED),
        (replace(PLAIN, witness_iou=NAN), TRACKED),
        (CARRIED, TRACKED),  # the silhouette covers all that is seen: something hides the rest
        (replace(CARRIED, carried=False), LOST),
        (replace(CARRIED, features_expected=True), TRACKED),
        (replace(CARRIED, covered=0.85), LOST),  # the mask goes on where the silhouette does not
        (replace(CARRIED, covered=0.85, iou=0.65), TRACKED),  # but masks run over
        (replace(CARRIED, covered=NAN, iou=NAN), LOST),
        (replace(PLAIN, hand_off=2.9), TRACKED),
        (replace(PLAIN, hand_off=3.1), LOST),  # far from the hand that holds it
        (replace(CARRIED, hand_off=3.1), LOST),
        (replace(PLAIN, carried=True, hand_off=9.0), TRACKED),  # flow and both masks know better than the hand
        (replace(PLAIN, carried=True, hand_off=9.0, witness_iou=0.84), LOST),
        (replace(PLAIN, carried=True, hand_off=9.0, witness_iou=NAN), LOST),
        (replace(GOOD, hand_off=9.0), TRACKED),  # texture knows better
        (SEARCHED, FOUND),
        (replace(SEARCHED, witness_iou=0.85), LOST),  # stricter after a jump
        (replace(SEARCHED, witness_iou=NAN), LOST),  # its own mask would confirm anything
    ],
)
def test_verdict(evidence, state):
    assert judge(evidence, TrackerConfig()) == state
