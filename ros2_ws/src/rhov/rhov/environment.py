"""The environment variables that RHOV's processes run under; what the user has set already wins.

`apply()` must come before numpy, torch, OpenCV, MuJoCo or rclpy are imported. This module imports only the standard
library; run as a script (`python -S environment.py`) it prints `export` lines for a shell.
"""

from __future__ import annotations

import ctypes
import os
import shlex
from pathlib import Path

PROFILE = Path(__file__).parent / "config" / "fastdds.xml"
_GL_LIBRARIES = {"egl": "libEGL.so.1", "osmesa": "libOSMesa.so.8"}


def defaults() -> dict[str, str]:
    """Name and value of every variable that RHOV sets unless the user did."""
    variables = {
        # threads that spin between small operations cost twenty times what they save
        "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "passive",
        # only this machine, unless the user says otherwise
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "FASTRTPS_DEFAULT_PROFILES_FILE": str(PROFILE),
        # MediaPipe and its TensorFlow Lite print start-up notes at the levels below
        "GLOG_minloglevel": "2",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "ABSL_MIN_LOG_LEVEL": "2",
    }
    renderer = offscreen_renderer()
    return {**variables, "MUJOCO_GL": renderer} if renderer else variables


def offscreen_renderer() -> str:
    """What MuJoCo can draw with when there is no screen: "egl", "osmesa", or "" if neither library is there."""
    for name, library in _GL_LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            continue
        return name
    return ""


def missing() -> dict[str, str]:
    """The defaults that are not in force yet."""
    fastdds_chosen = "FASTDDS_DEFAULT_PROFILES_FILE" in os.environ
    return {
        name: value
        for name, value in defaults().items()
        if name not in os.environ and not (fastdds_chosen and name == "FASTRTPS_DEFAULT_PROFILES_FILE")
    }


def apply() -> None:
    """Puts the defaults into this process's environment, and so into that of the processes it starts."""
    os.environ.update(missing())


if __name__ == "__main__":
    for variable, value in missing().items():
        print(f"export {variable}={shlex.quote(value)}")
