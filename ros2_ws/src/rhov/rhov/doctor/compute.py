"""Numerical libraries, GPU and off-screen rendering."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from rhov.doctor.finding import Finding

SECONDS = 60.0
"""How long one renderer may take to start."""
_DRAW = """
import mujoco
model = mujoco.MjModel.from_xml_string(
    "<mujoco><worldbody><light pos='0 0 3'/><geom type='sphere' size='1' rgba='1 0 0 1'/></worldbody></mujoco>")
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
with mujoco.Renderer(model, 24, 32) as renderer:
    renderer.update_scene(data)
    assert renderer.render().max() > 0, "the picture is black"
"""


def compute_findings() -> list[Finding]:
    """Torch, GPU and MuJoCo's renderers."""
    return [_torch(), _gpu(), _device(), *_renderers()]


def _torch() -> Finding:
    try:
        import torch
    except (ImportError, OSError) as error:
        return Finding("torch", False, str(error), "run ./run setup", required=True)
    build = f"for CUDA {torch.version.cuda}" if torch.version.cuda else "for the CPU"
    return Finding("torch", True, f"{torch.__version__}, built {build}, {torch.get_num_threads()} thread(s)")


def _gpu() -> Finding:
    program = shutil.which("nvidia-smi")
    listed = ""
    if program:
        run = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=SECONDS, check=False)
        listed = run.stdout.strip().splitlines()[0] if run.returncode == 0 and run.stdout.strip() else ""
    if not listed:
        return Finding("NVIDIA GPU", False, "none", "everything runs on the CPU")
    import torch

    usable = torch.cuda.is_available()
    return Finding("NVIDIA GPU", usable, listed, "" if usable else "torch cannot use it: install its CUDA build")


def _device() -> Finding:
    """Where the terms of the joint optimisation are evaluated."""
    from rhov_core.device import choose_device

    return Finding("joint optimisation", True, f"on the device {choose_device('auto').type} (setting joint.device)")


def _renderers() -> Iterator[Finding]:
    """Tries each renderer in a process of its own, since MuJoCo chooses one when it is imported."""
    names = ["egl", "osmesa", *(["glfw"] if os.environ.get("DISPLAY") else [])]
    tried = {name: _try_renderer(name) for name in names}
    used = os.environ.get("MUJOCO_GL", "")
    for name, error in tried.items():
        yield Finding(f"MuJoCo on {name}", not error, error or "draws" + (" (in use)" if name == used else ""))
    if all(tried.values()):
        means = "videos of the robot cannot be made: install libegl1 (or libosmesa6)"
        yield Finding("robot videos", False, "no renderer works", means, required=True)


def _try_renderer(name: str) -> str:
    """Draws one picture; empty if it worked, else the last line of what was said."""
    if find_spec("mujoco") is None:
        return "mujoco is not installed"
    environment = {k: v for k, v in os.environ.items() if k != "PYOPENGL_PLATFORM"} | {"MUJOCO_GL": name}
    try:
        run = subprocess.run(
            [sys.executable, "-c", _DRAW], env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"does not answer within {SECONDS:.0f} s"
    said = run.stderr.strip().splitlines()
    return "" if run.returncode == 0 else (said[-1] if said else f"exit status {run.returncode}")
