"""The renderer in tensor operations against the compiled one: pictures and gradients."""

import numpy as np
import pytest
import torch

from rhov_core.camera import Camera
from rhov_core.render import render
from rhov_core.render.edges import mesh_edges
from rhov_core.render.tensors import render_tensors


def rendered(vertices, faces, camera):
    f = np.ascontiguousarray(faces, np.int32)
    return render_tensors(vertices, torch.tensor(f), torch.tensor(mesh_edges(f)), camera)


def both(vertices, faces, camera, seed=0):
    """Images and gradients of weighted sums of silhouette and depth, compiled and in tensors."""
    weights = torch.rand(2, len(vertices), camera.height, camera.width, generator=torch.Generator().manual_seed(seed))
    out = []
    for draw in (render, rendered):
        v = torch.tensor(vertices, dtype=torch.float32, requires_grad=True)
        images = draw(v, faces, camera)
        of_silhouette = torch.autograd.grad((images.silhouette * weights[0]).sum(), v, retain_graph=True)[0]
        of_depth = torch.autograd.grad((images.depth * weights[1]).sum(), v)[0]
        out.append((images, of_silhouette, of_depth))
    return out


def test_pictures_and_gradients_equal_the_compiled_renderers(mug_mesh, views, camera):
    vertices, faces = views(mug_mesh, 4, seed=1)
    (image, by_cover, by_depth), (other, by_cover_too, by_depth_too) = both(vertices, faces, camera)
    assert (image.face_id >= 0).float().mean() > 0.1
    assert (image.face_id != other.face_id).float().mean() < 1e-3
    assert other.face_id.dtype == torch.int32
    np.testing.assert_allclose(other.silhouette.detach(), image.silhouette.detach(), atol=1e-3)
    same = image.face_id == other.face_id
    np.testing.assert_allclose(other.depth.detach()[same], image.depth.detach()[same], rtol=1e-5)
    for ours, theirs in ((by_cover_too, by_cover), (by_depth_too, by_depth)):
        np.testing.assert_allclose(ours, theirs, atol=1e-3 * float(theirs.abs().max()))


def test_a_mesh_that_is_cut_by_the_images_edge(mug_mesh, views, camera):
    vertices, faces = views(mug_mesh, 2, seed=5)
    vertices[..., 0] += 0.5 * np.ptp(vertices[..., 0])
    (image, by_cover, _), (other, by_cover_too, _) = both(vertices, faces, camera)
    assert (image.face_id[:, :, -1] >= 0).any()
    np.testing.assert_allclose(other.silhouette.detach(), image.silhouette.detach(), atol=1e-3)
    np.testing.assert_allclose(by_cover_too, by_cover, atol=1e-3 * float(by_cover.abs().max()))


def test_nothing_to_be_seen_gives_empty_pictures_and_no_gradient():
    camera = Camera.from_focal(30.0, 16, 12)
    v = torch.tensor([[[0.0, 0, -1], [0.1, 0, -1], [0, 0.1, -1], [0.1, 0.1, -1.2]]], requires_grad=True)
    images = rendered(v, [[0, 1, 2], [0, 3, 1], [1, 3, 2], [0, 2, 3]], camera)
    (images.silhouette.sum() + images.depth.sum()).backward()
    assert (images.face_id == -1).all() and not images.silhouette.any() and not images.depth.any()
    assert not v.grad.any()


@pytest.mark.parametrize("type_", [torch.float32, torch.float64])
def test_shapes_and_types_follow_the_vertices(mug_mesh, views, camera, type_):
    vertices, faces = views(mug_mesh, 1, seed=0)
    images = rendered(torch.tensor(vertices, dtype=type_), faces, camera)
    assert images.silhouette.dtype == images.depth.dtype == type_
    assert images.depth.shape == (1, camera.height, camera.width)
