"""The grasp priors by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rhov_optimizer.joint.grasp.closing import ClosingGrasp
from rhov_optimizer.joint.grasp.network import NetworkGrasp
from rhov_optimizer.joint.grasp.prior import GraspPrior

GRASP_PRIORS: dict[str, Callable[[], GraspPrior]] = {
    "closing": ClosingGrasp,
}
"""What makes each prior; any other name is the path of a network."""


def load_grasp_prior(name: str) -> GraspPrior:
    """The prior of a name, or the network in a file.

    Raises:
        InputError: If it is neither the name of a prior nor a network that can be used.
    """
    return GRASP_PRIORS[name]() if name in GRASP_PRIORS else NetworkGrasp(Path(name))
