"""Members of enumerations in files that may hold nothing but data."""

from __future__ import annotations

import pickle
from enum import Enum
from typing import Any


def enum_member(kind: Any, name: Any) -> Enum:
    """Stands for `getattr` when such a file is read: some versions of Python 3.11 write a member as that of its class.

    Args:
        kind: The enumeration.
        name: Of the member.

    Raises:
        pickle.UnpicklingError: If anything else is asked for.
    """
    if isinstance(kind, type) and issubclass(kind, Enum) and name in kind.__members__:
        return kind[name]
    raise pickle.UnpicklingError(f"it asks for '{name}' of {kind!r}, which no data need")
