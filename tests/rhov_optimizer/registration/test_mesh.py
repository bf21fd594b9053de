import numpy as np

from rhov_core.pose import difference, exp_rotation, make_transform, perturb, transform_points
from rhov_optimizer.registration.mesh import CentredMesh

T = make_transform(exp_rotation([0.5, 0.4, -1.3]), [0.1, -0.2, 0.7])


def test_centred_and_file_frames_place_the_same_points(model):
    mesh = CentredMesh.from_model(model, 2000)
    assert np.allclose(mesh.vertices.min(0), -mesh.vertices.max(0))
    there = transform_points(T, model.vertices)
    assert np.allclose(transform_points(mesh.centred(T), mesh.vertices), there)
    assert np.allclose(mesh.in_file_frame(mesh.centred(T)), T)


def test_covariance_is_that_of_the_moved_origin(model):
    mesh = CentredMesh.from_model(model, 2000)
    root = np.random.default_rng(0).normal(size=(6, 6))
    start = mesh.in_file_frame(T)
    J = np.stack([difference(mesh.in_file_frame(perturb(T, 1e-7 * s)), start) / 1e-7 for s in np.eye(6)], 1)
    assert np.allclose(mesh.covariance_in_file_frame(T, root @ root.T), J @ root @ root.T @ J.T, rtol=1e-5)


def test_large_meshes_are_decimated():
    from rhov_core.object_model import ObjectModel

    theta, phi = np.meshgrid(np.linspace(0, np.pi, 40), np.linspace(0, 2 * np.pi, 60, endpoint=False), indexing="ij")
    ball = 0.1 * np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], -1).reshape(-1, 3)
    quads = [
        (i * 60 + j, i * 60 + (j + 1) % 60, (i + 1) * 60 + (j + 1) % 60, (i + 1) * 60 + j)
        for i in range(39)
        for j in range(60)
    ]
    faces = [t for a, b, c, d in quads for t in ((a, c, b), (a, d, c))]
    model = ObjectModel.from_mesh(ball, faces, name="ball", mass=0.1)
    mesh = CentredMesh.from_model(model, 500)
    assert len(mesh.faces) <= 520
    assert np.abs(np.linalg.norm(mesh.vertices, axis=1) - 0.1).max() < 0.005
