"""Silhouette and depth against a reference in torch; their gradients against it and against finite differences."""

import numpy as np
import pytest
import torch
import trimesh
from scipy.spatial.transform import Rotation

from rhov_core.camera import Camera
from rhov_core.errors import InputError
from rhov_core.render import rasterize, render


def cosines(a, b):
    return (a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))


class Poses:
    """A batch of meshes that seven numbers each move: rotation, translation, logarithm of the size."""

    def __init__(self, mesh, count, seed=0):
        self.vertices = torch.tensor(np.asarray(mesh.vertices) - mesh.bounds.mean(0))
        self.faces = np.asarray(mesh.faces, np.int32)
        self.rotation = torch.tensor(Rotation.random(count, random_state=seed).as_matrix())
        self.size = float(np.linalg.norm(mesh.extents))

    def __call__(self, p):
        w = torch.zeros(len(p), 3, 3, dtype=p.dtype)
        for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
            w[:, j, i], w[:, i, j] = p[:, k], -p[:, k]
        R = torch.linalg.matrix_exp(w) @ self.rotation
        moved = torch.einsum("bij,vj->bvi", R, self.vertices) * p[:, 6].exp()[:, None, None]
        return moved + self.size * (p[:, None, 3:6] + torch.tensor([0, 0, 1.9]))


def differences(function, count, step):
    out = np.zeros((count, 7))
    for k in range(7):
        e = torch.zeros(count, 7, dtype=torch.float64)
        e[:, k] = step
        out[:, k] = (function(e) - function(-e)).numpy() / (2 * step)
    return out


def true_coverage(vertices, faces, camera, samples=16):
    """The fraction of each pixel that a mesh covers, by supersampling."""
    fine = camera.scaled(camera.width * samples, camera.height * samples)
    covered = rasterize(vertices.numpy(), faces, fine)[0] >= 0
    blocks = covered.reshape(len(covered), camera.height, samples, camera.width, samples)
    return torch.tensor(blocks.mean((2, 4)))


def test_silhouette_and_its_gradient_equal_the_reference(mug_mesh, views, camera, reference):
    vertices, faces = views(mug_mesh, 2, seed=4)
    weights = torch.rand(2, 36, 40, generator=torch.Generator().manual_seed(0))
    v = torch.tensor(vertices, requires_grad=True)
    silhouette, _, face_id = render(v, faces, camera)
    (silhouette * weights).sum().backward()
    for b in range(2):
        r = torch.tensor(vertices[b], dtype=torch.float64, requires_grad=True)
        expected = reference.silhouette(r, faces, camera, face_id[b] >= 0)
        np.testing.assert_allclose(silhouette[b].detach(), expected.detach(), atol=1e-4)
        (expected * weights[b]).sum().backward()
        np.testing.assert_allclose(v.grad[b], r.grad, atol=1e-3 * float(r.grad.abs().max()))


def test_depth_and_its_gradient_equal_the_reference(mug_mesh, views, camera, reference):
    vertices, faces = views(mug_mesh, 1, seed=4)
    v = torch.tensor(vertices, requires_grad=True)
    _, depth, face_id = render(v, faces, camera)
    r = torch.tensor(vertices[0], dtype=torch.float64, requires_grad=True)
    seen = face_id[0] >= 0
    z = reference.rays(r, torch.tensor(faces).long(), camera)
    expected = z.gather(-1, face_id[0].clamp(min=0).long()[..., None])[..., 0]
    seen &= torch.isfinite(expected)
    np.testing.assert_allclose(depth[0][seen].detach(), expected[seen].detach(), rtol=1e-5)
    assert (depth[0][face_id[0] < 0] == 0).all()
    # Faces that are nearly edge-on are left out of the gradient by design.
    corners = r.detach()[torch.tensor(faces).long()]
    normals = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    rays = torch.tensor(camera.rays(np.stack(np.meshgrid(np.arange(40), np.arange(36)), -1)))
    n = torch.nn.functional.normalize(normals, dim=-1)[face_id[0].clamp(min=0).long()]
    seen &= (n * torch.nn.functional.normalize(rays, dim=-1)).sum(-1).abs() > 0.03
    weights = torch.rand(36, 40, generator=torch.Generator().manual_seed(0)) * seen
    (depth[0] * weights).sum().backward()
    (expected[seen] * weights[seen]).sum().backward()
    np.testing.assert_allclose(v.grad[0], r.grad, atol=2e-4 * float(r.grad.abs().max()))


