"""Whether covariances say the truth about errors."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2

from rhov_core.arrays import FloatArray


def normalised_squared_error(errors: ArrayLike, covariances: ArrayLike) -> FloatArray:
    """Squared Mahalanobis norms (N,) of errors (N, D) under covariances (N, D, D); expected value D when calibrated.

    Bar-Shalom et al., *Estimation with Applications to Tracking and Navigation*, 2001, section 5.4 ("NEES").
    """
    e, c = np.asarray(errors, np.float64), np.asarray(covariances, np.float64)
    return np.einsum("ni,ni->n", e, np.linalg.solve(c, e[..., None])[..., 0])


def ellipsoid_coverage(errors: ArrayLike, covariances: ArrayLike, probability: float = 0.95) -> float:
    """Share of errors (N, D) inside the confidence ellipsoid of their covariance (N, D, D)."""
    dimension = np.shape(errors)[-1]
    limit = chi2.ppf(probability, dimension)
    return float((normalised_squared_error(errors, covariances) <= limit).mean())
