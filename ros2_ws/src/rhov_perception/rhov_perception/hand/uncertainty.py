"""How far a fitted wrist can be off: what the residuals claim, made honest.

The numbers are set so that the 90 % quantile of the normalised error is that of a Gaussian over 156 rendered views of a
bare hand. Errors have heavier tails than that: the middle of them is smaller than claimed. Of 109 views of a hand
that holds a cuboid or a cylinder, the detector's keypoints were grossly wrong in a quarter; those errors no covariance
of this form covers.
"""

from __future__ import annotations

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_perception.hand.fit import HandFit

_INFLATION = 2.0
"""Keypoints of one hand err together, which the Hessian of independent residuals does not know."""
_LATERAL_FLOOR = 0.006
"""[m] across the viewing ray: where the detector puts a wrist."""
_DEPTH_FLOOR = 0.06
"""Along the viewing ray as a fraction of the distance: the hand's size is known to 5 %."""
_ROTATION_FLOOR = 0.20
"""[rad]"""


def calibrated(fit: HandFit) -> FloatArray:
    """Covariance (6, 6) of the wrist for a left perturbation [translation m, rotation rad]."""
    position = fit.state.translation
    distance = np.linalg.norm(position)
    ray = position / distance
    floor = np.zeros((6, 6))
    floor[:3, :3] = _LATERAL_FLOOR**2 * np.eye(3) + (_DEPTH_FLOOR * distance) ** 2 * np.outer(ray, ray)
    floor[3:, 3:] = _ROTATION_FLOOR**2 * np.eye(3)
    return _INFLATION * fit.wrist_covariance + floor
