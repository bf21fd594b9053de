"""Paths between two postures around obstacles: straight where possible, otherwise by growing two random trees.

RRT-Connect (Kuffner and LaValle, 2000) with shortcuts. It stops after a number of steps rather than after a time, so
that the same question has the same answer on every machine.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rhov_core.arrays import FloatArray

IsFree = Callable[[FloatArray], bool]

_RESOLUTION = 0.04
"""Between postures that are checked on a straight path, for the joint that moves most [rad]."""
_STEP = 0.4
"""By which a tree grows [rad]."""
_SHORTCUTS = 100


def connect(
    start: FloatArray,
    goal: FloatArray,
    is_free: IsFree,
    lower: FloatArray,
    upper: FloatArray,
    seed: int,
    growths: int = 600,
) -> FloatArray | None:
    """Corners (W, 7) of a free path of straight pieces from one posture to another, or None if none was found.

    Args:
        start: (7,) free posture [rad].
        goal: (7,) free posture [rad].
        is_free: Whether a posture (7,) collides with nothing.
        lower: (7,) smallest joint positions [rad].
        upper: (7,) largest joint positions [rad].
        seed: Of the random search.
        growths: Steps of the search; 0: only the straight path.
    """
    if segment_is_free(start, goal, is_free):
        return np.stack([start, goal])
    generator = np.random.default_rng(seed)
    near, far = _Tree(start), _Tree(goal)
    for _ in range(growths):
        reached = near.grow(generator.uniform(lower, upper), is_free)
        if reached is not None and far.grow_until(near.nodes[reached], is_free):
            path = near.branch(reached) + far.branch(len(far.nodes) - 1)[-2::-1]
            if near.nodes[0] is goal:
                path.reverse()
            return _shortcut(path, is_free, generator)
        near, far = far, near
    return None


def segment_is_free(start: FloatArray, goal: FloatArray, is_free: IsFree) -> bool:
    """Whether the straight path between two postures (7,) collides with nothing."""
    count = int(np.ceil(np.abs(goal - start).max() / _RESOLUTION)) + 1
    fractions = np.linspace(0, 1, count + 1)
    # the middle first: the ends are mostly free
    order = np.argsort(np.abs(fractions - 0.5), kind="stable")
    return all(is_free(start + fraction * (goal - start)) for fraction in fractions[order])


class _Tree:
    """Postures that are connected to a root by free straight pieces."""

    def __init__(self, root: FloatArray) -> None:
        self.nodes = [root]
        self._parents = [-1]

    def grow(self, target: FloatArray, is_free: IsFree) -> int | None:
        """Adds a node one step towards the target; returns its index, or None if the way is blocked."""
        gaps = target - np.array(self.nodes)
        nearest = int((gaps**2).sum(axis=1).argmin())
        length = np.abs(gaps[nearest]).max()
        node = target if length <= _STEP else self.nodes[nearest] + gaps[nearest] * (_STEP / length)
        if not segment_is_free(self.nodes[nearest], node, is_free):
            return None
        self.nodes.append(node)
        self._parents.append(nearest)
        return len(self.nodes) - 1

    def grow_until(self, target: FloatArray, is_free: IsFree) -> bool:
        """Grows step by step; returns whether the target was reached."""
        while (index := self.grow(target, is_free)) is not None:
            if self.nodes[index] is target:
                return True
        return False

    def branch(self, index: int) -> list[FloatArray]:
        """Nodes from the root to a node."""
        path = []
        while index >= 0:
            path.append(self.nodes[index])
            index = self._parents[index]
        return path[::-1]


def _shortcut(path: list[FloatArray], is_free: IsFree, generator: np.random.Generator) -> FloatArray:
    """Cuts corners: first between corners, then between random points of the path."""
    for _ in range(_SHORTCUTS):
        if len(path) < 3:
            break
        first = int(generator.integers(0, len(path) - 2))
        last = int(generator.integers(first + 2, len(path)))
        if segment_is_free(path[first], path[last], is_free):
            path = path[: first + 1] + path[last:]
            continue
        a, b = generator.random(2)
        p = path[first] + a * (path[first + 1] - path[first])
        q = path[last - 1] + b * (path[last] - path[last - 1])
        if segment_is_free(p, q, is_free):
            path = [*path[: first + 1], p, q, *path[last:]]
    return np.stack(path)
