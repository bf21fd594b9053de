"""How often the default hand estimator finds the hand in rendered clips: eight single frames of each clip.

`./run bench rendered_hands FOLDER...` with the folders of `rhov synthesize --suite`. A frame counts if the truth lists
a hand, that is at least eleven of its keypoints lie in the picture. A found hand is right if its keypoints lie within
a quarter of the hand's size of the true ones on average.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from rhov_core.camera import Camera
from rhov_core.files import read_json
from rhov_core.trajectory import HandObjectTrajectory
from rhov_core.video import VideoReader
from rhov_perception.hand import HandEstimator

FRAMES = 8
WRONG = 0.25


def measure(folder: Path) -> tuple[int, int, int]:
    """Frames with a hand in the picture, hands found, and hands found at the right place."""
    truth, camera = HandObjectTrajectory.load(folder / "truth" / "trajectory.npz"), Camera.load(folder / "camera.yaml")
    wanted = np.linspace(0, len(truth) - 1, FRAMES).astype(int)
    estimator, there, found, right = HandEstimator(camera), 0, 0, 0
    for frame in VideoReader(folder / "clip.mp4"):
        i = frame.frame_index
        if i not in wanted or not truth.hand_valid[i]:
            continue
        there += 1
        estimator.reset()
        estimate = estimator.estimate(frame.image, i).estimate
        if estimate is None:
            continue
        found += 1
        pixels = camera.project(truth.hand_joints[i])
        size = np.linalg.norm(np.ptp(pixels, axis=0))
        right += int(np.linalg.norm(estimate.keypoints - pixels, axis=1).mean() < WRONG * size)
    return there, found, right


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="folders that hold clips")
    clips = sorted(path.parent for folder in parser.parse_args().folders for path in folder.glob("**/clip.json"))
    print("| clip | object hidden, mean and range | hand in the picture | found | at the right place |")
    print("|---|---|---|---|---|")
    total = np.zeros(3, int)
    for clip in clips:
        hidden, counts = np.array(read_json(clip / "clip.json")["occlusion"]), np.array(measure(clip))
        total += counts
        shares = f"{100 * hidden.mean():.0f} % ({100 * hidden.min():.0f}-{100 * hidden.max():.0f})"
        print(f"| {clip.name} | {shares} | {' | '.join(map(str, counts))} |", flush=True)
    print(f"| all: {len(clips)} clips | | {' | '.join(map(str, total))} |")
    print(f"\nfound {100 * total[1] / total[0]:.0f} %, at the right place {100 * total[2] / total[0]:.0f} %")


if __name__ == "__main__":
    main()
