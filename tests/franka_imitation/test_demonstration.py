from dataclasses import replace

import numpy as np
import pytest

from franka_imitation.demonstration import prepare, smoothed
from rhov_core.errors import InputError, PlanningError
from rhov_core.pose import difference, exp_rotation
from rhov_core.trajectory import ObjectState

RATE = 30.0


@pytest.mark.parametrize(("frequency", "gain"), [(0.5, 1.0), (4.0, 0.5), (10.0, 0.004)])
def test_the_filter_has_its_cutoff_and_no_delay(frequency, gain):
    time = np.arange(300) / RATE
    wave = np.sin(2 * np.pi * frequency * time)
    out = smoothed(time, wave[:, None], np.ones(300), cutoff=4.0)[60:-60, 0]
    amplitude = 2 * (out * wave[60:-60]).mean()
    delayed = 2 * (out * np.cos(2 * np.pi * frequency * time[60:-60])).mean()
    # the differences of the samples are a little less than the derivatives of the wave
    assert amplitude == pytest.approx(gain, abs=0.06)
    assert delayed == pytest.approx(0, abs=0.02)


def test_uneven_times_are_taken_as_they_are():
    time = np.cumsum(np.random.default_rng(0).uniform(0.01, 0.08, 100))
    parabola = (3 * time**2 - time)[:, None]
    assert smoothed(time, parabola, np.ones(100), cutoff=1.0) == pytest.approx(parabola, abs=1e-6)


def test_jitter_goes_and_motion_stays(carried_box):
    noise = np.random.default_rng(0)
    T = carried_box.T_camera_object.copy()
    T[:, :3, 3] += noise.normal(0, 0.001, (len(T), 3))
    T[:, :3, :3] = exp_rotation(noise.normal(0, 0.005, (len(T), 3))) @ T[:, :3, :3]
    demonstration = prepare(replace(carried_box, T_camera_object=T), cutoff=3.0, max_gap=1.0)
    left = difference(demonstration.smooth, carried_box.T_camera_object)
    assert np.sqrt((left[:, :3] ** 2).mean()) < 0.0007
    assert np.sqrt((left[:, 3:] ** 2).mean()) < 0.0035
    assert 0.001 < demonstration.position_deviation < 0.006
    assert 0.005 < demonstration.rotation_deviation < 0.03


def lost(trajectory, first, last, T=None):
    state = trajectory.object_state.copy()
    state[first : last + 1] = ObjectState.LOST
    return replace(trajectory, object_state=state, T_camera_object=trajectory.T_camera_object if T is None else T)


def test_lost_frames_are_bridged(carried_box):
    T = carried_box.T_camera_object.copy()
    T[20:30, :3, 3] += [0.2, 0, 0]
    demonstration = prepare(lost(carried_box, 20, 29, T), cutoff=3.0, max_gap=1.0)
    error = difference(demonstration.smooth, carried_box.T_camera_object)
    assert np.abs(error[:, :3]).max() < 0.012
    # what was carried through a loss is no measurement: the robot is not judged by it
    assert np.array_equal(demonstration.measured[20:30], demonstration.smooth[20:30])
    assert np.array_equal(demonstration.measured[:20], T[:20])
    assert demonstration.position_deviation < 0.012


def test_uncertain_frames_count_less(carried_box):
    T, covariance = carried_box.T_camera_object.copy(), carried_box.object_covariance.copy()
    T[30, :3, 3] += [0.02, 0, 0]
    sure = prepare(replace(carried_box, T_camera_object=T), 3.0, 1.0)
    covariance[30] *= 1e4
    unsure = prepare(replace(carried_box, T_camera_object=T, object_covariance=covariance), 3.0, 1.0)
    x = carried_box.T_camera_object[30, 0, 3]
    assert abs(unsure.smooth[30, 0, 3] - x) < 0.1 * abs(sure.smooth[30, 0, 3] - x)


def test_a_long_gap_is_refused_with_its_frames(carried_box):
    with pytest.raises(PlanningError, match=r"frames 10 to 49, for 1\.37 s; at most 1 s"):
        prepare(lost(carried_box, 10, 49), cutoff=4.0, max_gap=1.0)


def test_quaternion_signs_do_not_matter(carried_box):
    turn = exp_rotation(np.linspace(0, 4 * np.pi, len(carried_box))[:, None] * np.array([0.0, 0, 1.0]))
    T = carried_box.T_camera_object.copy()
    T[:, :3, :3] = turn @ T[:, :3, :3]
    demonstration = prepare(replace(carried_box, T_camera_object=T), cutoff=6.0, max_gap=1.0)
    assert demonstration.rotation_deviation < 0.15


def test_too_few_frames_are_refused(carried_box):
    with pytest.raises(InputError, match="3 frames"):
        prepare(first_frames(carried_box, 3), 4.0, 1.0)


def first_frames(trajectory, count):
    names = ("frame_index", "stamp", "T_camera_object", "object_covariance", "object_state")
    names += ("hand_pose", "hand_translation", "hand_joints", "hand_valid")
    return replace(trajectory, **{name: getattr(trajectory, name)[:count] for name in names})
