"""Pictures by MuJoCo's renderer, with shadows, without a screen."""

from __future__ import annotations

import ctypes.util
import importlib
import os

import cv2
import mujoco
import numpy as np

from franka_imitation.scene import GHOST_BODY, Scene
from franka_imitation.video.view import SIZE, Painter, View
from rhov_core.arrays import ByteArray, FloatArray
from rhov_core.errors import MissingDependencyError

_DRAWN = (800, 600)
"""Pictures are drawn larger and reduced, which smooths edges faster than multi-sampling [pixel]."""
_LIBRARIES = {"egl": "EGL", "osmesa": "OSMesa"}


class OpenGLPainter(Painter):
    """Draws through EGL or OSMesa; must be used in the thread that made it.

    Args:
        scene: With visuals.
        view: From where it is seen.

    Raises:
        MissingDependencyError: If there is no OpenGL that works without a screen.
    """

    def __init__(self, scene: Scene, view: View) -> None:
        self._scene, self._data = scene, mujoco.MjData(scene.model)
        self._context = _make_context()
        model = scene.model
        self._ghost = int(model.body(GHOST_BODY).mocapid[0])
        self._resources = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._resources)
        self._drawn = mujoco.MjvScene(model, maxgeom=200)
        self._drawn.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0
        self._camera = mujoco.MjvCamera()
        self._camera.lookat[:] = view.target
        self._camera.distance, self._camera.azimuth, self._camera.elevation = (
            view.distance,
            view.azimuth,
            view.elevation,
        )
        self._option = mujoco.MjvOption()
        self._area = mujoco.MjrRect(0, 0, *_DRAWN)
        self._pixels = np.empty((_DRAWN[1], _DRAWN[0], 3), np.uint8)

    def paint(self, state: FloatArray, T_ghost: FloatArray) -> ByteArray:
        """A picture; see `Painter`."""
        model, data = self._scene.model, self._data
        data.qpos[:] = state
        data.mocap_pos[self._ghost] = T_ghost[:3, 3]
        mujoco.mju_mat2Quat(data.mocap_quat[self._ghost], T_ghost[:3, :3].ravel())
        mujoco.mj_kinematics(model, data)
        mujoco.mj_camlight(model, data)
        everything = mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mjv_updateScene(model, data, self._option, None, self._camera, everything, self._drawn)
        for geom in self._drawn.geoms[: self._drawn.ngeom]:
            if geom.rgba[3] < 1:
                geom.category = mujoco.mjtCatBit.mjCAT_DECOR  # a ghost casts no shadow
        mujoco.mjr_render(self._area, self._drawn, self._resources)
        mujoco.mjr_readPixels(self._pixels, None, self._area, self._resources)
        small = cv2.resize(self._pixels, SIZE, interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(small[::-1, :, ::-1])

    def close(self) -> None:
        """Frees the OpenGL context."""
        self._resources.free()
        self._context.free()


def _make_context() -> mujoco.GLContext:
    wish = os.environ.get("MUJOCO_GL", "").lower()
    names = (
        [wish] if wish in _LIBRARIES else [name for name, lib in _LIBRARIES.items() if ctypes.util.find_library(lib)]
    )
    try:
        context = importlib.import_module(f"mujoco.{names[0]}").GLContext(*_DRAWN)
        context.make_current()
    except Exception as error:  # each library fails in its own way
        raise MissingDependencyError(
            "OpenGL without a screen", "drawing the rollout with shadows", "apt install libegl1 libgl1-mesa-dri"
        ) from error
    return context
