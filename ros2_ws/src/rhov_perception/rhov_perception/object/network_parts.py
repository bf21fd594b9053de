"""What the networks share: the layer that they are made of, and how their weights are read."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from typing import TypeVar

import numpy as np
import torch
from torch import nn

Norm = Callable[[int], nn.Module]
"""Makes the layer that follows a convolution to so many channels."""
Network = TypeVar("Network", bound=nn.Module)


def convolution(inputs: int, outputs: int, norm: Norm | None, stride: int = 1, spread: int = 1) -> nn.Sequential:
    """3 x 3 pixels, `spread` apart, a normalisation and the positive part.

    Args:
        inputs: Channels.
        outputs: Channels.
        norm: None in use, where what training has learnt of it is folded into the convolution.
        stride: Between the pixels of the output.
        spread: Between the pixels that are seen.
    """
    layer = nn.Conv2d(inputs, outputs, 3, stride, spread, spread, bias=norm is None)
    return nn.Sequential(layer, nn.Identity() if norm is None else norm(outputs), nn.ReLU(inplace=True))


def with_weights(network: Network, name: str) -> Network:
    """The network with the weights of a file of this package's folder `data`, ready for use."""
    file = resources.files("rhov_perception.object") / "data" / name
    with resources.as_file(file) as path, np.load(path, allow_pickle=False) as table:
        weights = {key: torch.from_numpy(table[key].astype(np.float32)) for key in table.files}
    network.load_state_dict(weights)
    torch.nn.utils.convert_conv2d_weight_memory_format(network.eval(), torch.channels_last)  # a third faster
    return network
