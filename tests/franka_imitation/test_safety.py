"""Each rule refuses what breaks it, with joint, time and margin, and what is accepted obeys all limits."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from franka_imitation.robot import Robot
from franka_imitation.safety import JointMotion, SafetyChecks, SafetyConfig
from rhov_core.errors import InputError

ROBOTS = {name: Robot.load(name) for name in ("panda", "fr3")}
CHECKS = {name: SafetyChecks(robot) for name, robot in ROBOTS.items()}
PANDA = ROBOTS["panda"]


def motion(end, duration=3.0, start=PANDA.ready, robot=PANDA, rate=60):
    """A quintic way from rest to rest."""
    t = np.arange(round(duration * rate) + 1) / rate
    s = t[:, None] / duration
    way = np.asarray(end) - start
    positions = start + way * (10 * s**3 - 15 * s**4 + 6 * s**5)
    velocities = way * (30 * s**2 - 60 * s**3 + 30 * s**4) / duration
    return JointMotion(robot.joint_names, t, positions, velocities)


def turned(joint, angle, **kwargs):
    end = PANDA.ready.copy()
    end[joint] += angle
    return motion(end, **kwargs)


def only(found, rule):
    """The refusal for a rule, which has to be there."""
    matching = [refusal for refusal in found if refusal.rule == rule]
    assert len(matching) == 1, [str(refusal) for refusal in found]
    return matching[0]


GOOD = motion(PANDA.ready + np.array([0.2, 0.1, -0.2, 0.1, 0.2, -0.1, 0.3]))


def test_a_harmless_motion_is_accepted():
    assert CHECKS["panda"].refusals(GOOD, PANDA.ready) == []


@pytest.mark.parametrize("field", ["times", "positions", "velocities"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite(field, value):
    values = getattr(GOOD, field).copy()
    values[5, ...] = value
    refusal = only(CHECKS["panda"].refusals(dataclasses.replace(GOOD, **{field: values})), "finite")
    assert field in str(refusal)


def test_names_shapes_and_times():
    check = CHECKS["panda"].refusals
    assert only(check(dataclasses.replace(GOOD, joint_names=ROBOTS["fr3"].joint_names)), "names")
    assert only(check(dataclasses.replace(GOOD, positions=GOOD.positions[:, :6])), "shape")
    assert only(check(dataclasses.replace(GOOD, times=GOOD.times[:-1])), "shape")
    assert only(check(JointMotion(PANDA.joint_names, np.zeros(0), np.zeros((0, 7)), np.zeros((0, 7)))), "shape")
    times = GOOD.times.copy()
    times[7] = times[6]
    refusal = only(check(dataclasses.replace(GOOD, times=times)), "time")
    assert refusal.time == times[7] and "Point 7" in str(refusal)


def test_position_with_its_margin():
    end = PANDA.limits.upper[0] - 0.04  # inside the stop, but not by 0.05 rad
    refusal = only(CHECKS["panda"].refusals(turned(0, end, duration=8.0)), "position")
    assert (refusal.joint, refusal.time) == ("panda_joint1", 8.0)
    assert refusal.margin == pytest.approx(-0.01, abs=1e-6)
    assert "panda_joint1 at 8.000 s" in str(refusal) and "0.01 rad" in str(refusal)


def test_velocity():
    fast = turned(0, 1.0, duration=1.4)  # 1.34 rad/s at the middle, 1.09 allowed
    refusal = only(CHECKS["panda"].refusals(fast), "velocity")
    assert refusal.joint == "panda_joint1" and refusal.time == pytest.approx(0.7, abs=0.02)
    assert refusal.margin == pytest.approx(2.175 / 2 - 1.875 / 1.4, abs=0.01)
    assert not CHECKS["panda"].refusals(fast.at_speed(0.5))


def test_given_velocities_are_checked_too():
    velocities = GOOD.velocities.copy()
    velocities[30, 2] = 2.0
    refusal = only(CHECKS["panda"].refusals(dataclasses.replace(GOOD, velocities=velocities)), "velocity")
    assert refusal.joint == "panda_joint3" and refusal.time == GOOD.times[30]


def test_acceleration():
    quick = turned(1, 0.3, duration=0.65)  # joint 2 has the smallest limit
    refusal = only(CHECKS["panda"].refusals(quick), "acceleration")
    assert refusal.joint == "panda_joint2" and refusal.margin < 0


def test_jerk():
    """A set-point that is 3 micrometres off is harmless at 60 Hz, but not at 1 kHz."""
    smooth = turned(5, 0.2, rate=1000)
    assert CHECKS["panda"].refusals(smooth) == []
    positions = smooth.positions.copy()
    positions[1500, 5] += 3e-6
    found = CHECKS["panda"].refusals(dataclasses.replace(smooth, positions=positions))
    refusal = only(found, "jerk")
    assert [r.rule for r in found] == ["jerk"]
    assert refusal.joint == "panda_joint6" and refusal.time == pytest.approx(1.5, abs=0.005)
    assert refusal.margin == pytest.approx(5000 - 3 * 3e-6 / 1e-9, rel=0.05)


def test_start_state():
    measured = PANDA.ready.copy()
    measured[3] += 0.03
    refusal = only(CHECKS["panda"].refusals(GOOD, measured), "start")
    assert refusal.joint == "panda_joint4" and refusal.margin == pytest.approx(-0.01)
    assert CHECKS["panda"].refusals(GOOD) == []


def test_workspace():
    checks = SafetyChecks(PANDA, SafetyConfig(workspace_high=(0.4, 0.75, 1.1)))
    reach = motion(PANDA.ready + np.array([0, 0.5, 0, 0.4, 0, 0, 0]))
    refusal = only(checks.refusals(reach), "workspace")
    assert "x is" in str(refusal) and "0.4 m" in str(refusal) and refusal.time > 0.5
    assert CHECKS["panda"].refusals(reach) == []


def test_table():
    low = motion(PANDA.ready + np.array([0, 1.3, 0, -0.1, 0, 1.2, 0]), duration=5.0)
    found = CHECKS["panda"].refusals(low)
    refusal = only(found, "table")
    assert refusal.joint in ("hand", "left_finger", "right_finger") and refusal.margin < 0
    assert "from table" in str(refusal)
    assert refusal.time == pytest.approx(5.0, abs=0.1)


def test_self_collision():
    folded = motion([0, -1.5, 0, -2.95, 0, 0.3, 0], duration=8.0)
    refusal = only(CHECKS["panda"].refusals(folded), "self_collision")
    assert refusal.margin < 0 and refusal.time > 1.0


def test_no_posture_is_skipped_between_two_points():
    """Both points are inside the workspace, the way between them is not."""
    turn = 1.2 * np.eye(7)[0]
    points = np.stack([PANDA.ready - turn, PANDA.ready + turn])
    coarse = JointMotion(PANDA.joint_names, np.array([0.0, 20.0]), points, np.zeros((2, 7)))
    checks = SafetyChecks(PANDA, SafetyConfig(workspace_high=(0.25, 0.75, 1.1)))
    refusal = only(checks.refusals(coarse), "workspace")
    assert refusal.time == pytest.approx(10.0, abs=0.3) and refusal.margin == pytest.approx(0.25 - 0.3069, abs=1e-3)
    assert CHECKS["panda"].refusals(coarse) == []


def test_fr3_is_slower_near_its_stops():
    robot = ROBOTS["fr3"]
    start = robot.ready.copy()
    start[0] = robot.limits.upper[0] - 0.5
    end = start.copy()
    end[0] += 0.43
    near = motion(end, duration=0.95, start=start, robot=robot)
    checks = SafetyChecks(robot, SafetyConfig(limit_fraction=0.5, workspace_low=(-1.0, -1.0, 0.0)))
    refusal = only(checks.refusals(near), "velocity")
    assert refusal.joint == "fr3_joint1" and refusal.time > 0.45
    away = JointMotion(near.joint_names, near.times, near.positions[::-1], -near.velocities[::-1])
    assert [r.rule for r in checks.refusals(away)] == []


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(sorted(ROBOTS)),
    seed=st.integers(0, 2**31),
    size=st.floats(0.05, 2.5),
    duration=st.floats(0.3, 4.0),
)
def test_whatever_is_accepted_obeys_the_limits(name, seed, size, duration):
    """Judged independently: from a dense cubic spline through the points instead of differences."""
    from scipy.interpolate import make_interp_spline

    robot, rng = ROBOTS[name], np.random.default_rng(seed)
    given_motion = motion(robot.ready + size * rng.uniform(-1, 1, 7), duration, robot.ready, robot)
    if CHECKS[name].refusals(given_motion):
        return
    spline = make_interp_spline(given_motion.times, given_motion.positions, k=5)
    t = np.linspace(0.1 * duration, 0.9 * duration, 500)
    q, limits, tolerance = spline(t), robot.limits, 1.02
    assert (q >= limits.lower + 0.049).all() and (q <= limits.upper - 0.049).all()
    low, high = limits.velocity_bounds(q)
    assert (spline(t, 1) <= 0.5 * tolerance * high).all() and (spline(t, 1) >= 0.5 * tolerance * low).all()
    assert (np.abs(spline(t, 2)) <= 0.5 * tolerance * limits.acceleration).all()
    assert (np.abs(spline(t, 3)) <= 0.5 * tolerance * limits.jerk).all()
    tool = CHECKS[name].geometry.tools(q[::25])[:, :3, 3]
    assert (tool > np.array(SafetyConfig().workspace_low) - 0.01).all()


def test_most_gentle_motions_are_accepted():
    """The checks are not so strict that the property above would be empty."""
    rng = np.random.default_rng(0)
    accepted = [not CHECKS["panda"].refusals(motion(PANDA.ready + rng.uniform(-0.3, 0.3, 7))) for _ in range(30)]
    assert np.mean(accepted) > 0.9


@pytest.mark.parametrize(
    "wrong",
    [
        {"workspace_low": (0.0, 0.0)},
        {"workspace_low": (1.0, 0.0, 0.0)},
        {"limit_fraction": 1.5},
        {"start_tolerance": 0.0},
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(InputError):
        SafetyConfig(**wrong)
