from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from rhov_core.camera import Camera
from rhov_core.pose import difference, exp_rotation, make_transform, perturb
from rhov_optimizer.registration.contour import ContourTerm, ObservedContour, model_contour
from rhov_optimizer.registration.jacobian import project
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.solver import solve
from rhov_optimizer.registration.surface import SurfaceView

CAMERA = Camera.from_focal(600.0, 640, 480)
T = make_transform(exp_rotation([0.5, 0.4, -0.3]), [0.02, -0.01, 0.5])
SIGMA, WEIGHT = 1.5, 0.25


@pytest.fixture(scope="module")
def mesh(model):
    return CentredMesh.from_model(model, 2000)


@pytest.fixture(scope="module")
def mask(mesh):
    return SurfaceView.draw(mesh, CAMERA, T).silhouette()


def observed(mask, excluded=None, count=150):
    return ObservedContour.from_mask(mask, excluded, CAMERA, count=count, reach=40)


def term(mesh, contour, interval=1):
    return ContourTerm(mesh, CAMERA, contour, sigma=SIGMA, weight=WEIGHT, count=150, interval=interval)


def distances(contour):
    """Of all pixels (h, w) of a contour's region."""
    rows, columns = np.indices(contour.distance.shape)
    return contour.distance.at(rows.ravel(), columns.ravel()).reshape(contour.distance.shape)


def test_model_contour_lies_on_the_silhouette_and_its_normals_point_outwards(mesh, mask):
    points, normals = model_contour(SurfaceView.draw(mesh, CAMERA, T), 150)
    assert 100 <= len(points) <= 150
    uv = project(points, T, CAMERA.K)
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    outside = cv2.distanceTransform(1 - mask.astype(np.uint8), cv2.DIST_L2, 5)
    signed = map_coordinates(outside - inside, [uv[:, 1], uv[:, 0]], order=1)
    assert np.abs(signed).max() < 1.5 and abs(np.median(signed)) < 0.5
    further = np.rint(uv + 4 * normals).astype(int)
    assert not mask[further[:, 1], further[:, 0]].any()


def test_signed_distance_of_a_disc():
    yy, xx = np.mgrid[:480, :640]
    radius = np.hypot(xx - 300.0, yy - 200.0)
    contour = observed(radius <= 60)
    region = np.s_[
        contour.y0 : contour.y0 + contour.distance.shape[0], contour.x0 : contour.x0 + contour.distance.shape[1]
    ]
    near = radius[region] < 95
    assert np.abs(distances(contour) - (radius[region] - 60))[near].max() < 1.2
    border = np.hypot(*(contour.points - [300, 200]).T)
    assert np.abs(border - 60).max() < 1.0
    outwards = (contour.normals * (contour.points - [300, 200]) / border[:, None]).sum(1)
    assert outwards.min() > 0.97


def test_borders_next_to_the_hand_and_at_the_edge_of_the_image_are_left_out():
    mask = np.zeros((480, 640), np.bool_)
    mask[100:300, :200] = True
    hand = np.zeros_like(mask)
    hand[:, 150:260] = True
    contour = observed(mask & ~hand, hand)
    assert len(contour.points) > 20
    assert contour.points[:, 0].min() > 2 and contour.points[:, 0].max() < 151
    assert not contour.trusted[:, 155 - contour.x0].any() and contour.trusted[:, 100 - contour.x0].all()


def test_the_object_ends_nowhere_in_its_mask_also_not_next_to_the_hand():
    mask = np.zeros((480, 640), np.bool_)
    mask[100:300, 100:200] = True
    near_hand = np.zeros_like(mask)
    near_hand[:, 190:260] = True
    contour = observed(mask, near_hand)
    row = 200 - contour.y0
    assert contour.trusted[row, 195 - contour.x0] and not contour.trusted[row, 205 - contour.x0]
    assert contour.points[:, 0].max() < 191  # its border there is the hand's


