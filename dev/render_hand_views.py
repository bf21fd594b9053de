"""Renders single views of hands that hold things and notes what the hand detector says about them.

    python dev/render_hand_views.py views.npz

Only objects of the split "dev" are used, in grasps of the free hand model, from all sides, held, half opened or
without an object, with forearm, sleeve, clutter and shadows as in the benchmark's clips. Every picture is seen twice,
as it is and mirrored. The file is what `dev/train_landmark_corrector.py` learns from. Half a second a view.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.files import atomic_path
from rhov_core.hand import PARENTS, HandModel, JointLimits
from rhov_core.pose import exp_rotation, make_transform, transform_points
from rhov_core.synth import OBJECTS, SynthObject
from rhov_core.synth.actions import SHOULDER
from rhov_core.synth.actors import HAND, Actors
from rhov_core.synth.clip import developed
from rhov_core.synth.grasps import Grasp, find_grasps
from rhov_core.synth.motion import HandPose, State
from rhov_core.synth.scene import Scene, build_scene
from rhov_core.synth.view import View, a_camera, share_outside, some_things
from rhov_perception.hand import HandConfig
from rhov_perception.hand.detector import HandDetection, HandDetector
from rhov_perception.hand.keypoint_offsets import KEYPOINT_JOINT
from rhov_perception.hand.size import palm_size
from rhov_perception.hand.skeleton import make_skeleton

SIZE = (640, 480)
VIEWS, GRASP_SEEDS = 24, 4
"""Views of one scene; the grasps of an object come from so many searches."""
FREE, OPENING, DROPPED = 0.15, 0.4, 0.7
"""Shares of hands without an object, of hands that open, and of things let go among hands that are wide open."""
OUTSIDE, NEAREST = 0.15, 0.15
"""No more of the hand is out of the picture, and nothing of it nearer [m]."""
WRONG = 0.5
"""A detection further off, as a share of the hand's size, is of something else."""


class Stage:
    """One scene with one object."""

    def __init__(self, obj: SynthObject, hand: HandModel, rng: np.random.Generator) -> None:
        self.hand, self.rng, self._rest = hand, rng, obj.T_world_object
        self._grasps = find_grasps(obj, hand, int(rng.integers(GRASP_SEEDS)))
        self._limits = JointLimits.of(hand)
        self.actors = Actors(obj.load(), hand, SHOULDER)
        first = self.actors.vertices(self._held(self._grasps[0], 0.0))
        camera, self.T = a_camera([first], SIZE, rng)
        things = some_things(self.T, [first], np.concatenate(first), (0.0, 0.3), rng)
        self.camera = camera
        self.scene: Scene = build_scene(self.actors, obj.material, View(camera, self.T, things, 0.0), rng)

    def state(self) -> State:
        """A hand somewhere over the table."""
        rng, grasp = self.rng, self._grasps[int(self.rng.integers(len(self._grasps)))]
        opened = float(rng.random()) if rng.random() < OPENING else 0.0
        state = self._held(grasp, opened)
        away = state.T_world_object.copy()
        if rng.random() < FREE:
            away[:3, 3] = [3.0, 3.0, -3.0]
            return State(away, HandPose(state.hand.wrist, self._shaken(state.hand.fingers)), False)
        if opened > OPENING and rng.random() < DROPPED:
            away[:3, 3] += rng.normal(0, 0.03, 3) + 0.08 * opened * away[:3, :3] @ grasp.approach
        return State(away, state.hand, False)

    def _held(self, grasp: Grasp, opened: float) -> State:
        rng = self.rng
        turn = exp_rotation(rng.normal(0, 0.45, 3)) @ exp_rotation([0, 0, rng.uniform(-np.pi, np.pi)])
        T = make_transform(turn @ self._rest[:3, :3], rng.uniform([-0.06, -0.06, 0.05], [0.06, 0.06, 0.22]))
        pose = grasp.pose + opened * (grasp.open_pose - grasp.pose)
        wrist = make_transform(exp_rotation(grasp.pose[:3]), grasp.translation + self.hand.joint_template[0])
        return State(T, HandPose(T @ wrist, pose[3:]), True)

    def _shaken(self, fingers: FloatArray) -> FloatArray:
        """Other fingers (45,) that a hand can make."""
        angles = self._limits.angles(np.concatenate([np.zeros(3), fingers])[None])[0]
        curled = angles + self.rng.normal(0, 0.25, angles.shape)
        curled[:, 0] += self.rng.uniform(-0.4, 0.4)
        change = np.clip(curled, self._limits.lower, self._limits.upper) - angles
        return fingers + np.asarray(self._limits.pose_from_angles(change[None])[0]).ravel()