@pytest.mark.parametrize("detail", ["coarse", "mug", "smaller than a pixel"])
def test_silhouette_gradient_is_that_of_the_true_coverage(detail, mug_mesh):
    mesh = {
        "coarse": trimesh.creation.box([0.06, 0.1, 0.15]),
        "mug": mug_mesh,
        "smaller than a pixel": trimesh.creation.torus(0.1, 0.04, major_sections=120, minor_sections=60),
    }[detail]
    camera, count = Camera.from_focal(192.0, 128, 128), 6
    pose = Poses(mesh, count)
    rng = np.random.default_rng(1)
    elsewhere = torch.tensor(rng.normal(size=(count, 7)) * [0.25, 0.25, 0.25, 0.04, 0.04, 0.1, 0.08])
    target = torch.nn.functional.avg_pool2d(true_coverage(pose(elsewhere), pose.faces, camera)[:, None], 9, 1, 4)[:, 0]
    expected = differences(
        lambda p: (true_coverage(pose(p), pose.faces, camera) - target).square().sum((1, 2)), count, 4e-3
    )
    p = torch.zeros(count, 7, dtype=torch.float64, requires_grad=True)
    (render(pose(p), pose.faces, camera).silhouette - target).square().sum().backward()
    cosine = cosines(p.grad.numpy(), expected)
    assert np.median(cosine) >= 0.99, cosine
    assert cosine.min() >= 0.95, cosine
    ratio = np.linalg.norm(p.grad.numpy(), axis=1) / np.linalg.norm(expected, axis=1)
    assert 0.9 < np.median(ratio) < 1.1


def test_depth_gradient_is_that_of_finite_differences(mug_mesh):
    camera, count = Camera.from_focal(96.0, 64, 64), 8
    pose = Poses(mug_mesh, count)
    still = render(pose(torch.zeros(count, 7, dtype=torch.float64)), pose.faces, camera)
    # Only where the face stays the same is the depth smooth.
    inner = torch.ones(count, 64, 64, dtype=torch.bool)
    for k in range(7):
        for sign in (-1, 1):
            e = torch.zeros(count, 7, dtype=torch.float64)
            e[:, k] = 1e-3 * sign
            inner &= render(pose(e), pose.faces, camera).face_id == still.face_id
    inner &= still.face_id >= 0

    def loss(p):
        return ((render(pose(p), pose.faces, camera).depth / pose.size - 1.8) ** 2 * inner).sum((1, 2))

    p = torch.zeros(count, 7, dtype=torch.float64, requires_grad=True)
    loss(p).sum().backward()
    cosine = cosines(p.grad.numpy(), differences(lambda q: loss(q).detach(), count, 1e-3))
    assert cosine.min() > 0.999, cosine


def test_coverage_sums_to_the_area(mug_mesh, views):
    camera = Camera.from_focal(96.0, 64, 64)
    vertices, faces = views(mug_mesh, 5)
    silhouette = render(torch.tensor(vertices), faces, camera).silhouette
    truth = true_coverage(torch.tensor(vertices), faces, camera)
    np.testing.assert_allclose(silhouette.sum((1, 2)), truth.sum((1, 2)), rtol=3e-3)
    assert float((silhouette - truth).abs().max()) < 0.5
    assert float(silhouette.min()) >= 0 and float(silhouette.max()) <= 1


