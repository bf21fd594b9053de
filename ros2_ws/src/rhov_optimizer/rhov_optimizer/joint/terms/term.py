"""What every term of the joint optimisation is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum
from typing import ClassVar

import torch

from rhov_optimizer.joint.scene import Problem, Scene

LOOK_BACK = 4
"""How many frames before its own a term may look at."""


class CueMissingError(Exception):
    """A term has nothing to compare with in this clip; the message says what is missing."""


class Couples(Enum):
    """What a term ties together; ablations go by it."""

    NOTHING = "nothing"
    FRAMES = "frames"
    HAND_AND_OBJECT = "hand and object"


class Term(ABC):
    """One term of the sum that the joint optimisation minimises.

    A new term is one new module with a subclass and one line in `TermWeights`: nothing else names it.
    Losses are dimensionless: errors are divided by the size at which they begin to matter, so that a weight of
    one means the same for every term.
    """

    couples: ClassVar[Couples] = Couples.NOTHING
    """What the term ties together."""
    residuals: ClassVar[tuple[str, ...]] = ()
    """Weights in `ObjectSolverConfig` of the same evidence, where Gauss-Newton solves for the object."""

    @abstractmethod
    def __init__(self, problem: Problem) -> None:
        """Prepares the cues of the whole clip.

        Raises:
            CueMissingError: If the clip lacks what the term compares; the term is then left out.
        """

    @abstractmethod
    def loss(self, scene: Scene) -> torch.Tensor:
        """The loss () of a part of the clip, differentiable.

        It is a sum over the frames `scene.own` divided by the number of frames in the whole clip, so that the
        losses of the parts of a clip add up. The frames before them, up to
        `LOOK_BACK`, are there for differences in time only.
        """

    def update(self, scene: Scene) -> None:  # noqa: B027
        """Renews decisions that must not be differentiated (visibility, contact, a new prior).

        The driver calls it for each part of the clip before the first step and halfway.

        Args:
            scene: A part of the clip, without gradients.
        """
