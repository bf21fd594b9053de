"""Ways through joint space that can be taken up from anywhere."""

from __future__ import annotations

from torch import Tensor

_AHEAD = 0.25
"""Distance along the way between the posture that is nearest and the one aimed at [rad]."""


class JointWay:
    """K polylines.

    Args:
        corners: (K, W, 7) postures [rad].
    """

    def __init__(self, corners: Tensor) -> None:
        self._first = corners[:, 0]
        self._legs = corners.diff(dim=1)
        self._corners = corners[:, :-1]
        self._length = self._legs.norm(dim=-1).clamp_min(1e-9)
        self._before = self._length.cumsum(-1) - self._length

    def ahead(self, q: Tensor, index: Tensor) -> Tensor:
        """(N, 7) deltas from postures (N, 7) to points a little further on the ways `index` (N,) [rad]."""
        legs, length, before = self._legs[index], self._length[index], self._before[index]
        along = ((q[:, None] - self._corners[index]) * legs).sum(-1) / length**2
        along = along.clamp(0, 1)
        off = (self._corners[index] + along[..., None] * legs - q[:, None]).norm(dim=-1)
        nearest = off.argmin(-1, keepdim=True)
        reached = (before + along * length).gather(-1, nearest)
        share = ((reached + _AHEAD - before) / length).clamp(0, 1)
        target: Tensor = self._first[index] + (share[..., None] * legs).sum(1)
        return target - q
