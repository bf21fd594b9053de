"""The edges of small meshes, by hand."""

import numpy as np
import trimesh

from rhov_core.render.edges import mesh_edges


def edges_of(faces):
    return {(i, j): {a, b} for i, j, a, b in mesh_edges(np.array(faces, np.int32)).tolist()}


def test_two_triangles():
    found = edges_of([[0, 1, 2], [2, 1, 3]])
    assert found == {(0, 1): {2, -1}, (0, 2): {1, -1}, (1, 2): {0, 3}, (1, 3): {2, -1}, (2, 3): {1, -1}}


def test_an_edge_of_three_faces_may_always_be_seen():
    found = edges_of([[0, 1, 2], [0, 1, 3], [0, 1, 4]])
    assert -1 in found[0, 1] and len(found) == 7


def test_a_closed_mesh_has_two_faces_at_each_edge():
    ball = trimesh.creation.icosphere(2)
    found = mesh_edges(np.asarray(ball.faces, np.int32))
    assert len(found) == 3 * len(ball.faces) // 2 and (found >= 0).all()
    assert not (found[:, :2, None] == found[:, None, 2:]).any() and (found[:, 2] != found[:, 3]).all()


def test_no_faces():
    assert mesh_edges(np.zeros((0, 3), np.int32)).shape == (0, 4)
