"""A grasp network, such as GrabNet, that a user exported to ONNX."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.errors import InputError
from rhov_core.hand import HandModel
from rhov_core.hand.mano_model import MANO_NAME
from rhov_core.hand.model import mirror_pose
from rhov_core.pose import exp_rotation, log_rotation
from rhov_optimizer.joint.contact import fingertip_gaps, signed_distances
from rhov_optimizer.joint.grasp.prior import Grasps, GraspScene

POINTS = 1024
"""Points on the object's surface that the network receives."""
ACCEPTED = (
    f"an ONNX file with the inputs 'object_points' (1, {POINTS}, 3) and 'hand' (1, 51) and one output (1, 45), float32"
)
TODO = "export the network with these inputs and this output; other kinds of files may run code and are not opened"


class NetworkGrasp:
    """Runs a network of MANO's right hand; left hands are mirrored.

    The network's inputs, both in the frame of the object's centred mesh, in metres:

    - `object_points` (1, 1024, 3): points spread evenly over the surface;
    - `hand` (1, 51): the 48 rotation vectors of the present pose, relative to the flat hand, and the translation.

    Its output (1, 45) are rotation vectors of the fingers' joints, relative to the flat hand. An encoding of the
    object (GrabNet's basis points) belongs into the exported network. GrabNet's weights have a licence of their own.

    Only ONNX is accepted: it holds numbers and a list of known operations, no code, and OpenCV reads it. Pickled
    checkpoints and TorchScript archives are programs and are refused.

    Args:
        path: The file.

    Raises:
        InputError: If the file is missing or is no such network.
    """

    def __init__(self, path: Path) -> None:
        if path.suffix.lower() != ".onnx" or not path.is_file():
            raise InputError(f"the grasp prior '{path}' is no .onnx file", ACCEPTED, TODO)
        try:
            self._network = cv2.dnn.readNetFromONNX(str(path))
        except cv2.error as error:
            raise InputError(f"the grasp prior '{path}' cannot be read ({error.err})", ACCEPTED, TODO) from error
        self._path = path
        self._run(np.zeros((POINTS, 3)), np.zeros(51))

    def refusal(self, hand_model: HandModel) -> str | None:
        """See `GraspPrior`."""
        if hand_model.name == MANO_NAME:
            return None
        return f"the grasp network knows MANO's hand, and this one is '{hand_model.name}'"

    def propose(self, scene: GraspScene) -> Grasps:
        """See `GraspPrior`."""
        model = scene.hand_model
        vertices = model.forward_numpy(scene.pose, scene.shape, scene.translation).vertices
        signed = signed_distances(scene.distance, scene.T, scene.scale, vertices)
        near = fingertip_gaps(signed, model).min(1) < scene.near
        points = scene.scale * surface_points(scene)
        mirror = np.array([-1.0, 1.0, 1.0]) if model.side == "left" else np.ones(3)
        fingers = scene.pose[:, 3:].copy()
        for frame in np.flatnonzero(near):
            pose, translation = self._in_object(scene, frame)
            if model.side == "left":
                pose = mirror_pose(pose)
            found = self._run(points * mirror, np.concatenate([pose, translation * mirror]))
            fingers[frame] = mirror_pose(found) if model.side == "left" else found
        return Grasps(fingers, np.repeat(near[:, None], 15, axis=1).astype(np.float64))

    def _in_object(self, scene: GraspScene, frame: int) -> tuple[FloatArray, FloatArray]:
        """Pose (48,) and translation (3,) of the hand in the frame of the object's centred mesh, scaled."""
        R, t = scene.T[frame, :3, :3], scene.T[frame, :3, 3]
        model, pose = scene.hand_model, scene.pose[frame].copy()
        pose[:3] = log_rotation(R.T @ exp_rotation(pose[:3]))
        wrist = model.joint_template[0] + model.joint_shape_directions[0] @ scene.shape
        return pose, R.T @ (scene.translation[frame] + wrist - t) - wrist

    def _run(self, points: FloatArray, hand: FloatArray) -> FloatArray:
        """Fingers (45,) [rad]."""
        try:
            self._network.setInput(np.ascontiguousarray(points[None], np.float32), "object_points")
            self._network.setInput(np.ascontiguousarray(hand[None], np.float32), "hand")
            out = np.asarray(self._network.forward(), np.float64).reshape(-1)
        except cv2.error as error:
            raise InputError(f"the grasp prior '{self._path}' does not run ({error.err})", ACCEPTED, TODO) from error
        if out.shape != (45,) or not np.isfinite(out).all():
            raise InputError(f"the grasp prior '{self._path}' gives {out.size} values, not all finite", ACCEPTED, TODO)
        return out


def surface_points(scene: GraspScene) -> FloatArray:
    """(POINTS, 3) points spread evenly over the centred, unscaled mesh, always the same ones."""
    rng = np.random.default_rng(0)
    a, b, c = (scene.mesh.vertices[scene.mesh.faces[:, i]] for i in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    face = rng.choice(len(area), POINTS, p=area / area.sum())
    u, v = rng.random((2, POINTS, 1))
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    return a[face] + u * (b - a)[face] + v * (c - a)[face]