def detector_points(hand: HandModel, pose: FloatArray, translation: FloatArray) -> FloatArray:
    """Where the detector would put its 21 landmarks (21, 3) if it saw all of them, camera frame [m]."""
    skeleton = make_skeleton(hand, np.zeros(10))
    turns, R, t = exp_rotation(pose.reshape(16, 3)), np.empty((16, 3, 3)), np.empty((16, 3))
    R[0], t[0] = turns[0], skeleton.joints[0] + translation
    for joint in range(1, 16):
        parent = PARENTS[joint]
        R[joint] = R[parent] @ turns[joint]
        t[joint] = t[parent] + R[parent] @ (skeleton.joints[joint] - skeleton.joints[parent])
    return t[KEYPOINT_JOINT] + np.einsum("kab,kb->ka", R[KEYPOINT_JOINT], skeleton.points)


def seen(detector: HandDetector, image: Any, pixels: FloatArray) -> HandDetection | None:
    """The detection at the hand, found a second time from where it was found first, as in a video."""
    detector.forget()
    detector.detect(image)
    size = float(np.linalg.norm(np.ptp(pixels, axis=0)))
    detections = detector.detect(image)
    off = [float(np.linalg.norm(d.keypoints - pixels, axis=1).mean()) for d in detections]
    return detections[int(np.argmin(off))] if detections and min(off) < WRONG * size else None


def rows(stage: Stage, detector: HandDetector, number: int) -> list[dict[str, Any]]:
    """What the detector says about some views of a stage."""
    out: list[dict[str, Any]] = []
    width, camera, count = SIZE[0], stage.camera, 0
    while count < VIEWS:
        state = stage.state()
        vertices = [transform_points(stage.T, part) for part in stage.actors.vertices(state)]
        count += 1
        if (
            share_outside(camera, stage.T, stage.actors.vertices(state)[HAND]) > 0.15
            or vertices[HAND][:, 2].min() < 0.15
        ):
            continue
        image = developed(stage.scene.picture([vertices]), stage.rng)
        hand = stage.actors.parameters(HandPose(stage.T @ state.hand.wrist, state.hand.fingers))
        points = detector_points(stage.hand, hand.pose, hand.translation)
        pixels, mirror = camera.project(points), np.array([-1.0, 1.0, 1.0])
        turned = np.stack([width - 1 - pixels[:, 0], pixels[:, 1]], axis=1)
        common = {"points": points, "focal": camera.fx, "object": number}
        if (found := seen(detector, image, pixels)) is not None:
            said = {"side": 1.0 if found.side == "right" else -1.0, "score": found.score}
            out.append(common | said | {"keypoints": found.keypoints, "landmarks": found.landmarks})
        if (found := seen(detector, np.ascontiguousarray(image[:, ::-1]), turned)) is not None:
            said = {"side": 1.0 if found.side == "left" else -1.0, "score": found.score}
            keypoints = np.stack([width - 1 - found.keypoints[:, 0], found.keypoints[:, 1]], axis=1)
            out.append(common | said | {"keypoints": keypoints, "landmarks": found.landmarks * mirror})
    return out


def main() -> None:
    """Renders, detects and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--scenes", type=int, default=120)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    hand, detector = HandModel.load(), HandDetector(HandConfig())
    objects = [obj for obj in OBJECTS.values() if obj.split == "dev"]
    found: list[dict[str, Any]] = []
    for scene in range(options.scenes):
        rng, number = np.random.default_rng([options.seed, scene]), scene % len(objects)
        found += rows(Stage(objects[number], hand, rng), detector, number)
        print(f"scene {scene + 1} of {options.scenes}: {len(found)} detections", flush=True)
    table = {name: np.array([row[name] for row in found]) for name in found[0]}
    palm = palm_size(make_skeleton(hand, np.zeros(10)).rest_points)
    with atomic_path(options.out) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, image_size=np.array(SIZE), palm=palm, **table)


if __name__ == "__main__":
    main()
