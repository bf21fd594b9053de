"""What is imitated in the benchmark: exact motions of known objects, and reconstructions of rendered clips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rhov.benchmark.clip_folder import ClipFolder
from rhov.benchmark.code_version import digest
from rhov.imitation_benchmark.motions import MOTIONS, UP_IN_CAMERA, demonstration
from rhov_core.errors import InputError
from rhov_core.object_model import ObjectModel
from rhov_core.result_directory import TRAJECTORY
from rhov_core.synth.objects import synth_object
from rhov_core.trajectory import HandObjectTrajectory

TRUTH, RECONSTRUCTION = "truth", "reconstruction"
_RESULT = ("predicted", "joint")
"""Cues and variant of the reconstructions that are imitated."""


class Subject(Protocol):
    """A motion of an object."""

    @property
    def object(self) -> str:
        """Name of the object."""
        ...

    @property
    def motion(self) -> str:
        """Name of the motion."""
        ...

    @property
    def hard(self) -> bool:
        """Whether it is one of the hard motions."""
        ...

    @property
    def source(self) -> str:
        """`TRUTH` or `RECONSTRUCTION`."""
        ...

    @property
    def key(self) -> str:
        """Names what is imitated, besides the code."""
        ...

    @property
    def up_in_camera(self) -> tuple[float, ...]:
        """The vertical, if it is known."""
        ...

    def load(self) -> tuple[ObjectModel, HandObjectTrajectory]:
        """The object and its motion."""
        ...


@dataclass(frozen=True)
class ExactMotion:
    """One of the ten motions with one of the objects."""

    object: str
    motion: str
    source: str = TRUTH
    up_in_camera: tuple[float, ...] = UP_IN_CAMERA

    @property
    def hard(self) -> bool:
        """As the motion is."""
        return MOTIONS[self.motion].hard

    @property
    def key(self) -> str:
        """The motion is made by code."""
        return f"{self.object} {self.motion}"

    def load(self) -> tuple[ObjectModel, HandObjectTrajectory]:
        """The object and its motion."""
        thing = synth_object(self.object)
        return thing.load(), demonstration(thing, MOTIONS[self.motion])


@dataclass(frozen=True)
class ReconstructedClip:
    """What a reconstruction made of a rendered clip; the vertical is estimated, as for any video."""

    object: str
    motion: str
    trajectory: Path
    mesh: Path
    source: str = RECONSTRUCTION
    hard: bool = False
    up_in_camera: tuple[float, ...] = ()

    @property
    def key(self) -> str:
        """The content of the files."""
        return digest([self.trajectory.read_bytes().hex(), self.mesh.read_bytes().hex()])

    def load(self) -> tuple[ObjectModel, HandObjectTrajectory]:
        """The object and its motion."""
        return ObjectModel.load(self.mesh, repair=True), HandObjectTrajectory.load(self.trajectory)


def reconstructed_clips(benchmark: Path) -> Iterator[ReconstructedClip]:
    """The reconstructions that `rhov benchmark reconstruction` left in its folder.

    Raises:
        InputError: If there are none.
    """
    found = sorted((benchmark / "results").glob("/".join(("*", *_RESULT, TRAJECTORY))))
    if not found:
        raise InputError(
            f"'{benchmark}' holds no reconstructions",
            "the output folder of a reconstruction benchmark",
            "run `rhov benchmark reconstruction --quick` first, or leave it out",
        )
    for file in found:
        name = file.parents[len(_RESULT)].name
        clip = ClipFolder.load(benchmark / "clips" / name)
        yield ReconstructedClip(str(clip.about["spec"]["object"]), name, file, clip.mesh)
