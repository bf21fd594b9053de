"""The exceptions of RHOV. Every message says what was given, what is accepted and what to do."""

from __future__ import annotations


class RhovError(Exception):
    """Base class of all errors that RHOV raises on purpose."""


class InputError(RhovError):
    """What the user gave cannot be used. The command line exits with status 2.

    Args:
        given: What was given, as a clause ("the mesh 'a.obj' has no faces").
        accepted: What is accepted ("a triangle mesh in metres").
        todo: What the user should do next ("export the mesh again with its faces").
    """

    def __init__(self, given: str, accepted: str, todo: str) -> None:
        self.given, self.accepted, self.todo = given, accepted, todo
        super().__init__(f"{given}; accepted is {accepted}: {todo}.")


class MissingDependencyError(RhovError):
    """An optional package or system library is needed and not there.

    Args:
        name: The package or library.
        purpose: What it is needed for.
        install: The command line that installs it.
    """

    def __init__(self, name: str, purpose: str, install: str) -> None:
        self.name = name
        super().__init__(f"{name} is not installed; it is needed for {purpose}: install it with `{install}`.")


class PlanningError(RhovError):
    """No robot motion exists within the limits; the message names the frame, the quantity and its limit."""