def test_moving_sideways_keeps_the_area(mug_mesh, views):
    camera = Camera.from_focal(96.0, 64, 64)
    vertices, faces = views(mug_mesh, 4)
    v = torch.tensor(vertices, requires_grad=True)
    render(v, faces, camera).silhouette.sum().backward()
    sideways, spread = v.grad.sum(1)[:, :2].abs().max(), v.grad[..., :2].abs().sum(1).max()
    assert sideways < 0.08 * spread


def test_frames_without_the_mesh_have_no_gradient(mug_mesh, views, camera):
    vertices, faces = views(mug_mesh, 3)
    vertices[0] *= [1, 1, -1]
    vertices[1] += np.float32([50, 0, 0])
    v = torch.tensor(vertices, requires_grad=True)
    out = render(v, faces, camera)
    (out.silhouette.sum() + out.depth.sum()).backward()
    assert (out.silhouette[:2] == 0).all() and (v.grad[:2] == 0).all()
    assert (v.grad[2] != 0).any()


def test_vertices_behind_the_camera_give_finite_gradients(camera):
    box = trimesh.creation.box([0.1, 0.1, 1.0])
    v = torch.tensor(np.asarray(box.vertices)[None] + [0.03, 0.02, 0.2], requires_grad=True)
    out = render(v, box.faces, camera)
    (out.silhouette.square().sum() + out.depth.square().sum()).backward()
    assert torch.isfinite(v.grad).all() and (v.grad != 0).any()
    assert (out.face_id >= 0).any()


def test_only_one_output_used_and_none(mug_mesh, views, camera):
    vertices, faces = views(mug_mesh, 1)
    grads = []
    for weights in ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0)):
        v = torch.tensor(vertices, requires_grad=True)
        out = render(v, faces, camera)
        (weights[0] * out.silhouette.sum() + weights[1] * out.depth.sum()).backward()
        grads.append(v.grad)
    alone = torch.tensor(vertices, requires_grad=True)
    render(alone, faces, camera).depth.sum().backward()
    torch.testing.assert_close(alone.grad, grads[1])
    torch.testing.assert_close(grads[0] + grads[1], grads[2])


def test_types_and_determinism(mug_mesh, views, camera):
    vertices, faces = views(mug_mesh, 3)
    runs = []
    for _ in range(2):
        v = torch.tensor(vertices, dtype=torch.float64, requires_grad=True)
        out = render(v, torch.tensor(faces), camera)
        assert out.silhouette.dtype == out.depth.dtype == torch.float64 and out.face_id.dtype == torch.int32
        (out.silhouette.square().sum() + out.depth.square().sum()).backward()
        assert v.grad.dtype == torch.float64
        runs.append((*out, v.grad))
    for a, b in zip(*runs, strict=True):
        assert torch.equal(a, b)


def test_edges_used_by_three_faces_are_part_of_the_silhouette(camera):
    # Three fins that meet in one edge, seen along the plane of one of them.
    vertices = torch.tensor([[0, -0.1, 0.5], [0, 0.1, 0.5], [0.1, 0, 0.5], [-0.1, 0, 0.5], [0, 0, 0.7]]).double()
    faces = np.array([[0, 1, 2], [0, 1, 3], [0, 1, 4]])
    v = vertices[None].clone().requires_grad_()
    render(v, faces, camera).silhouette.sum().backward()
    assert v.grad[0, 2, 0] > 0 > v.grad[0, 3, 0]


def test_refusals(mug_mesh, views, camera):
    vertices, faces = views(mug_mesh, 1)
    with pytest.raises(InputError, match="refers to vertex"):
        render(torch.tensor(vertices[:, :10]), faces, camera)
    with pytest.raises(InputError, match="distortion"):
        render(torch.tensor(vertices), faces, Camera(camera.K, 40, 36, np.array([0.1, 0, 0, 0])))
