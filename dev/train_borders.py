"""Trains the network that finds borders, from what `dev/render_borders.py` has written.

    python dev/render_borders.py out/borders
    python dev/train_borders.py out/borders

Needs torch; 80 ms a step on one core.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from train_segmenter import blocks, save

from rhov_perception.object.border_network import BorderNetwork
from rhov_perception.object.border_strip import ROWS
from rhov_perception.object.learned_border import network_inputs

WEIGHTS = Path(__file__).parents[1] / "ros2_ws/src/rhov_perception/rhov_perception/object/data/object_border.npz"
BATCH = 16
RATE, DECAY = 3e-3, 0.01
AVERAGED = 0.997
"""The network that is kept is the mean of the last ones, each counting so much of the next."""
UNTOLD = 0.15
"""Share of strips that come without what the colours say."""
OUTER, OUTER_WEIGHT = 3, 0.4
"""So many rows at the ends, about which less is to be known, count so much."""


def batch(seen: NDArray[np.uint8], truth: NDArray[np.uint8], rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Inputs (BATCH, 8, ROWS, columns) in other light and mirrored, and targets (BATCH, ROWS, columns)."""
    chosen = rng.integers(len(seen), size=BATCH)
    way = 1 - 2 * int(rng.integers(2))
    x = network_inputs(torch.from_numpy(np.ascontiguousarray(seen[chosen][:, :, ::way])))
    colors = x[:, :3]
    if rng.random() < 0.3:
        order = torch.from_numpy(rng.permuted(np.tile(np.arange(3), (BATCH, 1)), axis=1))
        colors = torch.gather(colors, 1, order[:, :, None, None].expand(-1, -1, *x.shape[2:]))
    gain = torch.from_numpy(rng.uniform(0.7, 1.3, (BATCH, 1, 1, 1)).astype(np.float32))
    x[:, :3] = colors * gain + torch.from_numpy(rng.normal(0, 0.06, (BATCH, 3, 1, 1)).astype(np.float32))
    x[torch.from_numpy(rng.random(BATCH) < UNTOLD), 3] = 0
    return x, torch.from_numpy(np.ascontiguousarray(truth[chosen][:, :, ::way])).float() / 255


def folded(network: BorderNetwork) -> BorderNetwork:
    """The same function without normalisation."""
    bare = BorderNetwork()
    for mine, its in zip(blocks(bare), blocks(network), strict=True):
        mine[0].load_state_dict(nn.utils.fuse_conv_bn_eval(its[0], its[1]).state_dict())
    bare.everywhere.load_state_dict(network.everywhere.state_dict())
    bare.out.load_state_dict(network.out.state_dict())
    return bare.eval()


def main() -> None:
    """Trains and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strips", type=Path)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--steps", type=int, default=4000)
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    tables = [np.load(file) for file in sorted(options.strips.glob("*.npz"))]
    seen, truth = (np.concatenate([table[name] for table in tables]) for name in ("seen", "truth"))
    rng = np.random.default_rng(0)
    network = BorderNetwork(nn.BatchNorm2d).to(memory_format=torch.channels_last)
    mean: Any = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGED), use_buffers=True
    )
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, options.steps, pct_start=0.06)
    weight = torch.ones(ROWS)
    weight[:OUTER] = weight[-OUTER:] = OUTER_WEIGHT
    started, sums = time.time(), []
    for step in range(1, options.steps + 1):
        x, target = batch(seen, truth, rng)
        with torch.autocast("cpu", torch.bfloat16):  # twice as fast where the processor knows it
            said = network(x)
        each = nn.functional.binary_cross_entropy_with_logits(said.float(), target, reduction="none")
        value = (each * weight[None, :, None]).mean()
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        schedule.step()
        mean.update_parameters(network)
        sums.append((value.item(), float(((said > 0) != (target > 0.5)).float().mean())))
        if step % 250 == 0 or step == options.steps:
            at = np.mean(sums[-250:], 0)
            print(f"{step}: loss {at[0]:.3f}, wrong {100 * at[1]:.1f} %, {time.time() - started:.0f} s", flush=True)
            save(folded(mean.module.eval()), options.out)


if __name__ == "__main__":
    main()
