"""What is left open between hypotheses of the pose that explain the video alike."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.pose import difference, exp_rotation, inverse
from rhov_optimizer.initialise.candidates import nearest_symmetric
from rhov_optimizer.track_record import TrackRecord

SHARPNESS = 0.01
"""A mean score this far behind the best makes a hypothesis e times less probable."""
LEAST_WEIGHT = 0.02
"""Less probable hypotheses are forgotten."""

ANY_ROTATION, ANY_TRANSLATION = 1.0, 0.3
"""Standard deviations of a pose that may be any other one [rad, diameters of the object]."""
FADING = 0.97
"""What a frame that is explained well leaves of the odds that a pose is wrong which took the place of another: half of
them after 23 frames. Chosen, not measured: clips of dev end before."""

Revision = tuple[ObjectEstimate, TrackRecord]
"""A frame's estimate and record."""


@dataclass(frozen=True)
class Doubt:
    """The other hypotheses, which move with the one that is believed."""

    offsets: FloatArray = field(default_factory=lambda: np.zeros((0, 4, 4)))
    """(N, 4, 4) their poses in the object's frame: T_camera_other = T_camera_object @ offset."""
    weights: FloatArray = field(default_factory=lambda: np.zeros(0))
    """(N,) how probable they are."""

    @classmethod
    def among(cls, T: FloatArray, scores: FloatArray, symmetries: FloatArray) -> Doubt:
        """What speaks against the first of several hypotheses.

        Args:
            T: (N, 4, 4) their poses T_camera_object in one frame, that which is believed first.
            scores: (N,) how well they explain the video; the first is the largest.
            symmetries: (S, 4, 4) of the object: poses that differ by one of them are the same.
        """
        weights = np.exp((scores - scores[0]) / SHARPNESS)
        weights /= weights.sum()
        other = [i for i in range(1, len(T)) if weights[i] >= LEAST_WEIGHT]
        if not other:
            return cls()
        offsets = [inverse(T[0]) @ nearest_symmetric(T[i], T[0], symmetries) for i in other]
        return cls(np.stack(offsets), weights[other])

    @classmethod
    def elsewhere(cls, probability: float, centre: FloatArray, diameter: float) -> Doubt:
        """With a probability below 1 the pose is any other one.

        Args:
            probability: Of that; hardly any is none.
            centre: (3,) of the object in its frame [m].
            diameter: Of the object [m].
        """
        if probability < LEAST_WEIGHT:
            return cls()
        offsets = np.tile(np.eye(4), (12, 1, 1))
        ways = np.sqrt(6) * np.concatenate([np.eye(3), -np.eye(3)])  # twelve of which two vary in each direction
        offsets[:6, :3, :3] = exp_rotation(ANY_ROTATION * ways)
        offsets[:6, :3, 3] = centre - offsets[:6, :3, :3] @ centre
        offsets[6:, :3, 3] = ANY_TRANSLATION * diameter * ways
        return cls(offsets, np.full(12, probability / 12))

    def also(self, other: Doubt) -> Doubt:
        """This and other doubt about the same pose."""
        if not len(self.weights) or not len(other.weights):
            return other if len(other.weights) else self
        odds = np.concatenate([doubt.weights / (1 - doubt.weights.sum()) for doubt in (self, other)])
        return Doubt(np.concatenate([self.offsets, other.offsets]), odds / (1 + odds.sum()))

    def covariance(self, T: FloatArray) -> FloatArray:
        """The spread (6, 6) of the hypotheses about the pose T (4, 4) that is believed."""
        if not len(self.weights):
            return np.zeros((6, 6))
        off = difference(T @ self.offsets, T)
        return np.einsum("n,ni,nj->ij", self.weights, off, off)

    def added_to(self, revision: Revision) -> Revision:
        """A frame with this doubt in its covariance."""
        if not len(self.weights):
            return revision
        estimate, record = revision
        spread = self.covariance(estimate.T_camera_object)
        return replace(estimate, covariance=estimate.covariance + spread), replace(record, doubt=spread)


@dataclass(frozen=True)
class Doubts:
    """What is doubtful about the pose that is believed, by where the doubt comes from."""

    rivals: Doubt = field(default_factory=Doubt)
    """The hypotheses that it was chosen from."""
    newest: Doubt = field(default_factory=Doubt)
    """The best of those that were looked for last and lost."""
    mistaken: float = 0.0
    """How probably it is wrong, too, because it took the place of a wrong one."""

    def after(self, *, explained: bool) -> Doubts:
        """One frame later, which the pose explains well or not."""
        if not self.mistaken or not explained:
            return self
        odds = FADING * self.mistaken / (1 - self.mistaken)
        return replace(self, mistaken=odds / (1 + odds))

    def joined(self, centre: FloatArray, diameter: float) -> Doubt:
        """All of it, for an object with its centre (3,) there and of this diameter [m]."""
        return self.rivals.also(self.newest).also(Doubt.elsewhere(self.mistaken, centre, diameter))
