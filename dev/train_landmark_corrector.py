"""Trains the network that corrects the hand detector's landmarks, from what `dev/render_hand_views.py` has rendered.

    python dev/render_hand_views.py views.npz
    python dev/train_landmark_corrector.py views.npz

The landmarks that it learns are those of the detector, where they would be if it saw everything: the model's joints
plus `keypoint_offsets`. `--leave-out 0` or `1` leaves out every other object, to see what it is worth on objects that
it has not seen; the network that comes with RHOV has seen all. Needs torch; a few minutes on one core.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np
import torch

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import Side
from rhov_core.files import atomic_path
from rhov_perception.hand.corrector import canonical
from rhov_perception.hand.detector import HandDetection

WEIGHTS = Path(__file__).parents[1] / "ros2_ws/src/rhov_perception/rhov_perception/hand/data/landmark_corrector.npz"
HIDDEN, EPOCHS, BATCH, RATE, DECAY = 224, 80, 128, 3e-3, 0.03
INPUT_NOISE, DROPOUT = 0.2, 0.1
"""Of the features in their standard deviations, and of the hidden layers: against learning views by heart."""
FREEDOM = 4.0
"""Of Student's t, whose heavy tails leave room for detections that are plainly wrong."""
MOVE, DEPTH = 10.0, 8.0
"""The network's outputs are so many times hand and palm sizes, so that all are about one."""


def examples(file: Path) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Features (N, 109), targets (N, 63) and the number of the object (N,)."""
    features, targets = [], []
    with np.load(file) as views:
        data = {name: views[name] for name in views.files}
    for i, points in enumerate(data["points"]):
        camera = Camera.from_focal(float(data["focal"][i]), *(int(side) for side in data["image_size"]))
        side: Side = "right" if data["side"][i] > 0 else "left"
        detection = HandDetection(side, float(data["score"][i]), data["keypoints"][i], data["landmarks"][i])
        seen = canonical(detection, "right", camera)
        move = (camera.project(points) - detection.keypoints) @ seen.rotation.T / seen.size
        direction = camera.rays(seen.centre[None])[0]
        depths = points @ direction / np.linalg.norm(direction) / float(data["palm"])
        features.append(seen.features)
        targets.append(np.concatenate([MOVE * move.ravel(), DEPTH * (depths - depths.mean())]))
    return np.array(features, np.float32), np.array(targets, np.float32), data["object"]


class Network(torch.nn.Module):
    """What `LandmarkCorrector` computes, with dropout."""

    def __init__(self, features: torch.Tensor) -> None:
        super().__init__()
        sizes = [features.shape[1], HIDDEN, HIDDEN, HIDDEN, 105]
        self.layers = torch.nn.ModuleList(torch.nn.Linear(a, b) for a, b in itertools.pairwise(sizes))
        self.mean: torch.Tensor = features.mean(0)
        self.spread: torch.Tensor = features.std(0) + 1e-3
        self.drop = torch.nn.Dropout(DROPOUT)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Output (N, 105) of features (N, 109)."""
        first, *residual, last = self.layers
        hidden = self.drop(torch.relu(first((features - self.mean) / self.spread)))
        for layer in residual:
            hidden = self.drop(hidden + torch.relu(layer(hidden)))
        return last(hidden)


def loss(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Negative logarithm of Student's t of keypoints, in two dimensions, and of depths."""
    move, depth, move_spread, depth_spread = output.split([42, 21, 21, 21], dim=1)
    off = (move - target[:, :42]).reshape(-1, 21, 2).square().sum(-1)
    deep = (depth - target[:, 42:]).square()
    flat = (FREEDOM + 2) / 2 * torch.log1p(off * torch.exp(-2 * move_spread) / FREEDOM) + 2 * move_spread
    solid = (FREEDOM + 1) / 2 * torch.log1p(deep * torch.exp(-2 * depth_spread) / FREEDOM) + depth_spread
    return (flat + solid).mean()


def trained(features: FloatArray, targets: FloatArray) -> Network:
    """The network after all epochs; the same examples give the same network."""
    torch.manual_seed(0)
    x, y = torch.from_numpy(features), torch.from_numpy(targets)
    network = Network(x)
    steps = len(x) // BATCH
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=DECAY)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, EPOCHS * steps + 1)
    for _ in range(EPOCHS):
        order = torch.randperm(len(x))
        for batch in order[: steps * BATCH].split(BATCH):
            noisy = x[batch] + INPUT_NOISE * network.spread * torch.randn_like(x[batch])
            value = loss(network(noisy), y[batch])
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            rate.step()
    return network.eval()


def weights(network: Network) -> dict[str, FloatArray]:
    """The arrays of `LandmarkCorrector`, in half precision."""
    arrays = {"mean": network.mean.numpy(), "spread": network.spread.numpy()}
    for i, layer in enumerate(network.layers):
        assert isinstance(layer, torch.nn.Linear)
        arrays[f"weight{i}"], arrays[f"bias{i}"] = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    unit = np.repeat([MOVE, DEPTH], [42, 21])
    arrays["weight3"][:63] /= unit[:, None]
    arrays["bias3"][:63] /= unit
    arrays["bias3"][63:] -= np.log(np.repeat([MOVE, DEPTH], 21))
    return {name: array.astype(np.float16) for name, array in arrays.items()}


def write(network: Network, path: Path) -> None:
    """Writes the file that `LandmarkCorrector` reads."""
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **weights(network))


def report(name: str, network: Network, features: FloatArray, targets: FloatArray, palm: float) -> None:
    """Prints how far off landmarks are before and after."""
    with torch.no_grad():
        output = network(torch.from_numpy(features)).numpy()

    def off(error: FloatArray) -> str:
        distances = np.linalg.norm(error.reshape(-1, 21, 2), axis=-1) / MOVE
        return f"{100 * distances.mean():.1f} % (median {100 * np.median(distances):.1f})"

    deep = 1000 * palm / DEPTH * np.abs(output[:, 42:63] - targets[:, 42:])
    print(f"{name}, {len(features)} views: keypoints {off(targets[:, :42])} -> {off(output[:, :42] - targets[:, :42])} "
          f"of the hand's size; depths {deep.mean():.1f} mm (median {np.median(deep):.1f})")  # fmt: skip


def main() -> None:
    """Trains and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("views", type=Path)
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="file of the network")
    parser.add_argument(
        "--leave-out", type=int, choices=(0, 1), help="train without objects of this parity and test on them"
    )
    options = parser.parse_args()
    features, targets, objects = examples(options.views)
    out = objects % 2 == options.leave_out if options.leave_out is not None else np.zeros(len(objects), np.bool_)
    network = trained(features[~out], targets[~out])
    if out.any():
        palm = float(np.load(options.views)["palm"])
        report(f"objects left out {options.leave_out}", network, features[out], targets[out], palm)
    write(network, options.out)


if __name__ == "__main__":
    main()
