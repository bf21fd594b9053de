"""The pose of the object in the first frame, from its mask."""

from __future__ import annotations

import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import FrameCues
from rhov_core.errors import InputError
from rhov_core.interfaces import ObjectSegmenter
from rhov_core.object_model import ObjectModel
from rhov_core.pose import is_transform
from rhov_optimizer.initialise.candidates import InitialPose, PoseCandidate, cosines, diverse
from rhov_optimizer.initialise.config import InitialPoseConfig
from rhov_optimizer.initialise.refine import CLOSE, COARSE, FINE, ContourFit
from rhov_optimizer.initialise.sweep import Target, sweep, widen
from rhov_optimizer.registration.hand_depth import HandDepth
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.surface import SurfaceView

BANDS = (17, 11, 9)
"""How far the mask's border may move when it is segmented again, round by round [pixel]."""
TURN_PENALTY = 0.03
"""What a turn against an earlier pose outweighs of the overlap [1/rad]."""
ALTERNATIVES = 15.0
"""Candidates turned less than this against the best one are no alternatives to it [degree]."""


def find_initial_pose(
    model: ObjectModel,
    camera: Camera,
    cues: FrameCues,
    segmenter: ObjectSegmenter | None = None,
    config: InitialPoseConfig | None = None,
    near: FloatArray | None = None,
) -> InitialPose:
    """Searches all views of the object for the one that fits its mask.

    A sweep at low resolution gives diverse starts, Gauss-Newton on the contour fits them, and the best one is
    used to segment the image again, with more knowledge than the first mask had.

    Args:
        model: The object.
        camera: Without distortion.
        cues: Of the first frame; its object mask is needed.
        segmenter: Segments again from a silhouette. None: the mask is taken as it is.
        config: Settings.
        near: (4, 4) T_camera_object that the object had a while ago: of poses that fit alike, the one turned least
            against it is preferred. None: nothing is known.

    Raises:
        InputError: If there is no mask, it is too small, or too little of it lies outside the widened hand.
    """
    config = config or InitialPoseConfig()
    mask = _require_mask(cues, config)
    symmetries = model.symmetries[:, :3, :3]
    target = Target.from_masks(mask, cues.covered, config.hand_margin)
    mesh = CentredMesh.from_model(model, config.max_faces)
    hand = HandDepth.of(cues, mask, mesh.diameter)
    T, score = sweep(CentredMesh.from_model(model, config.sweep_faces), camera, target, config)
    if hand is not None:
        score = score - np.array([hand.penalty(t) for t in T])
    T = T[_diverse(T, score, symmetries, config.distinct, config.refined)]

    half_mask, half_ignored = target.shrunk(2)
    half_camera = camera.scaled(half_mask.shape[1], half_mask.shape[0])
    T, score = _fit_all(ContourFit(mesh, half_camera, half_mask, half_ignored, COARSE, hand, drawn=True), T)
    T = T[_diverse(T, score, symmetries, config.distinct / 2, config.polished)]
    T, score = _fit_all(ContourFit(mesh, camera, mask, target.ignored, FINE, hand), T)
    if near is not None:
        score = score - TURN_PENALTY * np.arccos(np.clip(cosines(near[:3, :3], T[:, :3, :3], symmetries), -1, 1))
    kept = _diverse(T, score, symmetries, config.distinct / 2, config.polished)
    T, score = T[kept], score[kept]

    best, iou = refine_by_segmenting(mesh, camera, cues, segmenter, T[0], config)
    found = [PoseCandidate(mesh.in_file_frame(best), iou)]
    found += [PoseCandidate(mesh.in_file_frame(t), float(s)) for t, s in zip(T[1:], score[1:], strict=True)]
    other = score[cosines(T[0, :3, :3], T[:, :3, :3], symmetries) < np.cos(np.radians(ALTERNATIVES))]
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


def _diverse(T: FloatArray, score: FloatArray, symmetries: FloatArray, angle: float, count: int) -> list[int]:
    """As `diverse`, of which there must be one."""
    if kept := diverse(T, score, symmetries, angle, count):
        return kept
    raise InputError(
        "no pose of the object can be compared with its mask, which lies under the hand or at the image's border",
        "a frame in which a part of the object's outline is well visible",
        "give a box in another frame (--start)",
    )


def _fit_all(fit: ContourFit, T: FloatArray) -> tuple[FloatArray, FloatArray]:
    fitted, scores = zip(*(fit.fit(t) for t in T), strict=True)
    return np.stack(fitted), np.array(scores)


def _require_mask(cues: FrameCues, config: InitialPoseConfig) -> BoolArray:
    mask = cues.object_mask
    area = 0 if mask is None else int(np.count_nonzero(mask))
    if mask is None or area < config.least_area:
        raise InputError(
            f"the object's mask in frame {cues.frame_index} has {area} pixels",
            f"a mask of at least {config.least_area} pixels",
            "give a box that holds the whole object in a frame where it is well visible",
        )
    return mask
