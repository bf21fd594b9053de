"""What people look at after a reconstruction: the overlay video and the plots."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rhov.overlay import write_overlay
from rhov.plots import plot_object_motion, plot_quality
from rhov_core.camera import Camera
from rhov_core.files import output_directory, read_json
from rhov_core.object_model import ObjectModel
from rhov_core.result_directory import REPORT, TRAJECTORY
from rhov_core.trajectory import HandObjectTrajectory

Progress = Callable[[float], None]


def make_products(
    directory: str | Path,
    video: str | Path,
    mesh: str | Path,
    camera: Camera,
    repair_mesh: bool = False,
    progress: Progress | None = None,
) -> None:
    """Writes overlay.mp4 and plots/ beside a reconstruction.

    Args:
        directory: Holds trajectory.npz and report.json.
        video: The video that was reconstructed.
        mesh: The object's mesh file.
        camera: The camera of the video, with its distortion.
        repair_mesh: Whether an open mesh was accepted.
        progress: Called with a fraction from 0 to 1.

    Raises:
        InputError: If a file is missing or cannot be read.
    """
    folder = Path(directory)
    trajectory = HandObjectTrajectory.load(folder / TRAJECTORY)
    plots = output_directory(folder / "plots")
    plot_object_motion(plots / "object_motion.png", trajectory)
    plot_quality(plots / "quality.png", trajectory, read_json(folder / REPORT).get("per_frame", {}))
    model = ObjectModel.load(mesh, repair=repair_mesh)
    write_overlay(folder / "overlay.mp4", trajectory, video, model, camera, progress)
