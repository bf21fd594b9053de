"""Renders pictures of things in hands and writes strips along their borders, with the truth about them.

    python dev/render_borders.py out/borders --pictures 2500

Things and scenes are those of `dev/render_held_objects.py`, in pictures of 640x480 pixels. What `dev/train_borders.py`
learns from. 0.4 s a picture.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from border_examples import Picture, example
from held_examples import papers
from random_objects import random_object
from render_held_objects import UNSEEN, HeldScene

from rhov_core.errors import PlanningError
from rhov_core.files import atomic_path
from rhov_core.hand import HandModel
from rhov_core.synth import OBJECTS

SIZE = (640, 480)
VIEWS = 5
"""Pictures of one scene."""
MARGIN = 45
"""What is kept around the object [pixel]."""


def cut(picture: Picture) -> Picture:
    """The part of a picture around its object."""
    image, masks = picture
    rows, columns = np.nonzero(masks["whole"])
    part = (
        slice(max(rows.min() - MARGIN, 0), rows.max() + MARGIN + 1),
        slice(max(columns.min() - MARGIN, 0), columns.max() + MARGIN + 1),
    )
    return np.ascontiguousarray(image[part]), {name: np.ascontiguousarray(mask[part]) for name, mask in masks.items()}


def main() -> None:
    """Renders and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder for files of about 1,000 strips each")
    parser.add_argument("--pictures", type=int, default=2500)
    parser.add_argument("--strips", type=int, default=10, help="of each picture")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other pictures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    hand, paints = HandModel.load(), papers(np.random.default_rng(1))
    objects = [obj for obj in OBJECTS.values() if obj.split == "dev"] * 2
    objects += [random_object(n) for n in range(144) if n not in UNSEEN]
    strips: list[tuple[np.ndarray, np.ndarray]] = []
    done, scene = 0, 0
    while done < options.pictures:
        rng = np.random.default_rng([options.seed, scene])
        scene += 1
        try:
            stage = HeldScene(objects[int(rng.integers(len(objects)))], hand, rng, SIZE)
        except PlanningError:  # one of the random objects is too large, or lies too flat on the table
            continue
        shots = [cut(shot) for shot in (stage.picture() for _ in range(VIEWS)) if shot is not None]
        for shot in shots:
            pairs = (example(shot, shots[int(rng.integers(len(shots)))], paints, rng) for _ in range(options.strips))
            strips += [pair for pair in pairs if pair is not None]
        done += len(shots)
        if len(strips) >= 1000 or done >= options.pictures:
            with atomic_path(options.out / f"{options.seed:03d}_{done:06d}.npz") as path, path.open("wb") as file:
                np.savez(file, seen=np.stack([s[0] for s in strips]), truth=np.stack([s[1] for s in strips]))
            strips = []
            print(f"{done} of {options.pictures} pictures, {scene} scenes", flush=True)


if __name__ == "__main__":
    main()
