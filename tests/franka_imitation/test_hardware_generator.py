"""Commands keep to their limits whatever is asked for, and follow what can be followed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from franka_imitation.controller.spline import Sample
from franka_imitation.hardware.generator import CommandGenerator, GeneratorConfig
from franka_imitation.robot import Robot

ROBOTS = {name: Robot.load(name) for name in ("panda", "fr3")}
PERIOD = 0.004
CONFIG = GeneratorConfig()


def start(robot, period=PERIOD):
    generator = CommandGenerator(robot.limits, CONFIG, period)
    generator.reset(robot.ready)
    return generator


def assert_within_limits(states, robot, period=PERIOD):
    """Limits of commands (list of Sample), with the rates taken from the positions themselves."""
    limits, fraction = robot.limits, CONFIG.limit_fraction
    p, v, a = (np.array(part) for part in zip(*states, strict=True))
    low, high = limits.velocity_bounds(p)
    assert (v <= fraction * high + 0.03).all() and (v >= fraction * low - 0.03).all()
    assert (np.abs(v) <= fraction * limits.velocity + 1e-6).all()
    assert (np.abs(a) <= fraction * limits.acceleration + 1e-6).all()
    assert (np.abs(np.diff(a, axis=0)) <= fraction * limits.jerk * period + 1e-6).all()
    # positions, velocities and accelerations belong together, up to what the jerk may do within a cycle
    bend = fraction * limits.jerk * period**2 / 2
    assert (np.abs(np.diff(v, axis=0) - (a[1:] + a[:-1]) / 2 * period) <= bend).all()
    assert (np.abs(np.diff(p, axis=0) - (v[1:] + v[:-1]) / 2 * period) <= bend * period).all()
    assert (p >= limits.lower).all() and (p <= limits.upper).all()


def drive(generator, references):
    states = [generator.state]
    for reference in references:
        states.append(generator.brake() if reference is None else generator.follow(generator.clip(reference)))
    return states


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), name=st.sampled_from(sorted(ROBOTS)), period=st.sampled_from([0.001, PERIOD]))
def test_wild_references_never_exceed_a_limit(seed, name, period):
    robot, rng = ROBOTS[name], np.random.default_rng(seed)
    span = robot.limits.upper - robot.limits.lower
    references = []
    for _ in range(25):
        kind = rng.integers(4)
        target = robot.limits.lower - 0.1 * span + rng.random(7) * 1.2 * span
        velocity = rng.normal(size=7) * robot.limits.velocity * (kind == 1)
        acceleration = rng.normal(size=7) * robot.limits.acceleration * (kind == 1)
        if kind == 2:  # small deviations, where the linear law is at work
            target = references[-1].positions if references and references[-1] else robot.ready
        reference = None if kind == 3 else Sample(target, velocity, acceleration)
        noise = rng.normal(size=(20, 7)) * 10 ** rng.uniform(-4, -1.5) * (kind == 2)
        references += [reference and Sample(reference.positions + n, *reference[1:]) for n in noise]
    assert_within_limits(drive(start(robot, period), references), robot, period)


@pytest.mark.parametrize("name", sorted(ROBOTS))
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_reference_faster_than_the_limits_does_not_pull_the_command_along(name, sign):
    robot = ROBOTS[name]
    middle = (robot.limits.lower + robot.limits.upper) / 2
    generator = start(robot)
    generator.reset(middle)
    speed, acceleration = sign * robot.limits.velocity, sign * 3 * robot.limits.acceleration
    states = [generator.state]
    for _ in range(60):
        ahead = states[-1].positions + sign * 1e-3
        states.append(generator.follow(generator.clip(Sample(ahead, speed, acceleration))))
    assert_within_limits(states, robot)
    assert np.abs(states[-1].velocities).max() > 0.3


@pytest.mark.parametrize("name", sorted(ROBOTS))
def test_a_step_is_reached_exactly_and_without_overshoot(name):
    robot = ROBOTS[name]
    target = np.clip(robot.ready + 0.4, robot.limits.lower + 0.1, robot.limits.upper - 0.1)
    states = drive(start(robot), [Sample(target, np.zeros(7), np.zeros(7))] * 600)
    assert_within_limits(states, robot)
    np.testing.assert_allclose(states[-1].positions, target, atol=1e-6)
    assert (np.array([s.positions for s in states]) - target).max() < 2e-3


def sine(robot, times, amplitude=0.1, frequency=0.3):
    w = 2 * np.pi * frequency
    ramp = np.ones(7)
    return [
        Sample(
            robot.ready + amplitude * (1 - np.cos(w * t)) * ramp,
            amplitude * w * np.sin(w * t) * ramp,
            amplitude * w * w * np.cos(w * t) * ramp,
        )
        for t in times
    ]


@pytest.mark.parametrize("period", [0.001, 0.004])
def test_a_smooth_reference_is_followed_without_lag(period):
    robot = ROBOTS["panda"]
    times = np.arange(0, 3, period)
    generator = start(robot, period)
    states = drive(generator, sine(robot, times))
    wanted = np.array([r.positions for r in sine(robot, times + period)])
    error = np.abs(np.array([s.positions for s in states[1:]]) - wanted)
    assert error[len(times) // 2 :].max() < 5e-5


def test_noise_is_not_amplified():
    robot, rng = ROBOTS["panda"], np.random.default_rng(0)
    times = np.arange(0, 4, PERIOD)
    clean = sine(robot, times)
    noise = np.repeat(rng.normal(size=(len(times) // 4 + 1, 7)) * 5e-4, 4, axis=0)[: len(times)]
    states = drive(start(robot), [Sample(r.positions + n, *r[1:]) for r, n in zip(clean, noise, strict=True)])
    assert_within_limits(states, robot)
    error = np.array([s.positions for s in states[1:]]) - np.array([r.positions for r in sine(robot, times + PERIOD)])
    assert error[250:].std() < 5e-4


def test_braking_comes_to_rest_quickly_and_stays():
    robot = ROBOTS["panda"]
    generator = start(robot)
    fast = Sample(robot.ready + 1.0, np.full(7, 1.0), np.zeros(7))
    moving = drive(generator, [fast] * 100)
    assert np.abs(moving[-1].velocities).max() > 0.5
    stopped = drive(generator, [None] * 200)
    assert_within_limits(moving + stopped[1:], robot)
    assert generator.resting
    quickest = np.abs(moving[-1].velocities) / (0.5 * robot.limits.acceleration)
    assert np.abs(stopped[int((quickest.max() + 0.05) / PERIOD)].velocities).max() < 1e-9
    np.testing.assert_array_equal(stopped[-1].positions, stopped[-20].positions)


def test_references_beyond_the_stops_end_at_the_margin():
    robot = ROBOTS["fr3"]
    states = drive(start(robot), [Sample(robot.limits.upper + 1, np.full(7, 2.0), np.zeros(7))] * 1500)
    assert_within_limits(states, robot)
    np.testing.assert_allclose(states[-1].positions, robot.limits.upper - CONFIG.position_margin, atol=1e-4)


def test_fr3_slows_down_near_its_stops():
    robot = ROBOTS["fr3"]
    near = robot.limits.upper - 0.06
    low, high = robot.limits.velocity_bounds(near)
    assert (high < 0.6 * robot.limits.velocity).all()
    np.testing.assert_array_equal(low, -robot.limits.velocity)
    expected = -robot.limits.stop_offset + np.sqrt(2 * robot.limits.stop_deceleration * 0.06)
    np.testing.assert_allclose(high, np.clip(expected, 0, robot.limits.velocity), atol=1e-12)
    low, high = robot.limits.velocity_bounds(robot.limits.lower + 0.06)
    assert (low > -0.6 * robot.limits.velocity).all()
