import numpy as np
import pytest

from rhov_core.hand import KEYPOINT_BONES, HandModel


@pytest.fixture(scope="module")
def model():
    return HandModel.load()


def hand(model, coefficient, value):
    shape = np.zeros(10)
    shape[coefficient] = value
    return model.forward_numpy(np.zeros(48), shape, np.zeros(3))


def bones(joints):
    """Lengths (5, 4) by finger, from the wrist outwards."""
    return np.linalg.norm(joints[KEYPOINT_BONES[:, 1]] - joints[KEYPOINT_BONES[:, 0]], axis=1).reshape(5, 4)


def test_coefficient_0_is_size(model):
    rest, larger = hand(model, 0, 0), hand(model, 0, 2)
    np.testing.assert_allclose(larger.vertices, 1.1 * rest.vertices, atol=1e-12)
    np.testing.assert_allclose(larger.joints, 1.1 * rest.joints, atol=1e-12)


@pytest.mark.parametrize(("coefficient", "fingers"), [(1, [1, 2, 3, 4]), (4, [0])])
def test_coefficients_1_and_4_lengthen_fingers_and_thumb_only(model, coefficient, fingers):
    ratio = bones(hand(model, coefficient, 1).joints[0]) / bones(hand(model, coefficient, 0).joints[0])
    for finger in range(5):
        np.testing.assert_allclose(ratio[finger, 1:], 1.05 if finger in fingers else 1.0, atol=0.004)
    np.testing.assert_allclose(ratio[:, 0], 1.0, atol=1e-12)


def test_coefficient_2_widens_the_palm_and_moves_fingers_rigidly(model):
    rest, wider = hand(model, 2, 0), hand(model, 2, 1)
    knuckles = [5, 9, 13, 17]
    np.testing.assert_allclose(wider.joints[0, knuckles, 2], 1.05 * rest.joints[0, knuckles, 2], atol=1e-12)
    np.testing.assert_allclose(bones(wider.joints[0])[1:, 1:], bones(rest.joints[0])[1:, 1:], atol=2e-4)


def test_coefficient_3_thickens_without_moving_joints(model):
    rest, thicker = hand(model, 3, 0), hand(model, 3, 1)
    np.testing.assert_allclose(thicker.joints[0, [1, 2, 3, 5, 6, 7]], rest.joints[0, [1, 2, 3, 5, 6, 7]], atol=1e-12)
    of_middle_bone = np.flatnonzero(model.weights[:, 2] > 0.99)
    joint, following = rest.joints[0, [6, 7]]
    axis = (following - joint) / np.linalg.norm(following - joint)

    def radius(vertices):
        arm = vertices[0, of_middle_bone] - joint
        return np.linalg.norm(arm - np.outer(arm @ axis, axis), axis=1)

    np.testing.assert_allclose(radius(thicker.vertices) / radius(rest.vertices), 1.08, atol=1e-3)
    of_palm = model.weights[:, 0] > 0.99
    np.testing.assert_allclose(thicker.vertices[0, of_palm, 1], 1.08 * rest.vertices[0, of_palm, 1], atol=2e-4)


def test_the_other_coefficients_do_nothing(model):
    for coefficient in range(5, 10):
        np.testing.assert_array_equal(hand(model, coefficient, 5).vertices, hand(model, coefficient, 0).vertices)


def test_the_left_hand_changes_alike(model):
    shape = np.array([1.0, -1, 2, 0.5, -0.5, 0, 0, 0, 0, 0])
    right = model.forward_numpy(np.zeros(48), shape, np.zeros(3)).vertices
    left = HandModel.load(side="left").forward_numpy(np.zeros(48), shape, np.zeros(3)).vertices
    np.testing.assert_allclose(left, right * [-1, 1, 1], atol=1e-12)
