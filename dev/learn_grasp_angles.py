"""Learns how fingers are bent around things: mean and covariance of the finger angles of grasps.

    python dev/learn_grasp_angles.py

The grasps are those that `rhov_core.synth` finds for the objects of the split "dev", each closed and, with half the
weight, opened. The four fingers are taken to be alike, and the farther apart they are the less they have in common:
a made grasp curls its little finger past small things, which people do not. A few minutes the first time, seconds once
the grasps are remembered.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.files import atomic_path
from rhov_core.hand import HandModel, JointLimits
from rhov_core.synth import OBJECTS
from rhov_core.synth.grasps import find_grasps
from rhov_perception.hand.grasp_angles import FILE
from rhov_perception.hand.skeleton import ANGLES

GRASP_SEEDS = 4
"""Searches for grasps of one object."""
THUMB_ANGLES, FINGER_ANGLES = 6, 4
"""How many of `ANGLES` are the thumb's, and each finger's after it."""
OPEN_WEIGHT = 0.5
"""Of a hand that is about to grasp, against one that does."""


def grasp_angles(hand: HandModel, names: list[str]) -> tuple[FloatArray, FloatArray]:
    """Angles (N, A) above their smallest values [rad] of grasps of the named objects, and their weights (N,)."""
    limits, (joint, kind) = JointLimits.of(hand), np.array(ANGLES).T
    grasps = [
        grasp for name in names for seed in range(GRASP_SEEDS) for grasp in find_grasps(OBJECTS[name], hand, seed)
    ]
    poses = np.stack([pose for grasp in grasps for pose in (grasp.pose, grasp.open_pose)])
    above = (limits.angles(poses) - limits.lower)[:, joint - 1, kind]
    return above, np.tile([1.0, OPEN_WEIGHT], len(grasps))


def alike(mean: FloatArray, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean (A,) and covariance (A, A) of the same hands if their four fingers had been swapped at random."""
    fingers = THUMB_ANGLES + np.arange(4 * FINGER_ANGLES).reshape(4, FINGER_ANGLES)
    common = mean.copy()
    common[fingers] = mean[fingers].mean(0)
    moment, out = covariance + np.outer(mean - common, mean - common), covariance.copy()
    thumb = np.arange(THUMB_ANGLES)
    for finger in fingers:
        out[np.ix_(thumb, finger)] = np.mean([moment[np.ix_(thumb, other)] for other in fingers], axis=0)
        out[np.ix_(finger, thumb)] = out[np.ix_(thumb, finger)].T
    for apart in range(4):
        pairs = [(i, i + apart) for i in range(4 - apart)] + [(i + apart, i) for i in range(4 - apart)]
        block = np.mean([moment[np.ix_(fingers[i], fingers[j])] for i, j in pairs], axis=0)
        for i, j in pairs:
            out[np.ix_(fingers[i], fingers[j])] = (block + block.T) / 2
    sizes, axes = np.linalg.eigh(out)
    return common, (axes * np.maximum(sizes, 0)) @ axes.T


def main() -> None:
    """Learns and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=FILE, help="file of mean and covariance")
    options = parser.parse_args()
    angles, weights = grasp_angles(HandModel.load(), [obj.name for obj in OBJECTS.values() if obj.split == "dev"])
    mean, covariance = alike(np.average(angles, axis=0, weights=weights), np.cov(angles.T, aweights=weights))
    with atomic_path(options.out) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, mean=mean.astype(np.float32), covariance=covariance.astype(np.float32))
    print(f"{len(angles)} hands; spread in degrees: {np.degrees(np.sqrt(np.diag(covariance))).round()}")


if __name__ == "__main__":
    main()
