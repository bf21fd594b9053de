"""Where tensors are computed with."""

from __future__ import annotations

import torch

from rhov_core.errors import InputError

DEVICES = ("auto", "cpu", "cuda")


def choose_device(name: str) -> torch.device:
    """The device of a name: `auto` is a GPU that torch can use, else the CPU.

    Raises:
        InputError: If the name is unknown, or `cuda` is asked for where torch cannot use a GPU.
    """
    if name not in DEVICES:
        raise InputError(f"the device is '{name}'", ", ".join(DEVICES), "choose one of these")
    usable = torch.cuda.is_available()
    if name == "cuda" and not usable:
        raise InputError("the device cuda was asked for, but torch cannot use a GPU here", "auto or cpu", "use auto")
    return torch.device("cuda" if usable and name != "cpu" else "cpu")


def stays_on_device(tensor: torch.Tensor) -> bool:
    """Whether a tensor is computed with by tensor operations where it is; on the CPU, compiled loops are faster."""
    return tensor.device.type != "cpu"
