"""What a rendered clip holds, for tests; and the small one that they share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rhov_core.camera import Camera
from rhov_core.files import read_json
from rhov_core.hand import HandModel
from rhov_core.object_model import ObjectModel
from rhov_core.synth import ClipSpec, RenderedClip
from rhov_core.trajectory import HandObjectTrajectory

SPEC = ClipSpec("carton", 3, action="pick", frames=24, image_size=(320, 240))


class Loaded(NamedTuple):
    clip: RenderedClip
    truth: HandObjectTrajectory
    camera: Camera
    model: ObjectModel
    hand: HandModel
    hand_vertices: np.ndarray
    about: dict
    contact: dict


def load(clip: RenderedClip) -> Loaded:
    truth, hand = HandObjectTrajectory.load(clip.truth), HandModel.load(side=clip.spec.side)
    vertices = hand.forward_numpy(truth.hand_pose, truth.hand_shape, truth.hand_translation).vertices
    with np.load(clip.contact) as file:
        contact = {name: file[name] for name in file.files}
    about = read_json(clip.folder / "clip.json")
    return Loaded(clip, truth, Camera.load(clip.camera), ObjectModel.load(clip.mesh), hand, vertices, about, contact)
