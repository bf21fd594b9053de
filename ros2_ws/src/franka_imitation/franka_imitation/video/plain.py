"""Pictures by our own rasteriser with flat shading: for machines without OpenGL."""

from __future__ import annotations

import mujoco
import numpy as np

from franka_imitation.scene import GHOST_BODY, Scene
from franka_imitation.video.view import Painter, View
from rhov_core.arrays import ByteArray, FloatArray
from rhov_core.pose import inverse, make_transform, transform_points
from rhov_core.render import rasterize

_SKY = (0.8, 0.83, 0.88)
_LIGHT = np.array([0.2, -0.5, 0.85]) / np.linalg.norm([0.2, -0.5, 0.85])
_AMBIENT = 0.45
_TABLE_CELLS = 20
"""The table is drawn in pieces, as those behind the camera are left out."""


class PlainPainter(Painter):
    """Draws with the rasteriser of `rhov_core`.

    Args:
        scene: With visuals.
        view: From where it is seen.
    """

    def __init__(self, scene: Scene, view: View) -> None:
        self._scene, self._data = scene, mujoco.MjData(scene.model)
        self._camera, self._T_camera_world = view.camera, inverse(view.T_world_camera)
        model = scene.model
        self._ghost = model.body(GHOST_BODY).id
        seen = np.flatnonzero((model.geom_group < 3) & (model.geom_type == mujoco.mjtGeom.mjGEOM_MESH))
        self._solid = [_Part(model, int(geom)) for geom in seen if model.geom_bodyid[geom] != self._ghost]
        self._shade = [_Part(model, int(geom)) for geom in seen if model.geom_bodyid[geom] == self._ghost]
        self._table = _table(model)

    def paint(self, state: FloatArray, T_ghost: FloatArray) -> ByteArray:
        """A picture; see `Painter`."""
        model, data = self._scene.model, self._data
        data.qpos[:] = state
        data.mocap_pos[0] = T_ghost[:3, 3]
        mujoco.mju_mat2Quat(data.mocap_quat[0], T_ghost[:3, :3].ravel())
        mujoco.mj_kinematics(model, data)
        image, depth = self._draw([*(part.placed(data) for part in self._solid), self._table])
        ghost, ghost_depth = self._draw([part.placed(data) for part in self._shade])
        alpha = float(self._shade[0].rgba[3]) if self._shade else 0.0
        front = (ghost_depth > depth)[..., None]  # inverse depths
        image = np.where(front, (1 - alpha) * image + alpha * ghost, image)
        return np.ascontiguousarray((255 * np.clip(image, 0, 1)).astype(np.uint8)[..., ::-1])

    def close(self) -> None:
        """Nothing is held."""

    def _draw(self, meshes: list[tuple[FloatArray, np.ndarray, FloatArray]]) -> tuple[FloatArray, FloatArray]:
        """Colours (H, W, 3) and inverse depths (H, W) of meshes: corners in the world, faces, colour."""
        corners = np.concatenate([vertices for vertices, _, _ in meshes])
        starts = np.cumsum([0, *(len(vertices) for vertices, _, _ in meshes)])
        faces = np.concatenate([faces + start for (_, faces, _), start in zip(meshes, starts, strict=False)])
        colours = np.concatenate([np.repeat(rgba[None, :3], len(faces), axis=0) for _, faces, rgba in meshes])
        a, b, c = (corners[faces[:, i]] for i in range(3))
        normal = np.cross(b - a, c - a)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
        shaded = colours * (_AMBIENT + (1 - _AMBIENT) * np.maximum(normal @ _LIGHT, 0))[:, None]
        seen = transform_points(self._T_camera_world, corners)
        face, depth = rasterize(seen[None], faces, self._camera)
        return np.where(face[0, ..., None] < 0, _SKY, shaded[face[0]]), depth[0].astype(np.float64)


class _Part:
    """A mesh that moves with a body."""

    def __init__(self, model: mujoco.MjModel, geom: int) -> None:
        self._geom = geom
        mesh = model.geom_dataid[geom]
        first, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
        self._vertices = model.mesh_vert[first : first + count].astype(np.float64)
        first, count = model.mesh_faceadr[mesh], model.mesh_facenum[mesh]
        self._faces = model.mesh_face[first : first + count]
        material = model.geom_matid[geom]
        self.rgba = (model.geom_rgba[geom] if material < 0 else model.mat_rgba[material]).astype(np.float64)

    def placed(self, data: mujoco.MjData) -> tuple[FloatArray, np.ndarray, FloatArray]:
        """Corners in the world, faces and colour."""
        T = make_transform(data.geom_xmat[self._geom].reshape(3, 3), data.geom_xpos[self._geom])
        return transform_points(T, self._vertices), self._faces, self.rgba


def _table(model: mujoco.MjModel) -> tuple[FloatArray, np.ndarray, FloatArray]:
    table = model.geom("table")
    steps = np.linspace(-1, 1, _TABLE_CELLS + 1)
    x, y = np.meshgrid(steps * table.size[0], steps * table.size[1], indexing="ij")
    corners = np.stack([x, y, np.zeros_like(x)], axis=-1).reshape(-1, 3)
    index = np.arange(len(corners)).reshape(x.shape)
    a, b, c, d = (part.ravel() for part in (index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]))
    faces = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
    return corners, faces, table.rgba.astype(np.float64)
