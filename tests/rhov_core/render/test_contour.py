"""The silhouette's points against the exact outline."""

import numpy as np
import pytest
import trimesh

from rhov_core.camera import Camera
from rhov_core.object_model import ObjectModel
from rhov_core.render import rasterize, silhouette_contour


@pytest.fixture
def big_camera():
    return Camera.from_focal(300.0, 200, 160)


def test_sphere(big_camera):
    sphere = trimesh.creation.icosphere(5, 0.06)
    centre = np.array([0.02, -0.01, 0.4])
    contour = silhouette_contour(sphere.vertices + centre, sphere.faces, big_camera)
    rays = big_camera.rays(contour.pixels)
    miss = np.linalg.norm(np.cross(rays, centre), axis=1) / np.linalg.norm(rays, axis=1) - 0.06
    assert np.abs(miss).max() < 0.1 * 0.4 / 300  # a tenth of a pixel, and facets lie inside the sphere
    np.testing.assert_allclose(big_camera.project(contour.points), contour.pixels, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(contour.points - centre, axis=1), 0.06, rtol=2e-3)
    outward = contour.pixels - big_camera.project(centre)
    cosine = (outward * contour.normals).sum(1) / np.linalg.norm(outward, axis=1)
    assert cosine.min() > np.cos(np.radians(5)) and np.degrees(np.arccos(cosine.clip(-1, 1))).mean() < 1.5
    perimeter = 2 * np.pi * 0.06 / 0.4 * 300
    assert 0.8 * perimeter < len(contour.points) < 1.2 * perimeter
    angles = np.sort(np.arctan2(*outward.T))
    assert np.diff(angles, append=angles[0] + 2 * np.pi).max() < np.radians(4)


def test_box_points_lie_on_its_edges(big_camera):
    box = ObjectModel.box([0.06, 0.08, 0.1])
    tilt = trimesh.transformations.euler_matrix(0.4, 0.7, 0.2)[:3, :3]
    vertices = box.vertices @ tilt.T + [0.0, 0.0, 0.5]
    contour = silhouette_contour(vertices, box.faces, big_camera)
    local = (contour.points - [0.0, 0.0, 0.5]) @ tilt / (box.extents / 2)
    assert (np.sort(np.abs(local), axis=1)[:, 1:] > 1 - 1e-4).all()  # two coordinates at the limit: an edge
    assert (np.abs(local) < 1 + 1e-4).all()


def test_holes_are_followed(big_camera):
    ring = trimesh.creation.torus(0.06, 0.02)
    contour = silhouette_contour(ring.vertices + np.array([0, 0, 0.5]), ring.faces, big_camera)
    centre = big_camera.project([0.0, 0.0, 0.5])
    radius = np.linalg.norm(contour.pixels - centre, axis=1) * 0.5 / 300
    inner = radius < 0.06
    assert inner.any() and (~inner).any()
    np.testing.assert_allclose(radius[inner], 0.04, atol=2e-3)
    towards = ((contour.pixels - centre) * contour.normals).sum(1)
    assert (towards[inner] < 0).all() and (towards[~inner] > 0).all()


def test_count_region_and_given_faces(big_camera, mug_mesh, views):
    vertices, faces = views(mug_mesh, 1, distance=2.5)
    whole = silhouette_contour(vertices[0], faces, big_camera)
    region = big_camera.cropped(40, 20, 120, 110)
    face_id = rasterize(vertices, faces, region)[0][0]
    part = silhouette_contour(vertices[0], faces, region, face_id=face_id)
    assert len(part.points) == len(whole.points)
    np.testing.assert_allclose(part.pixels + np.array([40, 20]), whole.pixels, atol=1e-4)
    few = silhouette_contour(vertices[0], faces, big_camera, count=50)
    assert 50 <= len(few.points) < 100


def test_cut_by_the_image_edge_and_out_of_view(big_camera):
    box = ObjectModel.box([0.2, 0.2, 0.2])
    contour = silhouette_contour(box.vertices + np.array([0.15, 0, 0.5]), box.faces, big_camera)
    last = contour.pixels[:, 0] > 198
    assert 0 < last.sum() < 6 and (np.abs(contour.normals[last, 1]) > 0.9).all()  # only where edges run out of view
    for offset in ([5, 0, 0.5], [0, 0, -0.5]):
        gone = silhouette_contour(box.vertices + offset, box.faces, big_camera)
        assert gone.points.shape == (0, 3) and gone.normals.shape == (0, 2)
