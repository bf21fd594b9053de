"""The robot and the camera that a closed loop works with, and their simulation."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, Protocol

import numpy as np

from franka_imitation.closed_loop.conditions import Conditions, Disturbances, random_direction
from franka_imitation.robot import JOINTS
from franka_imitation.scene import Scene
from franka_imitation.simulator import Simulator
from rhov_core.arrays import FloatArray
from rhov_core.pose import exp_rotation, make_transform, perturb

_PUSH_TURN = 5.0
"""A pushed object also turns by at most this much for each metre [rad/m]."""


class Measurement(NamedTuple):
    """Where the object was seen."""

    stamp: float
    """Of the camera's clock [s]: the same stamp is the same measurement."""
    age: float
    """Time of the workplace since then [s]."""
    T_table_object: FloatArray
    """(4, 4)"""


class Workplace(Protocol):
    """A robot that takes set-points, and something that measures where the object is."""

    def reset(self, q: FloatArray, T_table_object: FloatArray, width: float) -> None:
        """Begins a motion at a posture (7,) [rad] with the fingers `width` apart [m] and the object about at (4, 4)."""
        ...

    @property
    def state(self) -> FloatArray:
        """(16,) `qpos` of the simulated workplace, or what is known of it."""
        ...

    @property
    def q(self) -> FloatArray:
        """(7,) joint positions [rad]."""
        ...

    def command(self, q: FloatArray, velocity: FloatArray, width: float, force: float) -> None:
        """Positions (7,) [rad] and velocities (7,) [rad/s] of the joints, distance of the fingers [m], force [N]."""
        ...

    def step(self, duration: float) -> None:
        """Lets time pass [s]."""
        ...

    def look(self) -> Measurement:
        """The newest measurement, which may be the same as before."""
        ...


class SimulatedWorkplace:
    """A simulation in which things are not as planned.

    Args:
        scene: With the true mass and friction.
        conditions: Errors and disturbances.
        disturbances: When they happen.
    """

    def __init__(self, scene: Scene, conditions: Conditions, disturbances: Disturbances) -> None:
        self._simulator, self._conditions, self._times = Simulator(scene), conditions, disturbances
        self._tool = scene.tcp_site
        self._generator = np.random.default_rng(conditions.seed)
        self._seen: deque[tuple[float, FloatArray]] = deque()
        self._pushed = self._slipped = False

    def reset(self, q: FloatArray, T_table_object: FloatArray, width: float) -> None:
        """Puts the robot at a posture and the object near where it is assumed to stand."""
        conditions, generator = self._conditions, self._generator
        turn = conditions.start_rotation * generator.choice([-1.0, 1.0])
        shift = conditions.start_position * random_direction(generator)
        self._simulator.reset(q, _shifted(T_table_object, shift, turn), width)
        self._pushed = self._slipped = False
        self._seen.clear()

    @property
    def q(self) -> FloatArray:
        """(7,) [rad]"""
        return self._simulator.q

    @property
    def state(self) -> FloatArray:
        """(16,) `qpos` of the scene."""
        return self._simulator.data.qpos.copy()

    def command(self, q: FloatArray, velocity: FloatArray, width: float, force: float) -> None:
        """See `Workplace`; while the object is dropped the fingers open."""
        since = self._simulator.time - self._times.drop_time
        if 0 <= since < self._conditions.drop:
            width, force = self._simulator.scene.robot.gripper.max_width, self._simulator.scene.robot.gripper.max_force
            self._simulator.let_go()
        self._simulator.command(q, velocity, width, force=force)

    def step(self, duration: float) -> None:
        """Advances the simulation; disturbances happen at their times."""
        conditions, now = self._conditions, self._simulator.time
        if conditions.push and not self._pushed and now >= self._times.push_time:
            self._push()
        if conditions.slip and not self._slipped and now >= self._times.slip_time:
            self._slip()
        self._simulator.step(duration)

    def look(self) -> Measurement:
        """The pose of a while ago, with noise."""
        conditions, now = self._conditions, self._simulator.time
        sigma = np.repeat([conditions.noise_position, conditions.noise_rotation], 3)
        noisy = perturb(self._simulator.T_table_object, sigma * self._generator.normal(size=6))
        self._seen.append((now, noisy))
        while len(self._seen) > 1 and self._seen[1][0] <= now - conditions.delay:
            self._seen.popleft()
        stamp, measured = self._seen[0]
        return Measurement(stamp, now - stamp, measured)

    def _push(self) -> None:
        self._pushed = True
        turn = _PUSH_TURN * self._conditions.push * self._generator.uniform(-1, 1)
        shift = self._conditions.push * random_direction(self._generator)
        self._place(_shifted(self._simulator.T_table_object, shift, turn))

    def _slip(self) -> None:
        """Within the plane of the pads, so that the fingers stay where they are."""
        self._slipped = True
        along = self._simulator.data.site_xmat[self._tool].reshape(3, 3)[:, [0, 2]]
        pose = self._simulator.T_table_object
        pose[:3, 3] += self._conditions.slip * along @ random_direction(self._generator)
        self._place(pose)

    def _place(self, T_table_object: FloatArray) -> None:
        data, scene = self._simulator.data, self._simulator.scene
        q, width = data.qpos[:JOINTS].copy(), self._simulator.width
        fingers = data.qpos[JOINTS : JOINTS + 2].copy()
        scene.set_state(data, q, width, T_table_object)
        data.qpos[JOINTS : JOINTS + 2] = fingers


def _shifted(T_table_object: FloatArray, shift: FloatArray, turn: float) -> FloatArray:
    """Moved on the table by (2,) [m] and turned about the vertical through its own origin [rad]."""
    rotation = exp_rotation([0.0, 0.0, turn]) @ T_table_object[:3, :3]
    return make_transform(rotation, T_table_object[:3, 3] + [*shift, 0.0])
