"""One dataclass per component is the only source of defaults, for the command line and for ROS parameters.

Every field of a configuration carries a help text with its unit:

    @dataclass(frozen=True)
    class TrackerConfig:
        band: int = setting(11, "how far the mask's border may move from the silhouette [pixel]", low=1)
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, TypeVar, get_type_hints

from rhov_core.errors import InputError

T = TypeVar("T")


def setting(default: Any, help: str, *, low: float | None = None, high: float | None = None) -> Any:
    """A dataclass field with a help text and, for numbers, an accepted range (inclusive)."""
    return dataclasses.field(default=default, metadata={"help": help, "low": low, "high": high})


def check_ranges(config: Any) -> None:
    """Refuses numbers that are outside the range of their field or not finite; call it from `__post_init__`.

    Raises:
        InputError: Naming the field, its value and its range.
    """
    for field in dataclasses.fields(config):
        low, high = field.metadata.get("low"), field.metadata.get("high")
        value = getattr(config, field.name)
        endless = isinstance(value, float) and not math.isfinite(value)
        if endless or (low is not None and not value >= low) or (high is not None and not value <= high):
            bounds = f"{'-inf' if low is None else low} to {'inf' if high is None else high}"
            raise InputError(f"{field.name} is {value}", bounds, f"set {field.name} within this range")


def from_mapping(cls: type[T], values: Mapping[str, Any]) -> T:
    """Builds a configuration from names and values, converting numbers to the type of the field.

    Raises:
        InputError: If a name is unknown or a value is of the wrong type.
    """
    hints = get_type_hints(cls)
    known = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    out: dict[str, Any] = {}
    for name, given in values.items():
        value = given
        if name not in known:
            raise InputError(f"'{name}' is no setting of {cls.__name__}", ", ".join(sorted(known)), "correct the name")
        kind = hints[name]
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        mistaken = isinstance(value, bool) and kind is not bool  # Python takes True for the number 1
        if isinstance(kind, type) and (mistaken or not isinstance(value, kind)):
            raise InputError(f"{name} is {value!r}", f"a value of type {kind.__name__}", f"correct {name}")
        out[name] = value
    return cls(**out)
