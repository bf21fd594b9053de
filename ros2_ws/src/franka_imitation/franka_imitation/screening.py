"""Which grasp, with the camera standing where, lets the arm follow the whole motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from franka_imitation.demonstration import Demonstration
from franka_imitation.grasps import Grasps
from franka_imitation.kinematics import Kinematics
from franka_imitation.postures import reach
from rhov_core.arrays import FloatArray
from rhov_core.errors import PlanningError
from rhov_core.pose import rotation_angle

_ROUND = 500
"""Pairs of placement and grasp that are examined with inverse kinematics at once."""
_ROUNDS = 10
_ENOUGH = 40
"""No further round is begun once so many ways were found."""
_PATIENCE, _PROMISING = 4, 0.6
"""After so many rounds the search ends if no pair has reached at least this fraction of the key frames."""
_PER_PAIR = 2
"""Postures in which each pair is followed through the motion."""
_SHOULDER = np.array([0.0, 0.0, 0.333])
_WRIST = 0.21
"""Distance of the wrist behind the tool centre point [m]."""
_NEAR, _FAR = 0.35, 0.62
"""Comfortable distances of the wrist from the shoulder [m]."""


@dataclass(frozen=True)
class Candidate:
    """A way to follow the motion, before collisions are examined."""

    T_table_camera: FloatArray
    """(4, 4)"""
    grasp: int
    """Index of the grasp."""
    frames: NDArray[np.int64]
    """(K,) indices of the key frames."""
    q: FloatArray
    """(K, 7) postures at the key frames [rad]."""
    cost: float
    """Smaller is better."""


def screen(
    placements: FloatArray,
    demonstration: Demonstration,
    frames: NDArray[np.int64],
    grasps: Grasps,
    kinematics: Kinematics,
    seed: int,
) -> list[Candidate]:
    """Searches pairs of placement and grasp that reach all key frames.

    Args:
        placements: (P, 4, 4) T_table_camera.
        demonstration: The motion.
        frames: (K,) indices of the key frames.
        grasps: On the object.
        kinematics: Of the arm.
        seed: Of the choice between equals.

    Returns:
        What reaches everything, best first.

    Raises:
        PlanningError: If nothing does; names the frame that fails most often.
    """
    poses, time = demonstration.smooth[frames], demonstration.time[frames]
    place, grasp = _promising(placements, poses, grasps, seed)
    found: list[Candidate] = []
    missed, farthest = np.zeros(len(poses)), 0.0
    for number in range(_ROUNDS):
        p, g = (indices[number * _ROUND : (number + 1) * _ROUND] for indices in (place, grasp))
        owner, q, failures, reached = _follow(placements[p] @ poses[:, None] @ grasps.T_object_tcp[g], kinematics)
        cost = _cost(q, time, kinematics) + 2 * grasps.cost[g[owner]]
        found += [Candidate(placements[p[i]], int(g[i]), frames, q[:, n], float(cost[n])) for n, i in enumerate(owner)]
        missed, farthest = missed + failures, max(farthest, reached)
        hopeless = number + 1 >= _PATIENCE and farthest < _PROMISING
        if len(found) >= _ENOUGH or hopeless or (number + 1) * _ROUND >= len(place):
            break
    if not found:
        raise PlanningError(_diagnosis(missed, poses, demonstration.frame_index[frames]))
    return sorted(found, key=lambda candidate: candidate.cost)


def _follow(targets: FloatArray, kinematics: Kinematics) -> tuple[np.ndarray, FloatArray, FloatArray, float]:
    """Follows key poses (K, N, 4, 4) from the middle to both ends, giving up on those that fail.

    Returns:
        Whose postures reach everything (M,), these postures (K, M, 7), how many failed at each key pose (K,), and
        which fraction of the key poses the best of them reached before it failed.
    """
    middle = len(targets) // 2
    owner, start = reach(targets[middle], kinematics, _PER_PAIR)
    failures = np.zeros(len(targets))
    failures[middle] = targets.shape[1] - len(np.unique(owner))
    q = np.zeros((len(targets), len(owner), 7))
    q[middle] = start
    alive = np.arange(len(owner))
    count = np.ones(len(owner))
    for step in (1, -1):
        for k in range(middle + step, len(targets) if step > 0 else -1, step):
            solution = kinematics.inverse(targets[k, owner[alive]], q[k - step, alive], rest=start[alive], iterations=8)
            q[k, alive] = solution.q
            reached = solution.reached()
            failures[k] += len(alive) - reached.sum()
            alive = alive[reached]
            count[alive] += 1
    return owner[alive], q[:, alive], failures, float(count.max(initial=0.0) / len(targets))


def _promising(
    placements: FloatArray, poses: FloatArray, grasps: Grasps, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices of the pairs whose wrist keeps in front of the arm, best first, by a rule of thumb."""
    tools = (poses[:, None] @ grasps.T_object_tcp).astype(np.float32)  # (K, G, 4, 4) in the camera's frame
    wrist = tools[..., :3, 3] - _WRIST * tools[..., :3, 2]
    worst = np.empty((len(placements), len(grasps)))
    for i, T in enumerate(placements.astype(np.float32)):
        at = wrist @ T[:3, :3].T + T[:3, 3]
        approach = tools[..., :3, 2] @ T[:3, :3].T
        reach = np.linalg.norm(at - _SHOULDER, axis=-1)
        side = np.linalg.norm(at[..., :2], axis=-1) + 1e-6
        outwards = (approach[..., :2] * at[..., :2]).sum(axis=-1) / side
        bad = 3 * np.maximum(_NEAR - reach, 0) + 3 * np.maximum(reach - _FAR, 0) + 2 * np.maximum(0.08 - at[..., 2], 0)
        bad += 0.5 * np.maximum(-0.2 - outwards, 0) + 0.3 * np.maximum(approach[..., 2] - 0.2, 0)
        bad += np.maximum(0.15 - side, 0)
        worst[i] = bad.max(axis=0) + bad.mean(axis=0)
    spread = np.random.default_rng(seed).uniform(0, 0.15, worst.shape)  # not all from one corner of the search space
    score = (worst + 2 * grasps.cost + spread).ravel()
    chosen = np.argsort(score, kind="stable")[: _ROUND * _ROUNDS]
    place, grasp = np.unravel_index(chosen, worst.shape)
    return place, grasp


