"""Renders single pictures of things in hands, cut out around the thing, with the truth about their pixels.

    python dev/render_held_objects.py out/held --pictures 5000

The things are those of the split "dev" and random ones (`dev/random_objects.py`), in materials and colours that are
drawn anew for every scene; none is of the split "test". What `dev/train_segmenter.py` learns from. 0.1 s a picture.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from random_objects import random_material, random_object

from rhov_core.arrays import BoolArray, ByteArray
from rhov_core.errors import PlanningError
from rhov_core.files import atomic_path
from rhov_core.hand import HandModel
from rhov_core.pose import exp_rotation, make_transform, transform_points
from rhov_core.render import rasterize
from rhov_core.synth import OBJECTS, SynthObject
from rhov_core.synth.actions import SHOULDER
from rhov_core.synth.actors import FOREARM, HAND, OBJECT, Actors
from rhov_core.synth.clip import developed
from rhov_core.synth.grasps import find_grasps
from rhov_core.synth.motion import HandPose, State
from rhov_core.synth.scene import Scene, build_scene
from rhov_core.synth.truth import TruthCamera
from rhov_core.synth.view import View, a_camera, share_outside, some_things

SIZE = (448, 336)
SIDE, WIDTH = 160, 2.4
"""Cuttings are so many pixels wide, and so many times as wide as the thing is long."""
VIEWS = 8
"""Pictures of one scene."""
UNSEEN = range(72, 144)
"""Numbers of the random objects that are kept to see what was learnt."""
HELD, STANDING, RELEASED = 0.6, 0.3, 0.1
"""Shares of things held in the air, standing on the table with a hand near, in the air beside an opening hand."""
ABSENT = 0.15
"""Share of things on the table with no hand near."""
LEAST = 80
"""Fewer pixels of a thing are not learnt from [pixel]."""
UNDRAWN, MISTAKEN = 0.1, 0.07
"""Shares of hands that the hand detector would not find, and would find in a wrong place."""


class HeldScene:
    """One scene with one object, in pictures of a size (width, height)."""

    def __init__(
        self, obj: SynthObject, hand: HandModel, rng: np.random.Generator, size: tuple[int, int] = SIZE
    ) -> None:
        self.hand, self.rng, self._rest = hand, rng, obj.T_world_object
        self._grasps = find_grasps(obj, hand, 0)
        self.actors = Actors(obj.load(), hand, SHOULDER)
        first = [self.actors.vertices(self.state()) for _ in range(4)]
        self.camera, self.T = a_camera(first, size, rng)
        way = np.concatenate([part for parts in first for part in parts])
        hidden = (0.0, 0.3) if rng.random() < 0.6 else (0.3, 0.6)
        view = View(self.camera, self.T, some_things(self.T, first, way, hidden, rng), 0.0)
        self.scene: Scene = build_scene(self.actors, random_material(rng), view, rng)
        self.truth = TruthCamera(self.camera, self.scene.faces, self.scene.planes)

    def state(self) -> State:
        """Object and hand somewhere over the table."""
        rng, grasp = self.rng, self._grasps[int(self.rng.integers(len(self._grasps)))]
        kind = rng.random()
        on_table = HELD < kind <= HELD + STANDING
        turn = exp_rotation(np.array([0, 0, rng.uniform(-np.pi, np.pi)]))
        if on_table:
            T = make_transform(turn, [*rng.uniform(-0.08, 0.08, 2), 0.0]) @ self._rest
        else:
            turn = exp_rotation(rng.normal(0, 0.5, 3)) @ turn
            T = make_transform(turn @ self._rest[:3, :3], rng.uniform([-0.07, -0.07, 0.05], [0.07, 0.07, 0.22]))
        opened = 0.0 if kind < HELD else float(rng.random())
        away = 0.0 if kind < HELD else float(rng.uniform(0, 0.12)) * (rng.random() < 0.8)
        pose = grasp.pose + opened * (grasp.open_pose - grasp.pose)
        place = grasp.translation + self.hand.joint_template[0] - away * grasp.approach
        wrist = T @ make_transform(exp_rotation(grasp.pose[:3]), place)
        if on_table and rng.random() < ABSENT:
            wrist[:3, 3] += [0.5, -0.5, 0.4]
        return State(T, HandPose(wrist, pose[3:]), kind < HELD)

    def drawn_hand(self, state: State) -> BoolArray:
        """(H, W) where a hand detector would draw the hand: whole, and never quite right."""
        rng, kind = self.rng, self.rng.random()
        if kind < UNDRAWN:
            return np.zeros((self.camera.height, self.camera.width), np.bool_)
        error = 5.0 if kind < UNDRAWN + MISTAKEN else float(rng.uniform(0.3, 1.6))
        wrist = state.hand.wrist.copy()
        wrist[:3, 3] += error * rng.normal(0, 0.004, 3)
        wrist[:3, :3] = exp_rotation(error * rng.normal(0, 0.05, 3)) @ wrist[:3, :3]
        guess = HandPose(wrist, state.hand.fingers + min(error, 2.0) * rng.normal(0, 0.07, 45))
        seen = transform_points(self.T, self.actors.hand_vertices(guess))
        return np.asarray(rasterize(seen[None], self.hand.faces, self.camera)[0][0] >= 0)

    def picture(self) -> tuple[ByteArray, dict[str, BoolArray]] | None:
        """An image (H, W, 3) with masks (H, W); None if there is little to see."""
        state = self.state()
        parts = self.actors.vertices(state)
        if share_outside(self.camera, self.T, parts[OBJECT]) > 0.3:
            return None
        seen = [transform_points(self.T, part) for part in parts]
        truth = self.truth.look([*seen, *self.scene.still])
        if np.count_nonzero(truth.visible_object) < LEAST:
            return None
        masks = {
            "object": truth.visible_object,
            "skin": (truth.part == HAND) | (truth.part == FOREARM),
            "whole": truth.full_object,
            "drawn": self.drawn_hand(state),
        }
        return developed(self.scene.picture([seen]), self.rng), masks


def cutting(image: ByteArray, masks: dict[str, BoolArray]) -> dict[str, Any]:
    """The square around the object, reduced or enlarged to SIDE."""
    rows, columns = np.nonzero(masks["whole"])
    low, high = np.array([columns.min(), rows.min()]), np.array([columns.max(), rows.max()])
    side = WIDTH * max(24.0, float((high - low).max() + 1))
    scale, corner = SIDE / side, (low + high) / 2 - side / 2
    M = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])
    found: dict[str, Any] = {
        "image": cv2.warpAffine(_soft(image, scale), M, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    }
    for name, mask in masks.items():
        found[name] = np.packbits(cv2.warpAffine(_soft(255 * mask.view(np.uint8), scale), M, (SIDE, SIDE)) > 127)
    return found


def _soft(image: Any, scale: float) -> Any:
    """Without what is too fine for a reduced picture."""
    return image if scale >= 1 else cv2.GaussianBlur(image, (0, 0), 0.4 / scale)


def main() -> None:
    """Renders and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder for files of 1,000 pictures each")
    parser.add_argument("--pictures", type=int, default=5000)
    parser.add_argument("--random", type=int, default=72, help="number of random objects beside those of dev")
    parser.add_argument("--unseen", action="store_true", help="only other random objects, to see what was learnt")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other pictures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    hand = HandModel.load()
    numbers = UNSEEN if options.unseen else [n for n in range(options.random + len(UNSEEN)) if n not in UNSEEN]
    objects = [random_object(n) for n in numbers]
    if not options.unseen:
        objects = [obj for obj in OBJECTS.values() if obj.split == "dev"] + objects
    found: list[dict[str, Any]] = []
    done, scene = 0, 0
    while done < options.pictures:
        rng = np.random.default_rng([options.seed, scene])
        scene += 1
        try:
            stage = HeldScene(objects[int(rng.integers(len(objects)))], hand, rng)
        except PlanningError:  # one of the random objects is too large, or lies too flat on the table
            continue
        shots = [shot for shot in (stage.picture() for _ in range(VIEWS)) if shot is not None]
        found += [cutting(*shot) | {"scene": np.int64(scene)} for shot in shots]
        if len(found) >= 1000 or done + len(found) >= options.pictures:
            done += len(found)
            with atomic_path(options.out / f"{options.seed:03d}_{done:06d}.npz") as path, path.open("wb") as file:
                np.savez(file, **{name: np.stack([row[name] for row in found]) for name in found[0]})
            found = []
            print(f"{done} of {options.pictures} pictures, {scene} scenes", flush=True)


if __name__ == "__main__":
    main()
