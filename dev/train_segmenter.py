"""Trains the network that finds things in hands, from what `dev/render_held_objects.py` has rendered.

    python dev/render_held_objects.py out/held --pictures 6000
    python dev/train_segmenter.py out/held

Needs torch; 30 ms a picture on one core, so 50 minutes for 100,000.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from held_examples import Pictures, batch
from torch import Tensor, nn

from rhov_core.files import atomic_path
from rhov_perception.object.network import HeldObjectNetwork

WEIGHTS = Path(__file__).parents[1] / "ros2_ws/src/rhov_perception/rhov_perception/object/data/held_object.npz"
RATE, DECAY = 2e-3, 0.01
SKIN = WHOLE = 0.3
"""Weights of finding skin, and where the object is whether seen or hidden, against finding where it is seen."""
AVERAGED = 0.998
"""The network that is kept is the mean of the last ones, each counting so much of the next."""


def loss(said: Tensor, truth: Tensor) -> Tensor:
    """Cross entropy of the masks, and what the object's lacks of overlapping (Dice)."""
    each = nn.functional.binary_cross_entropy_with_logits(said, truth, reduction="none").mean((0, 2, 3))
    p, t = said[:, 0].sigmoid(), truth[:, 0]
    dice = (2 * (p * t).sum((1, 2)) + 20) / (p.sum((1, 2)) + t.sum((1, 2)) + 20)
    return 4 * each[0] + SKIN * each[1] + WHOLE * each[2] + (1 - dice).mean()


def folded(network: HeldObjectNetwork) -> HeldObjectNetwork:
    """The same function without normalisation."""
    bare = HeldObjectNetwork()
    for mine, its in zip(blocks(bare), blocks(network), strict=True):
        fused = nn.utils.fuse_conv_bn_eval(its[0], its[1])
        mine[0].load_state_dict(fused.state_dict())
    bare.out.load_state_dict(network.out.state_dict())
    return bare.eval()


def blocks(network: nn.Module) -> list[Any]:
    """Its convolutions, each with what follows it, in order."""
    return [m for m in network.modules() if isinstance(m, nn.Sequential) and isinstance(m[0], nn.Conv2d)]


def save(bare: nn.Module, file: Path) -> None:
    """Writes the weights of a network without normalisation in half precision."""
    weights = {name: value.numpy().astype(np.float16) for name, value in bare.state_dict().items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(file) as path, path.open("wb") as out:
        np.savez_compressed(out, **weights)


def main() -> None:
    """Trains and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--start", type=Path, help="a checkpoint to go on from")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rng, pictures = np.random.default_rng(0), Pictures(sorted(options.pictures.glob("*.npz")))
    network = HeldObjectNetwork(nn.BatchNorm2d).to(memory_format=torch.channels_last)
    if options.start is not None:
        network.load_state_dict(torch.load(options.start, weights_only=True))
    mean = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGED), use_buffers=True
    )
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, options.steps, pct_start=0.05)
    started, sums = time.time(), []
    for step in range(1, options.steps + 1):
        x, truth = batch(pictures, rng)
        with torch.autocast("cpu", torch.bfloat16):  # twice as fast where the processor knows it
            said = network(x)
        said = said.float()
        value = loss(said, truth)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        schedule.step()
        mean.update_parameters(network)
        with torch.no_grad():
            got, true = said[:, 0] > 0, truth[:, 0] > 0
            iou = ((got & true).sum((1, 2)) + 1) / ((got | true).sum((1, 2)) + 1)
            sums.append((float(value), float(iou.mean())))
        if step % 100 == 0 or step == options.steps:
            at = np.mean(sums[-100:], 0)
            print(f"{step}: loss {at[0]:.3f}, IoU {at[1]:.3f}, {time.time() - started:.0f} s", flush=True)
            save(folded(mean.module.eval()), options.out)
            torch.save(network.state_dict(), options.out.with_suffix(".pt"))


if __name__ == "__main__":
    main()