def _cost(q: FloatArray, time: FloatArray, kinematics: Kinematics) -> FloatArray:
    """(N,) for key postures (K, N, 7): little room at the stops, near singular, fast."""
    margin = kinematics.margin(q).min(axis=0)
    agility = kinematics.manipulability(q.reshape(-1, 7)).reshape(q.shape[:2]).min(axis=0)
    speed = (np.abs(np.diff(q, axis=0)) / np.diff(time)[:, None, None]).max(axis=(0, 2))
    return 0.5 * np.maximum(0.4 - margin, 0) + 3 * np.maximum(0.06 - agility, 0) + 0.3 * np.maximum(speed - 0.5, 0)


def _diagnosis(failures: FloatArray, poses: FloatArray, names: NDArray[np.int64]) -> str:
    size = " x ".join(f"{100 * e:.0f}" for e in np.ptp(poses[:, :3, 3], axis=0))
    turn = np.rad2deg(rotation_angle(poses[:, :3, :3] @ poses[len(poses) // 2, :3, :3].T).max())
    worst = int(failures.argmax())
    return (
        f"The arm cannot follow the motion (extent {size} cm, turned by up to {turn:.0f} degrees) with any of the "
        f"grasps: frame {names[worst]} is out of reach in {100 * failures[worst] / failures.sum():.0f} % of the tries, "
        "more than any other; imitate a shorter part of the demonstration or give another placement."
    )
