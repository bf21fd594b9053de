"""Pinhole camera with lens distortion, in the convention of OpenCV and of ROS `camera_info`.

Camera optical frame: x right, y down, z forward. The centre of the top-left pixel is at (0, 0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import ArrayLike, NDArray

from rhov_core.arrays import FloatArray, checked
from rhov_core.errors import InputError
from rhov_core.files import atomic_path

FOCAL_GUESS = 1.2
"""Without a calibration the focal length is guessed as this times the larger image side."""
GUESS_SIGMA = 0.25
"""Relative standard deviation of that guess: wide phones have 0.7 times the larger side."""
_PRECISE = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-10)
_MODELS = {"plumb_bob": (4, 5), "rational_polynomial": (8,), "none": (0,)}


@dataclass(frozen=True)
class Camera:
    """A calibrated camera. Distortion has 0, 4, 5 or 8 coefficients in OpenCV's order."""

    K: FloatArray
    """(3, 3) intrinsic matrix [pixel]."""
    width: int
    height: int
    distortion: FloatArray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        object.__setattr__(self, "K", checked("Camera.K", self.K, (3, 3)))
        object.__setattr__(self, "distortion", checked("Camera.distortion", self.distortion, (None,)))
        size_ok = self.width > 0 and self.height > 0
        pinhole = np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1]])
        if not (size_ok and self.fx > 0 and self.fy > 0 and np.allclose(self.K, pinhole)):
            raise InputError(
                f"the camera has the intrinsic matrix {self.K.tolist()} and image size {self.width}x{self.height}",
                "positive focal lengths and sizes, no skew, and a last row 0 0 1",
                "check the calibration",
            )
        if len(self.distortion) not in (0, 4, 5, 8):
            raise InputError(
                f"the camera has {len(self.distortion)} distortion coefficients",
                "0, 4, 5 (plumb_bob) or 8 (rational_polynomial)",
                "calibrate with one of these models",
            )

    @classmethod
    def from_focal(cls, focal: float, width: int, height: int) -> Camera:
        """A camera without distortion whose principal point is the image centre.

        Args:
            focal: Focal length [pixel].
            width: Image width [pixel].
            height: Image height [pixel].
        """
        K = [[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]]
        return cls(np.array(K, np.float64), width, height)

    @classmethod
    def guess(cls, width: int, height: int) -> Camera:
        """The default for an uncalibrated video: focal length 1.2 times the larger side."""
        return cls.from_focal(FOCAL_GUESS * max(width, height), width, height)

    @classmethod
    def choose(cls, camera_file: str | Path | None, focal: float, width: int, height: int, what: str) -> Camera:
        """The camera of a video: from its file, from a focal length, or guessed.

        Args:
            camera_file: ROS camera_info YAML; None or empty for none.
            focal: Focal length [pixel], 0 for unknown.
            width: Image width [pixel].
            height: Image height [pixel].
            what: What to call the video in errors.

        Raises:
            InputError: If the file cannot be read, is for another image size, or both were given.
        """
        if camera_file:
            if focal:
                raise InputError("both a camera file and a focal length were given", "one of them", "drop the latter")
            camera = cls.load(camera_file)
            camera.require_size(width, height, what)
            return camera
        return cls.from_focal(focal, width, height) if focal else cls.guess(width, height)

    @staticmethod
    def choice_notes(camera_file: str | Path | None, focal: float, camera: Camera) -> tuple[str, ...]:
        """What a user has to know about a camera that `choose` chose; nothing if it was given.

        Args:
            camera_file: As it was given to `choose`.
            focal: As it was given to `choose` [pixel].
            camera: The chosen one.
        """
        if camera_file or focal:
            return ()
        return (
            f"the camera is not calibrated: its focal length is guessed as {camera.fx:.0f} pixel, and distances from "
            "the camera are wrong by as many percent as that is (give a camera file or a focal length); the covariance "
            f"allows for {100 * GUESS_SIGMA:.0f} %",
        )

    @staticmethod
    def focal_sigma(camera_file: str | Path | None, focal: float) -> float:
        """Relative standard deviation of the focal length of a camera that `choose` chose; what is given is believed.

        Args:
            camera_file: As it was given to `choose`.
            focal: As it was given to `choose` [pixel].
        """
        return 0.0 if camera_file or focal else GUESS_SIGMA

    @property
    def fx(self) -> float:
        """Horizontal focal length [pixel]."""
        return float(self.K[0, 0])

    @property
    def fy(self) -> float:
        """Vertical focal length [pixel]."""
        return float(self.K[1, 1])

    @property
    def cx(self) -> float:
        """Column of the principal point [pixel]."""
        return float(self.K[0, 2])

    @property
    def cy(self) -> float:
        """Row of the principal point [pixel]."""
        return float(self.K[1, 2])

    @property
    def is_distorted(self) -> bool:
        """Whether any distortion coefficient differs from zero."""
        return bool(np.any(self.distortion))

    def rectified(self) -> Camera:
        """The same camera without its distortion: what images look like after `rectify`."""
        return Camera(self.K, self.width, self.height)

    def rectify(self, image: NDArray[Any]) -> NDArray[Any]:
        """Removes the lens distortion from an image (H, W[, C]); returns it unchanged without distortion."""
        return cv2.undistort(image, self.K, self.distortion) if self.is_distorted else image

    def project(self, points: ArrayLike) -> FloatArray:
        """Pixels (..., 2) of points (..., 3) in the camera frame [m]; points behind the camera give NaN."""
        p = np.asarray(points, np.float64)
        flat = p.reshape(-1, 3)
        uv = np.full((len(flat), 2), np.nan)
        front = flat[:, 2] > 1e-9
        if front.any():
            zero = np.zeros(3)
            pixels, _ = cv2.projectPoints(flat[front], zero, zero, self.K, self.distortion)
            uv[front] = pixels[:, 0]
        return uv.reshape(*p.shape[:-1], 2)

    def rays(self, pixels: ArrayLike) -> FloatArray:
        """Viewing rays (..., 3) with z = 1, in the camera frame, of pixels (..., 2)."""
        uv = np.asarray(pixels, np.float64)
        flat = np.ascontiguousarray(uv.reshape(-1, 1, 2))
        xy = flat.reshape(-1, 2)
        if flat.size:
            # The inverse of the distortion is iterated; the default of OpenCV stops after five steps.
            xy = cv2.undistortPointsIter(flat, self.K, self.distortion, np.eye(3), np.eye(3), _PRECISE).reshape(-1, 2)
        return np.concatenate([xy, np.ones((len(xy), 1))], axis=1).reshape(*uv.shape[:-1], 3)

    def scaled(self, width: int, height: int) -> Camera:
        """The camera of the image resized to (width, height) [pixel]."""
        sx, sy = width / self.width, height / self.height
        K = self.K.copy()
        K[0] *= sx
        K[1] *= sy
        K[0, 2] += (sx - 1) / 2  # pixel centres are integers, so resizing shifts by half a pixel
        K[1, 2] += (sy - 1) / 2
        return Camera(K, width, height, self.distortion)

    def cropped(self, x: int, y: int, width: int, height: int) -> Camera:
        """The camera of the part of the image that starts at (x, y) and has the given size [pixel]."""
        K = self.K.copy()
        K[0, 2] -= x
        K[1, 2] -= y
        return Camera(K, width, height, self.distortion)

    def require_size(self, width: int, height: int, what: str) -> None:
        """Refuses images of another size.

        Raises:
            InputError: If the camera was calibrated for another image size.
        """
        if (self.width, self.height) != (width, height):
            raise InputError(
                f"the camera file is for {self.width}x{self.height} pixels but {what} has {width}x{height}",
                "a camera of the same image size",
                "calibrate at this size or give --focal instead",
            )

    def to_dict(self) -> dict[str, Any]:
        """The content of a ROS `camera_info` YAML file."""
        d = self.distortion if len(self.distortion) else np.zeros(5)
        P = np.concatenate([self.K, np.zeros((3, 1))], axis=1)
        return {
            "image_width": self.width,
            "image_height": self.height,
            "camera_name": "camera",
            "camera_matrix": {"rows": 3, "cols": 3, "data": self.K.ravel().tolist()},
            "distortion_model": "rational_polynomial" if len(d) == 8 else "plumb_bob",
            "distortion_coefficients": {"rows": 1, "cols": len(d), "data": d.tolist()},
            "rectification_matrix": {"rows": 3, "cols": 3, "data": np.eye(3).ravel().tolist()},
            "projection_matrix": {"rows": 3, "cols": 4, "data": P.ravel().tolist()},
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], name: str = "the camera file") -> Camera:
        """Reads the content of a ROS `camera_info` YAML file.

        Raises:
            InputError: If entries are missing, of another distortion model, or not finite.
        """
        accepted, todo = "a ROS camera_info YAML", "write it with a camera calibrator or see docs/files.md"
        try:
            model = str(content.get("distortion_model", "plumb_bob"))
            if model not in _MODELS:
                raise InputError(f"{name} has distortion_model '{model}'", " or ".join(_MODELS), "calibrate again")
            K = np.asarray(content["camera_matrix"]["data"], np.float64).reshape(3, 3)
            coefficients = content.get("distortion_coefficients", {}).get("data", [])
            width, height = content["image_width"], content["image_height"]
            if not (isinstance(width, int) and isinstance(height, int)):
                raise InputError(f"{name} has the image size {width}x{height}", "whole numbers of pixels", todo)
            return cls(K, width, height, np.asarray(coefficients))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"{name} cannot be read ({error!r})", accepted, todo) from error

    def save(self, path: str | Path) -> None:
        """Writes a ROS `camera_info` YAML file."""
        with atomic_path(path) as partial:
            partial.write_text(yaml.safe_dump(self.to_dict(), sort_keys=False), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Camera:
        """Reads a ROS `camera_info` YAML file.

        Raises:
            InputError: If the file is missing or not a camera.
        """
        try:
            content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
            reason = " ".join(str(error).split())
            raise InputError(
                f"the camera file '{path}' cannot be read ({reason})", "a ROS camera_info YAML", "check the path"
            ) from error
        if not isinstance(content, Mapping):
            raise InputError(f"the camera file '{path}' is empty", "a ROS camera_info YAML", "write it again")
        return cls.from_dict(content, f"the camera file '{path}'")
