"""Trains the network that tells right hands from left ones, from what `dev/render_hand_views.py` has rendered.

    python dev/render_hand_views.py views.npz
    python dev/train_hand_side.py views.npz

All views are of right hands; mirrored they are of left ones, so the network scores each detection as a right hand and,
mirrored, as a left one, and learns that the first is higher. `--leave-out 0` to `4` leaves out every fifth object, to
see what it is worth on objects that it has not seen; the network that comes with RHOV has seen all. Needs torch; ten
seconds on one core.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import Side
from rhov_core.files import atomic_path
from rhov_perception.hand.corrector import FARTHEST, canonical
from rhov_perception.hand.detector import HandDetection

WEIGHTS = Path(__file__).parents[1] / "ros2_ws/src/rhov_perception/rhov_perception/hand/data/hand_side.npz"
HIDDEN, EPOCHS, BATCH, RATE, DECAY = 96, 80, 128, 2e-3, 0.05
INPUT_NOISE, DROPOUT = 0.2, 0.3
"""Of the features in their standard deviations, and of the hidden layers: against learning views by heart."""
FOLDS = 5


def examples(file: Path) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Features (N, F) of the detections taken for right and for left hands, and the number of the object (N,)."""
    right, left = [], []
    with np.load(file) as views:
        data = {name: views[name] for name in views.files}
    for i, keypoints in enumerate(data["keypoints"]):
        camera = Camera.from_focal(float(data["focal"][i]), *(int(side) for side in data["image_size"]))
        side: Side = "right" if data["side"][i] > 0 else "left"
        detection = HandDetection(side, float(data["score"][i]), keypoints, data["landmarks"][i])
        right.append(canonical(detection, "right", camera).features)
        left.append(canonical(detection, "left", camera).features)
    return np.array(right, np.float32), np.array(left, np.float32), data["object"]


class Network(torch.nn.Module):
    """What `SideNetwork` computes, with dropout."""

    def __init__(self, features: torch.Tensor) -> None:
        super().__init__()
        self.mean: torch.Tensor = features.mean(0)
        self.spread: torch.Tensor = features.std(0) + 1e-3
        self.first, self.second = torch.nn.Linear(features.shape[1], HIDDEN), torch.nn.Linear(HIDDEN, HIDDEN)
        self.last = torch.nn.Linear(HIDDEN, 1, bias=False)
        self.drop = torch.nn.Dropout(DROPOUT)

    def score(self, features: torch.Tensor) -> torch.Tensor:
        """Scores (N,) of features (N, F)."""
        x = ((features - self.mean) / self.spread).clamp(-FARTHEST, FARTHEST)
        hidden = self.drop(torch.relu(self.first(x)))
        hidden = self.drop(hidden + torch.relu(self.second(hidden)))
        return torch.as_tensor(self.last(hidden)[:, 0])

    def forward(self, right: torch.Tensor, left: torch.Tensor) -> torch.Tensor:
        """Logarithms of the odds (N,) that the hands are right ones."""
        return self.score(right) - self.score(left)


def trained(right: FloatArray, left: FloatArray) -> Network:
    """The network after all epochs; the same examples give the same network."""
    torch.manual_seed(0)
    x, y = torch.from_numpy(right), torch.from_numpy(left)
    network = Network(torch.cat([x, y]))
    steps = len(x) // BATCH
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=DECAY)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, EPOCHS * steps + 1)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(x))[: steps * BATCH].split(BATCH):
            noisy = [z[batch] + INPUT_NOISE * network.spread * torch.randn_like(z[batch]) for z in (x, y)]
            value = torch.nn.functional.softplus(-network(*noisy)).mean()
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            rate.step()
    return network.eval()


def weights(network: Network) -> dict[str, FloatArray]:
    """The arrays of `SideNetwork`, in half precision."""
    arrays = {"mean": network.mean.numpy(), "spread": network.spread.numpy()}
    for i, layer in enumerate((network.first, network.second)):
        arrays[f"weight{i}"], arrays[f"bias{i}"] = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    arrays["weight2"] = network.last.weight.detach().numpy()[0]
    return {name: array.astype(np.float16) for name, array in arrays.items()}


def main() -> None:
    """Trains and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("views", type=Path)
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="file of the network")
    parser.add_argument("--leave-out", type=int, choices=range(FOLDS), help="objects to train without and to test on")
    options = parser.parse_args()
    right, left, objects = examples(options.views)
    out = objects % FOLDS == options.leave_out if options.leave_out is not None else np.zeros(len(objects), np.bool_)
    network = trained(right[~out], left[~out])
    if out.any():
        with torch.no_grad():
            said = network(torch.from_numpy(right[out]), torch.from_numpy(left[out])).numpy() > 0
        detector = (right[out, -1] > 0).mean()
        print(f"{out.sum()} views of other objects: side right {100 * detector:.1f} -> {100 * said.mean():.1f} %")
    with atomic_path(options.out) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **weights(network))


if __name__ == "__main__":
    main()