def test_an_outline_that_leaves_out_what_is_seen_next_to_the_hand_is_pushed_over_it(mesh, mask):
    near_hand = np.zeros_like(mask)
    columns = np.flatnonzero(mask.any(0))
    near_hand[:, columns[0] + (columns[-1] - columns[0]) // 3 :] = True
    contour = observed(mask, near_hand)
    height, width = contour.trusted.shape
    free = ~near_hand[contour.y0 : contour.y0 + height, contour.x0 : contour.x0 + width]
    too_far_away = perturb(T, [0.0, 0.0, 0.05, 0.0, 0.0, 0.0])
    gradients = []
    for used in (contour, replace(contour, trusted=free)):
        A, b = np.zeros((6, 6)), np.zeros(6)
        term(mesh, used).accumulate(too_far_away, 3.0, A, b)
        gradients.append(b[2])
    assert gradients[0] > 1.2 * gradients[1] > 0


def test_an_empty_mask_has_no_contour():
    assert observed(np.zeros((480, 640), np.bool_)) is None


def test_gradient_agrees_with_finite_differences(mesh, mask):
    hand = np.zeros_like(mask)
    hand[:, 330:] = True
    contour = observed(mask & ~hand, hand)
    here = perturb(T, [0.004, -0.003, 0.01, 0.02, -0.03, 0.04])
    residual = term(mesh, contour, interval=10**6)  # the model's contour is drawn once and then kept
    A, b = np.zeros((6, 6)), np.zeros(6)
    residual.accumulate(here, 1e5, A, b)  # kernels so wide that every weight is 1
    points, normals = model_contour(SurfaceView.draw(mesh, CAMERA, here), 150)
    dense = distances(contour)

    def cost(pose):
        uv = project(points, pose, CAMERA.K)
        column, row = np.floor(uv).astype(int).T - np.array([[contour.x0], [contour.y0]])
        held = (
            (column >= 0)
            & (row >= 0)
            & (column < contour.distance.shape[1] - 1)
            & (row < contour.distance.shape[0] - 1)
        )
        held[held] &= contour.trusted[row[held], column[held]]
        place = (uv - [contour.x0, contour.y0])[held].T[::-1]
        there = map_coordinates(dense, place, order=1)
        gaps = np.linalg.norm(uv[:, None] - contour.points, axis=2)
        gaps[normals @ contour.normals.T <= 0.3] = np.inf
        nearest = gaps.argmin(0)
        back = (contour.normals * (uv[nearest] - contour.points)).sum(1)
        assert np.isfinite(gaps.min(0)).all()
        return 0.5 * WEIGHT / SIGMA**2 * ((there**2).sum() + (back**2).sum())

    gradient = [(cost(perturb(here, s)) - cost(perturb(here, -s))) / 2e-8 for s in 1e-8 * np.eye(6)]
    assert b == pytest.approx(gradient, rel=2e-3, abs=1e-2 * np.abs(gradient).max())
    assert np.linalg.eigvalsh(A + np.triu(A, 1).T).min() > 0


@pytest.mark.parametrize(("moved_by", "again"), [(0.002, False), (0.008, True)])
@pytest.mark.parametrize("component", [0, 3])
def test_the_contour_is_drawn_again_once_the_object_has_turned(mesh, mask, component, moved_by, again):
    contour, moved = observed(mask), perturb(T, moved_by * np.eye(6)[component])

    def normal_matrix(first, *later, interval):
        residual = term(mesh, contour, interval=interval)
        for pose in (first, *later):
            A, b = np.zeros((6, 6)), np.zeros(6)
            residual.accumulate(pose, 1.0, A, b)
        return A

    anew, kept = normal_matrix(moved, interval=1), normal_matrix(T, moved, interval=10**6)
    assert not np.array_equal(anew, kept)
    assert np.array_equal(normal_matrix(T, moved, interval=1), anew if again else kept)


@pytest.mark.parametrize("hidden", [False, True])
def test_the_pose_is_recovered_from_the_outline(mesh, mask, hidden):
    hand = None
    if hidden:
        rows = np.flatnonzero(mask.any(1))
        hand = np.zeros_like(mask)
        hand[: rows[len(rows) // 4], :] = True
    contour = observed(mask if hand is None else mask & ~hand, hand)
    start = perturb(T, [0.006, -0.004, 0.02, 0.08, -0.06, 0.1])
    found = solve([term(mesh, contour)], start, iterations=25, anneal=(4.0, 1.0))
    error = difference(found.T, T)
    assert np.degrees(np.linalg.norm(error[3:])) < 0.6
    assert np.linalg.norm(error[:3]) < 0.003


def test_a_pose_that_cannot_be_drawn_counts_for_nothing(mesh, mask):
    A, b = np.zeros((6, 6)), np.zeros(6)
    term(mesh, observed(mask)).accumulate(make_transform(np.eye(3), [0, 0, -1.0]), 1.0, A, b)
    assert not A.any() and not b.any()
