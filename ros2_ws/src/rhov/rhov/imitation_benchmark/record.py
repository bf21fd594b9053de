"""What the benchmark of imitation keeps of one trial, whatever moved the arm: a plan or a policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from rhov_core.errors import InputError
from rhov_core.files import read_json, write_json

SUCCESS_FRACTION = 0.9
"""Of the steps must be matched, in every trial of the benchmark."""


@dataclass(frozen=True)
class TrialRecord:
    """One trajectory of one object, followed once."""

    object: str
    motion: str
    """A name of `motions.MOTIONS`, or the name of a clip."""
    hard: bool
    source: str
    """"truth" or "reconstruction"."""
    method: str
    """Such as "plan", "plan, feedback", "policy, guided"."""
    condition: str
    """A name of `trial_conditions.CONDITIONS`."""
    matched: float
    """Fraction of the steps within 3 cm and 0.3 rad when they were due; 0 for a refusal."""
    success: bool
    position_error_m: float | None = None
    """Mean over matched steps; None without any."""
    rotation_error_rad: float | None = None
    slowdown: float | None = None
    """Robot seconds per second of the demonstration."""
    preparation_s: float | None = None
    """Wall seconds until the robot could move: planning, or training."""
    preparation_cpu_s: float | None = None
    execution_s: float | None = None
    """Simulated seconds from the start posture to the end."""
    waited_s: float | None = None
    retries: int = 0
    failure: str = ""
    """Why it is no success, in a clause."""


def save_records(path: str | Path, key: str, records: Sequence[TrialRecord]) -> None:
    """Writes records and the key of the work that made them."""
    write_json(Path(path), {"key": key, "records": [asdict(record) for record in records]})


def load_records(path: str | Path, key: str | None = None) -> list[TrialRecord] | None:
    """Reads what `save_records` wrote; None if the file is missing or was made by other work than `key`.

    Raises:
        InputError: If the file holds something else.
    """
    if not Path(path).is_file():
        return None
    content: dict[str, Any] = read_json(Path(path))
    if key is not None and content.get("key") != key:
        return None
    names = {field.name for field in fields(TrialRecord)}
    try:
        return [TrialRecord(**{k: v for k, v in record.items() if k in names}) for record in content["records"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"'{path}' holds no trials ({error})", "a file of this benchmark", "run it again") from error
