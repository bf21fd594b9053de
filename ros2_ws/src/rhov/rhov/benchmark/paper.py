"""The paper's own figures, measured on other data: they stand beside ours for orientation and are no comparison.

From Tables 1 to 4 of the paper; errors in millimetres, recalls in percent.
"""

from __future__ import annotations

HO3D = "paper, HO3D: other data"
DEXYCB = "paper, DexYCB S0: other data"

TABLE_1 = {
    "hand": {"RHOV": 10.1, "Photo-consist": 14.7, "RHO": 9.7, "Homan": 17.3},
    "object": {"RHOV": 9.6, "Photo-consist": 26.6, "RHO": 19.9, "Homan": 5.4},
}
TABLE_2 = {
    "root-relative": {"RHOV": 32.8, "A2J": 23.9, "HRNet32": 17.3},
    "Procrustes": {"RHOV": 10.4, "A2J": 12.1, "HRNet32": 6.8},
}
TABLE_3 = {"average recall": {"RHOV": 41.2, "PoseCNN": 41.7, "CosyPose": 60.0}}
TABLE_4A = {"per_frame": (14.3, 87.3), "joint": (13.0, 4.1)}
"""Object error and temporal distance; the paper states no unit of the latter."""
TABLE_4B = {"predicted": 13.0, "oracle_masks": 9.3}
TABLE_4C = {"independent": 14.6, "joint": 13.0}


def in_words(figures: dict[str, float]) -> str:
    """The figures of a row, ours of the paper first."""
    return ", ".join(f"{name} {value:g}" for name, value in figures.items())
