"""How sure the tracker is of a pose.

The inverse of the Gauss-Newton normal matrix is far too small as it stands: residuals of neighbouring pixels are
not independent, keyframes inherit the error of the first pose, and the mesh is not exactly the object. A floor
stands for what the residuals cannot show. These covariances are not calibrated.
"""

from __future__ import annotations

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_optimizer.tracking.config import TrackerConfig

UNKNOWN_TRANSLATION = 1.0
"""Standard deviation of the position where nothing constrains it [m]."""
UNKNOWN_ROTATION = 3.0
"""Standard deviation of the rotation where nothing constrains it [rad]."""


def nothing_known() -> FloatArray:
    """Covariance (6, 6) of a pose of which nothing is known."""
    return np.diag([UNKNOWN_TRANSLATION**2] * 3 + [UNKNOWN_ROTATION**2] * 3)


def covariance_of(information: FloatArray, config: TrackerConfig) -> FloatArray:
    """Covariance (6, 6) of a tracked pose, symmetric and positive definite.

    Args:
        information: (6, 6) normal matrix J^T W J, possibly singular.
        config: The floor.
    """
    prior = np.diag(1.0 / np.diag(nothing_known()))
    covariance = np.linalg.inv((information + information.T) / 2 + prior)
    floor = [config.covariance_floor_translation**2] * 3 + [config.covariance_floor_rotation**2] * 3
    return (covariance + covariance.T) / 2 + np.diag(np.maximum(floor, 1e-12))


def while_lost(last: FloatArray, frames: int, config: TrackerConfig) -> FloatArray:
    """Covariance (6, 6) of the last good pose as a guess of the present one.

    Args:
        last: (6, 6) covariance of that pose when it was current.
        frames: For how many frames the object has been lost.
        config: The growth.
    """
    growth = [config.lost_drift_translation**2] * 3 + [config.lost_drift_rotation**2] * 3
    return last + frames * np.diag(growth)
