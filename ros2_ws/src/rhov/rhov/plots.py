"""Plots of a reconstruction and of an imitation, as PNG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from rhov_core.files import atomic_path
from rhov_core.pose import log_rotation
from rhov_core.trajectory import HandObjectTrajectory, ObjectState

matplotlib.use("Agg")
_COLOURS = ("#c0392b", "#27894c", "#2c6fbb")


def plot_object_motion(path: str | Path, trajectory: HandObjectTrajectory) -> None:
    """Translation and rotation of the object relative to the first frame, with one standard deviation."""
    time = trajectory.stamp - trajectory.stamp[0]
    T = trajectory.T_camera_object
    translation = (T[:, :3, 3] - T[0, :3, 3]) * 100
    rotation = np.degrees(_relative_rotations(T[:, :3, :3]))
    sigma = np.sqrt(np.clip(np.diagonal(trajectory.object_covariance, axis1=1, axis2=2), 0, None))
    figure = Figure(figsize=(9, 5.5), layout="constrained")
    axes = figure.subplots(2, 1, sharex=True)
    panels = (
        (axes[0], translation, sigma[:, :3] * 100, "translation [cm]", "xyz"),
        (axes[1], rotation, np.degrees(sigma[:, 3:]), "rotation vector [deg]", ("about x", "about y", "about z")),
    )
    for axis, values, deviation, label, names in panels:
        for i, (colour, name) in enumerate(zip(_COLOURS, names, strict=True)):
            axis.plot(time, values[:, i], color=colour, label=name, linewidth=1.2)
            axis.fill_between(
                time, values[:, i] - deviation[:, i], values[:, i] + deviation[:, i], color=colour, alpha=0.2, lw=0
            )
        _mark_lost(axis, time, trajectory)
        axis.set_ylabel(label)
        axis.legend(loc="best", ncols=3, framealpha=0.6, edgecolor="none")
        axis.grid(alpha=0.25)
    axes[0].set_title(f"{trajectory.object_name} in the camera frame, relative to the first frame")
    axes[1].set_xlabel("time [s]")
    _save(figure, path)


def plot_quality(path: str | Path, trajectory: HandObjectTrajectory, per_frame: Mapping[str, Sequence[float]]) -> None:
    """Figures per frame (mask IoU, feature inliers, ...), one panel each; missing values are gaps."""
    names = [name for name, values in per_frame.items() if len(values) == len(trajectory)]
    if not names:
        return
    time = trajectory.stamp - trajectory.stamp[0]
    figure = Figure(figsize=(9, 1.2 + 1.6 * len(names)), layout="constrained")
    axes = np.atleast_1d(figure.subplots(len(names), 1, sharex=True))
    for axis, name in zip(axes, names, strict=True):
        values = np.array([np.nan if v is None else v for v in per_frame[name]], np.float64)
        axis.plot(time, values, color=_COLOURS[2], linewidth=1.0)
        _mark_lost(axis, time, trajectory)
        axis.set_ylabel(name.replace("_", " "))
        axis.grid(alpha=0.25)
    axes[-1].set_xlabel("time [s]")
    _save(figure, path)


def plot_imitation(path: str | Path, report: Mapping[str, Any]) -> None:
    """Position and rotation error of each step of the rollout, with the thresholds of a match.

    Args:
        path: The PNG file.
        report: Holds `step_time_s`, `step_position_error_m`, `step_rotation_error_rad` and the thresholds
            `match_position_m`, `match_rotation_rad`.
    """
    if not report.get("step_time_s"):
        return
    time = np.asarray(report["step_time_s"], np.float64)
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.subplots(2, 1, sharex=True)
    panels = (
        ("step_position_error_m", "match_position_m", 1000.0, "position error [mm]"),
        ("step_rotation_error_rad", "match_rotation_rad", 1.0, "rotation error [rad]"),
    )
    for axis, (values, threshold, scale, label) in zip(axes, panels, strict=True):
        axis.plot(time, np.array(report[values], np.float64) * scale, color=_COLOURS[2], linewidth=1.2)
        axis.axhline(report[threshold] * scale, color=_COLOURS[0], linewidth=1, linestyle="--", label="match")
        axis.set_ylabel(label)
        axis.set_ylim(bottom=0)
        axis.legend(loc="upper right", frameon=False)
        axis.grid(alpha=0.25)
    axes[1].set_xlabel("time in the demonstration [s]")
    _save(figure, path)


def _relative_rotations(rotations: np.ndarray) -> np.ndarray:
    return log_rotation(rotations @ rotations[0].T)


def _mark_lost(axis: Any, time: np.ndarray, trajectory: HandObjectTrajectory) -> None:
    lost = trajectory.object_state == ObjectState.LOST
    if lost.any():
        axis.fill_between(time, 0, 1, where=lost, transform=axis.get_xaxis_transform(), color="black", alpha=0.12, lw=0)


def _save(figure: Figure, path: str | Path) -> None:
    with atomic_path(path) as partial:
        figure.savefig(partial, dpi=110)
