"""The first-order stage on another device than the CPU.

Terms are prepared on the CPU, where cues and decisions (what is visible, what touches) are made; only their losses are
evaluated on the device, by copies of the terms whose tensors live there.
"""

from __future__ import annotations

import copy
from typing import Any

import torch

from rhov_core.hand import HandModel
from rhov_core.sdf import SignedDistanceGrid
from rhov_optimizer.joint.scene import Problem

_SHARED = (type, Problem, HandModel, SignedDistanceGrid)
"""What copies share: it is read only, and puts on the device itself what is needed there."""
_PACKAGES = ("rhov_optimizer", "rhov_core")


def moved(value: Any, device: torch.device) -> Any:
    """A copy of a scene, a term or anything made of them, with its tensors on a device."""
    if isinstance(value, torch.Tensor):
        return value.to(device)
    if isinstance(value, list):
        return [moved(part, device) for part in value]
    if type(value) is tuple:
        return tuple(moved(part, device) for part in value)
    if isinstance(value, dict):
        return {key: moved(part, device) for key, part in value.items()}
    if isinstance(value, _SHARED) or not hasattr(value, "__dict__"):
        return value
    if type(value).__module__.split(".")[0] not in _PACKAGES:
        return value
    out = copy.copy(value)
    for name, part in vars(value).items():
        object.__setattr__(out, name, moved(part, device))
    return out
