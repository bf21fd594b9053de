"""The folder that a reconstruction leaves: `trajectory.npz` and its companions for people without Python."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rhov_core.camera import Camera
from rhov_core.files import atomic_path, output_directory, write_json
from rhov_core.pose import quaternion_from_rotation
from rhov_core.trajectory import HandObjectTrajectory

TRAJECTORY = "trajectory.npz"
REPORT = "report.json"


def write_result(
    directory: str | Path, trajectory: HandObjectTrajectory, camera: Camera, report: Mapping[str, Any]
) -> Path:
    """Writes trajectory.npz, object.tum, hand.csv, camera.yaml and report.json.

    Args:
        directory: Made if it does not exist.
        trajectory: The reconstruction.
        camera: The camera that it refers to.
        report: Figures of the run, plain values or numpy.

    Returns:
        The folder.

    Raises:
        InputError: If the folder cannot be written.
    """
    folder = output_directory(directory)
    write_object_tum(folder / "object.tum", trajectory)
    write_hand_csv(folder / "hand.csv", trajectory)
    camera.save(folder / "camera.yaml")
    write_json(folder / REPORT, report)
    trajectory.save(folder / TRAJECTORY)
    return folder


def write_object_tum(path: str | Path, trajectory: HandObjectTrajectory) -> None:
    """Writes object poses in the TUM format: `stamp tx ty tz qx qy qz qw`, metres, camera frame."""
    quaternions = quaternion_from_rotation(trajectory.T_camera_object[:, :3, :3])
    with atomic_path(path) as partial, open(partial, "w", encoding="ascii") as file:
        file.write("# stamp [s] tx ty tz [m] qx qy qz qw; object in the camera's optical frame\n")
        for stamp, T, q in zip(trajectory.stamp, trajectory.T_camera_object, quaternions, strict=True):
            numbers = [stamp, *T[:3, 3], *q]
            file.write(" ".join(f"{number:.9f}" for number in numbers) + "\n")


def write_hand_csv(path: str | Path, trajectory: HandObjectTrajectory) -> None:
    """Writes a row for each frame: index, stamp [s], validity and 21 joints (x, y, z) in the camera frame [m]."""
    header = ["frame_index", "stamp_s", "valid"]
    header += [f"joint{j:02d}_{axis}_m" for j in range(21) for axis in "xyz"]
    with atomic_path(path) as partial, open(partial, "w", encoding="ascii", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for i, joints in enumerate(trajectory.hand_joints):
            row = [int(trajectory.frame_index[i]), f"{trajectory.stamp[i]:.6f}", int(trajectory.hand_valid[i])]
            writer.writerow(row + [f"{number:.6f}" for number in joints.ravel()])
