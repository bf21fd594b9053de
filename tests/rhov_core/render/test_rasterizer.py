"""The rasteriser against rays cast in double precision, and where rasterisers usually go wrong."""

import numpy as np
import pytest
import torch
import trimesh
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_fill_holes
from scipy.spatial.transform import Rotation

from rhov_core.camera import Camera
from rhov_core.errors import InputError
from rhov_core.render import NEAR, rasterize


def at_pixels(corners, depth, camera):
    """Points (N, 3) float32 that project to the given pixels, at the given depth."""
    corners = np.asarray(corners, np.float64)
    depth = np.broadcast_to(depth, len(corners))[:, None]
    xy = (corners - [camera.cx, camera.cy]) / [camera.fx, camera.fy] * depth
    return np.concatenate([xy, depth], 1).astype(np.float32)


def depth_errors(vertices, faces):
    """Relative errors (F,) of depth that single precision explains: those of the plane's distance from the camera.

    That is a sum of products as large as its corners are far, however near the plane passes by.
    """
    corners = np.asarray(vertices, np.float64)[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    distance = np.abs((normal * corners[:, 0]).sum(1)) / np.maximum(np.linalg.norm(normal, axis=1), 1e-30)
    farthest = np.linalg.norm(corners, axis=2).max(1)
    return np.maximum(2e-5, 2 * np.finfo(np.float32).eps * farthest / np.maximum(distance, 1e-30))


def assert_like_rays(vertices, faces, camera, reference, margin=0.02):
    """The faces and depths are those of the rays, save where a ray passes an edge within `margin` pixels."""
    face_id, inverse_depth = rasterize(vertices[None], faces, camera)
    z = reference.rays(torch.tensor(vertices, dtype=torch.float64), torch.tensor(faces).long(), camera)
    nearest, index = z.min(-1)
    expected = torch.where(torch.isfinite(nearest), index, -1).numpy()
    nearest = torch.where(torch.isfinite(nearest), nearest, torch.inf).numpy()
    differs = face_id[0] != expected
    # A pixel may differ where the winner changes if the camera moves by a little: at edges, and at equal depths.
    for dx, dy in ((margin, 0), (-margin, 0), (0, margin), (0, -margin)):
        K = camera.K + np.array([[0, 0, dx], [0, 0, dy], [0, 0, 0]])
        moved = reference.rays(
            torch.tensor(vertices, dtype=torch.float64),
            torch.tensor(faces).long(),
            Camera(K, camera.width, camera.height),
        ).min(-1)
        differs &= torch.where(torch.isfinite(moved[0]), moved[1], -1).numpy() == expected
    same = face_id[0] == expected
    with np.errstate(divide="ignore"):
        depth = np.where(inverse_depth[0] > 0, 1 / inverse_depth[0], np.inf)
    tied = differs & np.isclose(depth, nearest, rtol=1e-4)
    assert not (differs & ~tied).any()
    seen = same & (expected >= 0)
    allowed = depth_errors(vertices, faces)[expected[seen]]
    assert (np.abs(depth[seen] / nearest[seen] - 1) <= allowed).all()


def test_samples_at_integer_pixel_coordinates(camera):
    quad = at_pixels([[9.5, 4.5], [19.5, 4.5], [19.5, 14.5], [9.5, 14.5]], 0.5, camera)
    face_id, inverse_depth = rasterize(quad[None], [[0, 1, 2], [0, 2, 3]], camera)
    expected = np.zeros((36, 40), bool)
    expected[5:15, 10:20] = True
    np.testing.assert_array_equal(face_id[0] >= 0, expected)
    np.testing.assert_allclose(inverse_depth[0][expected], 2.0, rtol=1e-6)
    assert (inverse_depth[0][~expected] == 0).all()


def test_corners_on_pixel_centres_are_covered(camera):
    square = at_pixels([[10, 5], [20, 5], [20, 15], [10, 15]], 0.5, camera)
    wide = Camera(camera.K + 0.0, 40, 36)
    covered = rasterize(square[None].astype(np.float32), [[0, 1, 2], [0, 2, 3]], wide)[0][0] >= 0
    assert covered[6:15, 11:20].all()
    assert covered.sum() <= 11 * 11


def test_mesh_like_rays(mug_mesh, views, camera, reference):
    vertices, faces = views(mug_mesh, 6)
    for v in vertices:
        assert_like_rays(v, faces, camera, reference)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_triangles_through_the_near_plane_like_rays(seed, camera, reference):
    rng = np.random.default_rng(seed)
    vertices = rng.uniform([-0.3, -0.3, -0.3], [0.3, 0.3, 0.5], (9, 3)).astype(np.float32)
    assert_like_rays(vertices, np.arange(9).reshape(3, 3), camera, reference)


def test_behind_the_camera_nothing_is_seen(mug_mesh, views, camera):
    vertices, faces = views(mug_mesh, 2)
    face_id, inverse_depth = rasterize(vertices * [1, 1, -1], faces, camera)
    assert (face_id == -1).all() and (inverse_depth == 0).all()


def test_camera_inside_a_box_sees_a_wall_everywhere(camera):
    box = trimesh.creation.box([0.3, 0.3, 0.3])
    face_id, inverse_depth = rasterize(np.asarray(box.vertices)[None], box.faces, camera)
    assert (face_id >= 0).all()
    assert inverse_depth.max() <= 1 / 0.14


def test_nearer_face_wins_in_any_order(camera):
    near = at_pixels([[5, 5], [30, 5], [5, 30]], 0.4, camera)
    far = at_pixels([[2, 2], [35, 4], [4, 33]], 0.6, camera)
    for first, second, winner in ((near, far, 0), (far, near, 1)):
        face_id, _ = rasterize(np.concatenate([first, second])[None], [[0, 1, 2], [3, 4, 5]], camera)
        assert face_id[0, 12, 12] == winner
        assert face_id[0, 3, 3] == 1 - winner


def test_crossing_faces_are_split_where_they_meet(camera, reference):
    one = at_pixels([[4, 4], [34, 4], [4, 30]], [0.4, 0.6, 0.5], camera)
    other = at_pixels([[4, 5], [36, 6], [5, 32]], [0.6, 0.4, 0.5], camera)
    vertices, faces = np.concatenate([one, other]), np.arange(6).reshape(2, 3)
    assert_like_rays(vertices, faces, camera, reference)
    assert set(np.unique(rasterize(vertices[None], faces, camera)[0])) == {-1, 0, 1}


@pytest.mark.parametrize("subdivisions", [1, 3, 6])  # 80 faces to 80,000, far smaller than a pixel
def test_a_closed_surface_has_no_cracks_and_the_right_outline(subdivisions):
    camera = Camera.from_focal(150.0, 128, 128)
    sphere = trimesh.creation.icosphere(subdivisions, 0.1)
    for seed in range(4):
        R = Rotation.random(random_state=seed).as_matrix()
        covered = rasterize((sphere.vertices @ R.T + [0.01, 0.02, 0.4])[None], sphere.faces, camera)[0][0] >= 0
        np.testing.assert_array_equal(covered, binary_fill_holes(covered))
    rays = camera.rays(np.stack(np.meshgrid(np.arange(128), np.arange(128)), -1))
    distance = np.linalg.norm(np.cross(rays, [0.01, 0.02, 0.4]), axis=-1) / np.linalg.norm(rays, axis=-1)
    if subdivisions > 3:
        clear = np.abs(distance - 0.1) > 2e-4
        np.testing.assert_array_equal(covered[clear], (distance < 0.1)[clear])


def test_a_fan_of_slivers_has_no_cracks(camera):
    angles = np.linspace(0, 2 * np.pi, 4001)[:-1]
    rim = np.stack([20 + 14 * np.cos(angles), 18 + 14 * np.sin(angles)], 1)
    vertices = at_pixels(np.concatenate([[[20.3, 18.1]], rim]), 0.5, camera)
    faces = np.stack([np.zeros(4000, int), np.arange(1, 4001), np.roll(np.arange(1, 4001), -1)], 1)
    covered = rasterize(vertices[None], faces, camera)[0][0] >= 0
    x, y = np.meshgrid(np.arange(40), np.arange(36))
    np.testing.assert_array_equal(covered, (x - 20) ** 2 + (y - 18) ** 2 < 14**2 - 0.01)


def test_a_region_is_a_part_of_the_whole(mug_mesh, views, camera):
    vertices, faces = views(mug_mesh, 3)
    whole = rasterize(vertices, faces, camera)
    part = rasterize(vertices, faces, camera.cropped(12, 7, 15, 20))
    np.testing.assert_array_equal(part[0], whole[0][:, 7:27, 12:27])
    np.testing.assert_allclose(part[1], whole[1][:, 7:27, 12:27], rtol=1e-6)


def test_batch_equals_single_images_and_repeats_exactly(mug_mesh, views, camera):
    vertices, faces = views(mug_mesh, 4)
    whole, again = rasterize(vertices, faces, camera), rasterize(vertices, faces, camera)
    for a, b in zip(whole, again, strict=True):
        np.testing.assert_array_equal(a, b)
    for b in range(4):
        np.testing.assert_array_equal(rasterize(vertices[b : b + 1], faces, camera)[0][0], whole[0][b])


def test_winding_does_not_matter(mug_mesh, views, camera):
    vertices, faces = views(mug_mesh, 2)
    np.testing.assert_array_equal(rasterize(vertices, faces, camera)[0], rasterize(vertices, faces[:, ::-1], camera)[0])


def test_empty_meshes_and_bad_vertices(mug_mesh, views, camera):
    vertices, faces = views(mug_mesh, 2)
    assert (rasterize(vertices, np.zeros((0, 3), int), camera)[0] == -1).all()
    assert rasterize(vertices[:0], faces, camera)[0].shape == (0, 36, 40)
    for bad in (np.nan, np.inf, -np.inf):
        for axis in range(3):
            broken = vertices.copy()
            broken[:, faces[0, 0], axis] = bad
            face_id = rasterize(broken, faces, camera)[0]
            assert not np.isin(face_id, np.flatnonzero((faces == faces[0, 0]).any(1))).any()
            assert (face_id >= 0).any()


def test_far_off_screen_and_huge_coordinates(camera):
    triangle = np.array([[[-1e6, -1e6, 0.5], [1e6, -1e6, 0.5], [0, 1e6, NEAR * 1.01]]], np.float32)
    face_id, inverse_depth = rasterize(triangle, [[0, 1, 2]], camera)
    assert np.isfinite(inverse_depth).all() and (face_id >= 0).any()


def test_refusals(mug_mesh, views, camera):
    vertices, faces = views(mug_mesh, 1)
    with pytest.raises(InputError, match="batch dimension"):
        rasterize(vertices[0], faces, camera)
    with pytest.raises(InputError, match="triangulate"):
        rasterize(vertices, np.zeros((2, 4), int), camera)
    with pytest.raises(InputError, match="refers to vertex"):
        rasterize(vertices, faces + len(vertices[0]), camera)
    with pytest.raises(InputError, match="refers to vertex -1"):
        rasterize(vertices, faces - 1, camera)
    with pytest.raises(InputError, match="distortion"):
        rasterize(vertices, faces, Camera(camera.K, 40, 36, np.array([0.1, 0, 0, 0])))
