"""What the fit expects of fingers that nobody sees."""

import numpy as np
import pytest
from synthetic_hand import MODELS, SKELETONS

from rhov_core.hand import JointLimits
from rhov_perception.hand.grasp_angles import grasp_angles
from rhov_perception.hand.skeleton import ANGLES

BASE, MIDDLE, END = (np.arange(6 + i, 22, 4) for i in (0, 2, 3))
"""The flexions of the four fingers."""


def little_finger_unseen(bend):
    """Base, middle and end flexion of the little finger [rad] that is expected where the other three are bent so."""
    _, information = grasp_angles()
    relaxed, little = SKELETONS["right"].relaxed, np.arange(18, 22)
    others = np.setdiff1d(np.arange(6, 22), little)
    covariance = np.linalg.inv(information)
    gain = covariance[np.ix_(little, others)] @ np.linalg.inv(covariance[np.ix_(others, others)])
    angles = relaxed.copy()
    for place, angle in zip((BASE, MIDDLE, END), bend, strict=True):
        angles[place] = angle
    return (relaxed[little] + gain @ (angles - relaxed)[others])[[0, 2, 3]]


def test_a_hidden_finger_bends_with_its_neighbours():
    bent = np.degrees(little_finger_unseen(np.radians([60, 75, 50])))
    straight = np.degrees(little_finger_unseen(np.radians([0, 5, 5])))
    assert (bent - straight > [30, 35, 18]).all()
    assert bent[1] > 45
    assert (np.abs(straight) < 25).all()


def test_the_last_joint_bends_with_the_middle_one():
    _, information = grasp_angles()
    covariance = np.linalg.inv(information)
    slope = covariance[END, MIDDLE] / covariance[MIDDLE, MIDDLE]
    assert (slope > 0.4).all()
    assert (slope < 1.0).all()


def test_no_finger_is_curled_more_than_the_others():
    above, information = grasp_angles()
    for place in (BASE, MIDDLE, END):
        np.testing.assert_allclose(above[place], above[place[0]], atol=1e-5)
        np.testing.assert_allclose(information[place[0], place[0]], information[place[3], place[3]], rtol=0.02)


@pytest.mark.parametrize("side", ["right", "left"])
def test_the_expected_hand_is_one_that_a_hand_can_make(side):
    skeleton = SKELETONS[side]
    assert (skeleton.relaxed > skeleton.lower).all()
    assert (skeleton.relaxed < skeleton.upper).all()
    limits = JointLimits.of(MODELS[side]).angles(np.concatenate([np.zeros(3), skeleton.finger_pose(skeleton.relaxed)]))
    joint, kind = np.array(ANGLES).T
    np.testing.assert_allclose(limits[joint - 1, kind], skeleton.relaxed, atol=1e-9)
    assert np.linalg.eigvalsh(skeleton.prior).min() > 0
    assert np.sqrt(np.diag(np.linalg.inv(skeleton.prior))).min() > np.radians(7.9)
