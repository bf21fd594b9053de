"""What the closed loop sees of a robot: how old measurements are, and which are the same."""

import numpy as np
import pytest

from franka_imitation.closed_loop.correction import Correction
from franka_imitation.closed_loop.player import Player
from franka_imitation.hardware.simulated import SimulatedRobot
from franka_imitation.replay import LocalClient, ReplayError
from franka_imitation.replay.set_point_stream import SetPointStream
from franka_imitation.replay.watched_robot import WatchedRobot
from franka_imitation.robot import Robot
from franka_imitation.safety import SafetyChecks
from franka_imitation.scene import build_scene
from franka_imitation.timing import hold

ROBOT = Robot.load("panda")
PERIOD = 0.01


@pytest.fixture(scope="module")
def checks():
    return SafetyChecks(ROBOT)


class Watched:
    """An arm that stands, watched at some speed."""

    def __init__(self, box, checks, speed):
        self.client = LocalClient(SimulatedRobot(build_scene(ROBOT, box)))
        self.client.wait(0.1)
        stream = SetPointStream(self.client, checks, speed, ROBOT.ready)
        self.workplace = WatchedRobot(self.client, stream, lambda: None, lambda: False)
        self.workplace.reset(ROBOT.ready, np.eye(4), 0.08)
        self.player = Player(self.workplace, PERIOD)
        self.record = self.client.recording.add_object

    def stand(self, seconds):
        still = Correction(ROBOT, 0.1, 0.0)
        self.player.drive(hold(ROBOT.ready, seconds, PERIOD), still, 0.08, 40.0)

    def see(self, change):
        """Poses are recorded as `change` of a time and a pose says, or not where it says None."""

        def record(time, T):
            changed = change(time, T)
            if changed is not None:
                self.record(*changed)

        self.client.recording.add_object = record


@pytest.mark.parametrize("speed", [1.0, 0.2])
def test_what_is_not_seen_ends_the_motion_after_the_same_time_at_any_speed(box, checks, speed):
    watched = Watched(box, checks, speed)
    watched.stand(0.5 * speed)
    blind = watched.client.posture().time
    watched.see(lambda time, T: None)
    with pytest.raises(ReplayError, match=r"has not been seen for 0\.8 s"):
        watched.stand(5.0)
    assert 0.75 < watched.client.posture().time - blind < 0.95


def test_poses_of_a_clock_that_is_ahead_end_the_motion(box, checks):
    watched = Watched(box, checks, 1.0)
    watched.stand(0.3)
    watched.see(lambda time, T: (time + 5.0, T))
    with pytest.raises(ReplayError, match="their clocks differ"):
        watched.stand(1.0)


def test_the_age_of_a_measurement_is_in_the_time_of_the_set_points(box, checks):
    watched = Watched(box, checks, 0.5)
    watched.stand(1.0)
    seen, age, _ = watched.workplace.look()
    sent_until = watched.client.posture().time + 0.15
    assert age == pytest.approx(0.5 * (sent_until - seen), abs=0.03)


def test_a_measurement_counts_once(box, checks):
    watched = Watched(box, checks, 1.0)
    watched.stand(0.3)
    watched.see(lambda time, T: (round(time * 4) / 4, T))  # four times a second
    news = []
    for _ in range(30):
        watched.stand(0.04)
        news.append(watched.player.look().is_new)
    assert 4 <= sum(news) <= 6
