"""Message definitions of installed interface packages, in the form that the bag writer wants."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore


def share_directory(package: str) -> Path:
    """The share folder of an installed interface package.

    Works for a sourced ROS 2 and for interface packages installed into a virtual environment.

    Raises:
        FileNotFoundError: If the package has no definitions beside its Python module.
    """
    module = Path(str(import_module(package).__file__)).resolve()
    for parent in module.parents:
        candidate = parent / "share" / package
        if (candidate / "msg").is_dir():
            return candidate
    raise FileNotFoundError(f"no message definitions of {package} beside {module}")


def typestore(extra_packages: tuple[str, ...]) -> Typestore:
    """The Jazzy messages and those of some more packages."""
    store = get_typestore(Stores.ROS2_JAZZY)
    for package in extra_packages:
        for path in sorted((share_directory(package) / "msg").glob("*.msg")):
            name = f"{package}/msg/{path.stem}"
            if name not in store.fielddefs:
                store.register(get_types_from_msg(path.read_text(encoding="utf-8"), name))
    return store
