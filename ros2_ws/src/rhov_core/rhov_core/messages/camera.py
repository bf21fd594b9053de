"""`Camera` and `sensor_msgs/CameraInfo`."""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from rhov_core.arrays import checked
from rhov_core.camera import Camera
from rhov_core.errors import InputError

_COEFFICIENTS = {"plumb_bob": (0, 4, 5), "rational_polynomial": (8,), "": (0,)}


def camera_to_msg(camera: Camera, header: Header) -> CameraInfo:
    """A `CameraInfo` for unrectified images of this camera."""
    distortion = camera.distortion if len(camera.distortion) else np.zeros(5)
    P = np.concatenate([camera.K, np.zeros((3, 1))], axis=1)
    return CameraInfo(
        header=header,
        width=camera.width,
        height=camera.height,
        distortion_model="rational_polynomial" if len(distortion) == 8 else "plumb_bob",
        d=distortion.tolist(),
        k=camera.K.flatten(),
        r=np.eye(3).ravel(),
        p=P.ravel(),
    )


def camera_from_msg(message: CameraInfo) -> Camera:
    """The camera that took the images that a `CameraInfo` accompanies, with its region of interest and binning.

    Raises:
        InputError: If the camera is not calibrated, has another distortion model, or a number is not finite.
    """
    accepted = ", ".join(f"{model} with {n}" for model, n in _COEFFICIENTS.items() if model)
    if message.k[0] == 0:
        raise InputError("the camera_info has K[0] = 0: it is not calibrated", "a calibrated camera", "calibrate it")
    if len(message.d) not in _COEFFICIENTS.get(message.distortion_model, ()):
        raise InputError(
            f"the camera_info has distortion_model '{message.distortion_model}' with {len(message.d)} coefficients",
            f"{accepted} coefficients",
            "rectify the images or calibrate with one of these models",
        )
    K = checked("K of the camera_info", message.k, (9,)).reshape(3, 3)
    camera = Camera(K, message.width, message.height, np.asarray(message.d, np.float64))
    roi = message.roi
    if roi.width and roi.height:
        camera = camera.cropped(roi.x_offset, roi.y_offset, roi.width, roi.height)
    if message.binning_x > 1 or message.binning_y > 1:
        camera = camera.scaled(camera.width // max(message.binning_x, 1), camera.height // max(message.binning_y, 1))
    return camera
