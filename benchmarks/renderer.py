"""Times the renderer: silhouette and depth of a 2,000-face mesh, forward and backward, CPU time on one thread.

Also times PyTorch3D where it is installed. Prints a Markdown table and writes benchmarks/results/renderer.json.

    python benchmarks/renderer.py [--quick]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive", NUMBA_NUM_THREADS="1")

import numpy as np
import torch
import trimesh
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from rhov.benchmark.code_version import processor
from rhov_core.camera import Camera
from rhov_core.files import write_json
from rhov_core.object_model import ObjectModel
from rhov_core.render import render

RESULT = Path(__file__).parent / "results" / "renderer.json"
SIZES = ((128, 8), (128, 64), (256, 8), (256, 64))
"""Side of the images [pixel] and frames."""
GOAL_MS = 8.0
"""For 8 frames of 128 x 128 [CPU ms]."""
Step = Callable[[], None]


def mug() -> ObjectModel:
    """A mug-like mesh of 2,000 faces, 17 cm across."""
    body = trimesh.creation.cylinder(radius=0.04, height=0.1, sections=64).subdivide().subdivide()
    handle = trimesh.creation.torus(major_radius=0.03, minor_radius=0.007, major_sections=48, minor_sections=16)
    handle.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, [1, 0, 0]))
    handle.apply_translation([0.047, 0.0, 0.01])
    both = trimesh.util.concatenate([body, handle])
    vertices, faces = np.asarray(both.vertices), np.asarray(both.faces)  # type: ignore[attr-defined]
    return ObjectModel.from_mesh(vertices, faces, name="mug", mass=0.3).simplified(2000)


def scene(model: ObjectModel, side: int, frames: int) -> tuple[torch.Tensor, Camera]:
    """Vertices (B, V, 3) of the model at random orientations that fill about half of the image, and the camera."""
    R = Rotation.random(frames, random_state=0).as_matrix()
    centred = model.vertices - (model.vertices.min(0) + model.vertices.max(0)) / 2
    moved = np.einsum("bij,vj->bvi", R, centred) + np.array([0.0, 0.0, 1.6 * model.diameter])
    return torch.tensor(moved, dtype=torch.float32, requires_grad=True), Camera.from_focal(1.5 * side, side, side)


def rhov_step(vertices: torch.Tensor, faces: NDArray[np.int32], camera: Camera) -> Step:
    """One forward and backward pass of RHOV's renderer."""
    weights = torch.rand(2, len(vertices), camera.height, camera.width)

    def step() -> None:
        vertices.grad = None
        out = render(vertices, faces, camera)
        torch.autograd.backward([out.silhouette, out.depth], list(weights))

    return step


def pytorch3d_step(vertices: torch.Tensor, faces: NDArray[np.int32], camera: Camera, faces_per_pixel: int) -> Step:
    """One forward and backward pass of PyTorch3D's soft silhouette and depth."""
    from pytorch3d.renderer import BlendParams, MeshRasterizer, RasterizationSettings
    from pytorch3d.renderer.blending import sigmoid_alpha_blend
    from pytorch3d.structures import Meshes
    from pytorch3d.utils import cameras_from_opencv_projection

    count, blend = len(vertices), BlendParams(sigma=1e-4)
    cameras = cameras_from_opencv_projection(
        torch.eye(3).expand(count, 3, 3),
        torch.zeros(count, 3),
        torch.tensor(camera.K, dtype=torch.float32).expand(count, 3, 3),
        torch.tensor([[camera.height, camera.width]]).expand(count, 2),
    )
    rasterizer = MeshRasterizer(
        cameras,
        RasterizationSettings(
            image_size=(camera.height, camera.width),
            blur_radius=float(np.log(1 / 1e-4 - 1)) * blend.sigma,
            faces_per_pixel=faces_per_pixel,
        ),
    )
    weights = torch.rand(2, count, camera.height, camera.width)
    index = torch.tensor(faces.astype(np.int64)).expand(count, -1, -1)

    def step() -> None:
        vertices.grad = None
        fragments = rasterizer(Meshes(vertices, index))
        colours = torch.zeros_like(fragments.bary_coords)
        silhouette = sigmoid_alpha_blend(colours, fragments, blend)[..., 3]
        depth = torch.where(fragments.pix_to_face[..., 0] >= 0, fragments.zbuf[..., 0], 0.0)
        torch.autograd.backward([silhouette, depth], list(weights))

    return step


def median_cpu_ms(step: Step, seconds: float, most: int) -> float:
    """Median CPU time of a step [ms], after one that is not counted."""
    step()
    times: list[float] = []
    begin = time.process_time()
    while len(times) < 3 or (len(times) < most and time.process_time() - begin < seconds):
        start = time.process_time()
        step()
        times.append(time.process_time() - start)
    return 1e3 * float(np.median(times))


def installed(package: str) -> str | None:
    """The version of a package, None if it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def main() -> int:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="only 8 frames, fewer repeats")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = mug()
    kinds: dict[str, Callable[[torch.Tensor, NDArray[np.int32], Camera], Step]] = {"RHOV": rhov_step}
    if find_spec("pytorch3d") is not None:
        for count in (1, 50):
            kinds[f"PyTorch3D, {count} per pixel"] = lambda v, f, c, n=count: pytorch3d_step(v, f, c, n)  # type: ignore[misc]
    sizes = [size for size in SIZES if not quick or size[1] == 8]
    table: dict[str, dict[str, float]] = {}
    for kind, make in kinds.items():
        row = table[kind] = {}
        for side, frames in sizes:
            vertices, camera = scene(model, side, frames)
            step = make(vertices, model.faces, camera)
            row[f"{side}x{side}, {frames} frames"] = median_cpu_ms(step, 1.0 if quick else 4.0, 30)
    names = list(next(iter(table.values())))
    print(f"Silhouette + depth, forward + backward, {len(model.faces)} faces, CPU ms on one thread ({processor()}):\n")
    print("| | " + " | ".join(names) + " |")
    print("|---|" + "---|" * len(names))
    for kind, row in table.items():
        print(f"| {kind} | " + " | ".join(f"{row[name]:.1f}" for name in names) + " |")
    reached = table["RHOV"]["128x128, 8 frames"]
    verdict = "met" if reached <= GOAL_MS else "missed"
    print(f"\nGoal for 128x128, 8 frames: {GOAL_MS:g} ms, {verdict} with {reached:.1f} ms.")
    if "pytorch3d" not in sys.modules:
        print("PyTorch3D is not installed, so it is not compared.")
    versions = {package: installed(package) for package in ("numba", "numpy", "torch", "pytorch3d")}
    content = {
        "what": "median CPU ms of silhouette + depth, forward + backward, one thread",
        "faces": len(model.faces),
        "processor": processor(),
        "versions": versions,
        "quick": quick,
        "goal_ms": {"128x128, 8 frames": GOAL_MS},
        "cpu_ms": table,
    }
    write_json(RESULT, content)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
