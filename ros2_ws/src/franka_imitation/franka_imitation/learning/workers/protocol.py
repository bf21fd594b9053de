"""What RHOV and a simulator in another process share: a block of numbers and a line for commands.

The block is a file that both map into memory, float64, one column of N rows after the other (`FIELDS`). The line is a
socket: RHOV sends a command of five bytes, the worker answers one byte when the block holds the new state. Whoever
finds the line closed knows that the other is gone.

This file needs Python 3.8 and numpy, no more: Isaac Gym runs under nothing newer.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

VERSION = 1
JOINTS = 7
RATE = 60.0
"""Commands per second of simulated time [Hz]."""
FIELDS = (
    ("q_target", JOINTS),
    ("width_target", 1),
    ("grip_force", 1),
    ("q", JOINTS),
    ("velocity", JOINTS),
    ("width", 1),
    ("width_rate", 1),
    ("object_pose", 7),
    ("object_velocity", 6),
    ("begin_id", 1),
    ("begin_q", JOINTS),
    ("begin_width", 1),
    ("begin_object_pose", 7),
    ("begin_mass_factor", 1),
    ("begin_friction_factor", 1),
)
"""Names and sizes. The first three are what the arms are sent, then the state, then how workplaces begin."""
STATE = ("q", "velocity", "width", "width_rate", "object_pose", "object_velocity")
DESCRIPTION, BLOCK = "workplace.json", "block.float64"
RESET, STEP, QUIT = b"r", b"s", b"q"
DONE = b"."
COMMAND = struct.Struct("<cI")
"""A command and how many workplaces it is for (`RESET`)."""


class Block:
    """The shared numbers as arrays (N, size), or (N,) where the size is 1.

    Args:
        folder: Where the file is.
        count: N.
        create: Whether to make the file.
    """

    def __init__(self, folder: str, count: int, create: bool = False) -> None:
        total = count * sum(size for _, size in FIELDS)
        path = os.path.join(folder, BLOCK)
        numbers = np.memmap(path, np.float64, "w+" if create else "r+", shape=(total,))
        self.fields: dict[str, np.ndarray] = {}
        start = 0
        for name, size in FIELDS:
            part = numbers[start : start + count * size]
            self.fields[name] = np.asarray(part if size == 1 else part.reshape(count, size))
            start += count * size

    def __getitem__(self, name: str) -> np.ndarray:
        return self.fields[name]


class Workplaces:
    """What a simulator offers: N workplaces. All in SI units and the robot's base frame, quaternions x y z w."""

    def reset(self, ids: np.ndarray, begin: dict[str, np.ndarray]) -> None:
        """Puts workplaces `ids` (n,) into states: q (n, 7), width, object_pose (n, 7), mass_factor, friction_factor."""
        raise NotImplementedError

    def step(self, q: np.ndarray, width: np.ndarray, grip_force: np.ndarray) -> None:
        """Simulates 1 / RATE s: servos are sent q (N, 7), fingers sent to `width` with at most `grip_force`, (N,)."""
        raise NotImplementedError

    def state(self) -> dict[str, np.ndarray]:
        """The arrays named in `STATE`."""
        raise NotImplementedError


def serve(make: Callable[[dict[str, Any], str], Workplaces]) -> None:
    """Runs a worker until RHOV ends it or is gone; arguments are the folder and the number of the line's socket.

    Args:
        make: Makes the simulator from the content of workplace.json and the folder.
    """
    folder, line = sys.argv[1], socket.socket(fileno=int(sys.argv[2]))
    with open(os.path.join(folder, DESCRIPTION), encoding="utf-8") as file:
        description = json.load(file)
    if description["version"] != VERSION:
        sys.exit("protocol version {}, the worker knows {}".format(description["version"], VERSION))
    block = Block(folder, description["count"])
    workplaces = make(description, folder)
    _answer(line, block, workplaces)
    while True:
        message = line.recv(COMMAND.size, socket.MSG_WAITALL)
        if len(message) < COMMAND.size:
            return
        command, count = COMMAND.unpack(message)
        if command == QUIT:
            return
        if command == RESET:
            begin = {name[6:]: np.array(block[name][:count]) for name, _ in FIELDS if name.startswith("begin_")}
            workplaces.reset(begin.pop("id").astype(np.int64), begin)
        else:
            workplaces.step(*(np.array(block[name]) for name in ("q_target", "width_target", "grip_force")))
        _answer(line, block, workplaces)


def _answer(line: socket.socket, block: Block, workplaces: Workplaces) -> None:
    for name, values in workplaces.state().items():
        block[name][:] = values
    line.sendall(DONE)
