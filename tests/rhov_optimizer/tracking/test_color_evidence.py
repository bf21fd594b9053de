"""Colours decide between poses that one outline fits, and nothing changes where there are none."""

from dataclasses import replace

import numpy as np
import pytest

from rhov_core.camera import Camera
from rhov_core.cues import FrameCues
from rhov_core.mesh.color_file import spread_over
from rhov_core.mesh.surface_colors import SurfaceColors
from rhov_core.object_model import ObjectModel
from rhov_core.picture_crop import PictureCrop
from rhov_core.pose import exp_rotation, make_transform, rotation_angle
from rhov_optimizer.initialise.candidates import PoseCandidate
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.tracking import ObjectTracker
from rhov_optimizer.tracking.color_evidence import WEIGHT, ColorEvidence
from rhov_optimizer.tracking.fit import FrameFit

CAMERA = Camera.from_focal(400.0, 320, 240)
IDENTITY = np.eye(4)
POSE = make_transform(exp_rotation([0.5, 0.7, -0.2]), [0.01, -0.02, 0.45])


def printed_box():
    """A box with a red cap, the rest blue above and yellow below the middle of one side."""
    box = ObjectModel.box([0.06, 0.08, 0.14], mass=0.2)
    faces, corners = spread_over(box.vertices, box.faces, 15000, np.random.default_rng(0))
    points = np.einsum("nc,nci->ni", corners, box.vertices[box.faces[faces]])
    colors = np.where(points[:, :1] > 0, (40, 60, 200), (220, 200, 40))
    colors = np.where(points[:, 2:] > 0.03, (200, 30, 30), colors)
    return replace(box, color_source=SurfaceColors(points, colors.astype(np.uint8)))


def cues_of(model, T, index=0):
    mesh = CentredMesh.from_model(model, 2000)
    view = SurfaceView.draw(mesh, CAMERA, mesh.centred(T))
    rows, columns = np.nonzero(view.face_id >= 0)
    points, _ = view.unproject(np.stack([columns + view.x0, rows + view.y0], axis=1).astype(float))
    image = np.full((CAMERA.height, CAMERA.width, 3), 90, np.uint8)
    linear = 0.7 * model.colors.at(points + mesh.centre)
    image[rows + view.y0, columns + view.x0] = (255 * linear ** (1 / 2.2)).astype(np.uint8)[:, ::-1]
    mask = view.silhouette()
    crop = PictureCrop.around(image, mask)
    return FrameCues(index, index / 30, (320, 240), object_mask=mask, mask_score=0.9, crop=crop)


def off(T, S=IDENTITY):
    return float(np.degrees(rotation_angle(T[:3, :3].T @ (POSE @ S)[:3, :3])))


def evidence(model):
    return ColorEvidence.of(model, CentredMesh.from_model(model, 2000), CAMERA)


def test_candidates_are_turned_to_their_colors_and_put_in_order():
    model = printed_box()
    upside_down = POSE @ model.symmetries[1]
    sideways = POSE @ make_transform(exp_rotation([0, 0, 0.4]), np.zeros(3))
    candidates = (PoseCandidate(sideways, 0.93), PoseCandidate(upside_down, 0.92))
    best, second = evidence(model).ranked(candidates, cues_of(model, POSE))
    assert off(best.T) < 3 and best.iou == 0.92
    assert second.iou == 0.93


def test_without_a_picture_the_order_stays():
    model = printed_box()
    candidates = (PoseCandidate(POSE @ model.symmetries[1], 0.93), PoseCandidate(POSE, 0.92))
    found = evidence(model).ranked(candidates, replace(cues_of(model, POSE), crop=None))
    for before, after in zip(candidates, found, strict=True):
        np.testing.assert_array_equal(after.T, before.T)


def test_a_fit_is_contradicted_by_the_colors_of_another_side():
    model, nothing = printed_box(), FrameFit.nothing()
    mesh, cues = CentredMesh.from_model(model, 2000), cues_of(model, POSE)
    against = [
        evidence(model)(replace(nothing, view=SurfaceView.draw(mesh, CAMERA, mesh.centred(POSE @ S))), cues)
        for S in model.symmetries
    ]
    assert against[0] < 0.1 * WEIGHT and min(against[1:]) > 0.25 * WEIGHT
    assert evidence(model)(nothing, cues) == 0.0


def test_objects_without_colors_have_no_such_evidence():
    assert evidence(ObjectModel.box([0.06, 0.08, 0.14])) is None


@pytest.mark.parametrize("turn", [0, 1, 3])
def test_the_tracker_finds_the_pose_with_the_right_colors(turn):
    """Whichever of the poses with this outline is shown is found."""
    model = printed_box()
    S = model.symmetries[turn]
    found = ObjectTracker(model, CAMERA).start(cues_of(model, POSE @ S))
    assert off(found.T_camera_object, S) < 5


def test_a_given_pose_is_not_turned():
    model = printed_box()
    wrong = POSE @ model.symmetries[1]
    found = ObjectTracker(model, CAMERA).start(cues_of(model, POSE), wrong)
    assert off(found.T_camera_object, model.symmetries[1]) < 5
