import numpy as np
import pytest

from rhov_core.camera import Camera
from rhov_core.pose import exp_rotation, make_transform, transform_points
from rhov_core.render import rasterize
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.surface import SurfaceView, lookup

CAMERA = Camera.from_focal(600.0, 640, 480)
T = make_transform(exp_rotation([0.5, 0.4, -0.3]), [0.02, -0.01, 0.5])


@pytest.fixture(scope="module")
def mesh(model):
    return CentredMesh.from_model(model, 2000)


@pytest.fixture(scope="module")
def view(mesh):
    return SurfaceView.draw(mesh, CAMERA, T)


def test_the_silhouette_is_that_of_the_whole_image(mesh, view):
    face_id, _ = rasterize(transform_points(T, mesh.vertices)[None], mesh.faces, CAMERA)
    assert np.array_equal(view.silhouette(), face_id[0] >= 0)


def test_an_object_that_leaves_the_image_is_cut_off(mesh):
    view = SurfaceView.draw(mesh, CAMERA, make_transform(np.eye(3), [-0.27, 0, 0.5]))
    silhouette = view.silhouette()
    assert silhouette[:, 0].any() and not silhouette[:, 320:].any()


@pytest.mark.parametrize("t", [(0, 0, -0.5), (0, 0, 0.03), (5.0, 0, 0.5), (np.nan, 0, 0.5)])
def test_what_cannot_be_drawn_is_none(mesh, t):
    assert SurfaceView.draw(mesh, CAMERA, make_transform(np.eye(3), t)) is None


def test_unprojected_points_lie_on_the_surface_and_project_back(mesh, view):
    rows, columns = np.nonzero(view.silhouette())
    pick = np.random.default_rng(0).choice(len(rows), 200, replace=False)
    pixels = np.stack([columns, rows], 1)[pick] + 0.3
    points, cosines = view.unproject(pixels)
    seen = cosines > 0
    assert seen.mean() > 0.97
    assert np.abs(CAMERA.project(transform_points(T, points[seen])) - pixels[seen]).max() < 1e-6
    corners = mesh.vertices[mesh.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    offset = np.abs(np.einsum("nfi,fi->nf", points[seen][:, None] - corners[:, 0], normals))
    assert offset.min(1).max() < 1e-9
    assert cosines.max() <= 1 + 1e-12


def test_pixels_off_the_object_have_no_surface(view):
    points, cosines = view.unproject(np.array([[1.0, 1.0], [-50.0, 10.0], [900.0, 100.0]]))
    assert not points.any() and not cosines.any()


def test_inside_keeps_a_margin_to_the_silhouette(view):
    rows, columns = np.nonzero(view.silhouette())
    pixels = np.stack([columns, rows], 1).astype(float)
    core = view.inside(pixels, 4)
    assert 0.5 < core.mean() < 0.95
    silhouette = view.silhouette()
    for shift in ([4, 0], [-4, 0], [0, 4], [0, -4]):
        moved = (pixels[core] + shift).astype(int)
        assert silhouette[moved[:, 1], moved[:, 0]].all()


def test_lookup_is_false_outside_the_image():
    image = np.ones((4, 5), np.bool_)
    pixels = np.array([[0.4, 0.4], [4.4, 3.4], [4.6, 0], [-0.6, 0], [0, 3.6]])
    assert lookup(image, pixels).tolist() == [True, True, False, False, False]
