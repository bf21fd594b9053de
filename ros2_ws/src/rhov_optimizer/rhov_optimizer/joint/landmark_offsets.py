"""Where a detector puts its landmarks, relative to the joints of the hand model.

A detector's wrist or knuckle is not the skeleton's: the two lie up to a tenth of the hand's length apart, always on the
same side of the hand. Fits of single images know that of their detector; here it is read off the clip, so that it
holds for every detector: what keypoints and fitted joints differ by in all frames alike is no evidence about the hand.
"""

from __future__ import annotations

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera


def keypoints_of_joints(
    keypoints: FloatArray, joints: FloatArray, rotation: FloatArray, camera: Camera, *, per_frame: bool = False
) -> FloatArray:
    """Keypoints (M, 21, 2) [pixel] without what they differ by from the fitted joints in all frames alike.

    The difference is taken across the viewing ray, in the hand's frame: its median over the frames is removed.

    Args:
        keypoints: (M, 21, 2) as detected [pixel].
        joints: (M, 21, 3) fitted to them, camera frame [m].
        rotation: (M, 3, 3) of the wrist in the camera frame.
        camera: Without distortion.
        per_frame: Lets no frame know of others: then nothing but the fitted joints is left.
    """
    depth = np.maximum(joints[..., 2:], 1e-3)
    fitted = camera.project(np.concatenate([joints[..., :2], depth], -1))
    if per_frame:
        return fitted
    metres = depth / np.array([camera.fx, camera.fy])
    apart = np.zeros(joints.shape)
    apart[..., :2] = (keypoints - fitted) * metres
    offset = np.median(np.einsum("nba,nkb->nka", rotation, apart), axis=0)
    return keypoints - np.einsum("nab,kb->nka", rotation, offset)[..., :2] / metres
