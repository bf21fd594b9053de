"""The pose of the object in the first frame, from its mask."""

from __future__ import annotations

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import FrameCues
from rhov_core.errors import InputError
from rhov_core.interfaces import ObjectSegmenter
from rhov_core.object_model import ObjectModel
from rhov_core.pose import is_transform
from rhov_optimizer.initialise.candidates import InitialPose, PoseCandidate, cosines
from rhov_optimizer.initialise.config import InitialPoseConfig
from rhov_optimizer.initialise.refine import CLOSE, ContourFit
from rhov_optimizer.initialise.sweep import widen
from rhov_optimizer.initialise.view_search import SearchedObject, ViewSearch
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.surface import SurfaceView

BANDS = (17, 11, 9)
"""How far the mask's border may move when it is segmented again, round by round [pixel]."""
ALTERNATIVES = 15.0
"""Candidates turned less than this against the best one are no alternatives to it [degree]."""


def find_initial_pose(
    model: ObjectModel,
    camera: Camera,
    cues: FrameCues,
    segmenter: ObjectSegmenter | None = None,
    config: InitialPoseConfig | None = None,
) -> InitialPose:
    """Searches all views of the object for the one that fits its mask.

    The best one found (see `ViewSearch`) is used to segment the image again, which knows more than the first mask did.

    Args:
        model: The object.
        camera: Without distortion.
        cues: Of the first frame; its object mask is needed.
        segmenter: Segments again from a silhouette. None: the mask is taken as it is.
        config: Settings.

    Raises:
        InputError: If there is no mask, it is too small, or too little of it lies outside the widened hand.
    """
    config = config or InitialPoseConfig()
    searched = SearchedObject.from_model(model, config)
    search, mesh = ViewSearch(searched, camera, cues, config), searched.mesh
    search.finish()
    T, score = search.T, search.score

    best, iou = refine_by_segmenting(mesh, camera, cues, segmenter, T[0], config)
    found = [PoseCandidate(mesh.in_file_frame(best), iou)]
    found += [PoseCandidate(mesh.in_file_frame(t), float(s)) for t, s in zip(T[1:], score[1:], strict=True)]
    other = score[cosines(T[0, :3, :3], T[:, :3, :3], searched.rotations) < np.cos(np.radians(ALTERNATIVES))]
    return InitialPose(tuple(found), iou, float(score[0] - other.max(initial=0.0)))


def refine_initial_pose(
    model: ObjectModel,
    camera: Camera,
    cues: FrameCues,
    T: FloatArray,
    segmenter: ObjectSegmenter | None = None,
    config: InitialPoseConfig | None = None,
) -> InitialPose:
    """Refines a pose that the user gives.

    Args:
        model: The object.
        camera: Without distortion.
        cues: Of the first frame; its object mask is needed if there is no segmenter.
        T: (4, 4) T_camera_object, roughly.
        segmenter: Segments again from a silhouette. None: the mask is taken as it is.
        config: Settings.

    Raises:
        InputError: If the pose is no rigid transform or does not show the object to the camera.
    """
    config = config or InitialPoseConfig()
    mesh = CentredMesh.from_model(model, config.max_faces)
    if not is_transform(T, 1e-3) or SurfaceView.draw(mesh, camera, mesh.centred(T)) is None:
        raise InputError(
            "the initial pose does not bring the object before the camera",
            "a rigid transform T_camera_object (4x4, metres) with the object inside the image",
            "check the pose, the units of the mesh and the camera",
        )
    best, iou = refine_by_segmenting(mesh, camera, cues, segmenter, mesh.centred(T), config)
    return InitialPose((PoseCandidate(mesh.in_file_frame(best), iou),), iou, float("nan"))


def refine_by_segmenting(
    mesh: CentredMesh,
    camera: Camera,
    cues: FrameCues,
    segmenter: ObjectSegmenter | None,
    T: FloatArray,
    config: InitialPoseConfig,
) -> tuple[FloatArray, float]:
    """Segments the image from the silhouette and fits the pose to the new mask, in a narrowing band.

    Returns:
        The pose (4, 4) of the centred mesh and its overlap with the last mask; NaN without any mask.
    """
    shape = (camera.height, camera.width)
    ignored = np.zeros(shape, np.bool_) if cues.covered is None else widen(cues.covered, config.hand_margin)
    mask, iou = cues.object_mask, float("nan")
    for band in BANDS:
        view = SurfaceView.draw(mesh, camera, T)
        if segmenter is not None and view is not None:
            again = segmenter.segment(cues.frame_index, view.silhouette(), band)
            mask = mask if again is None else again
        if mask is None or not mask.any():
            break
        fit = ContourFit(mesh, camera, mask, ignored, CLOSE)
        T, iou = fit.fit(T)
        if segmenter is None:
            break
    return T, iou
