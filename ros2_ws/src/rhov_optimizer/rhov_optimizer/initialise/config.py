"""Settings of the search for the first pose."""

from __future__ import annotations

from dataclasses import dataclass

from rhov_core.config import check_ranges, setting


@dataclass(frozen=True)
class InitialPoseConfig:
    """Settings of `find_initial_pose`."""

    views: int = setting(300, "directions from which the object is drawn", low=12)
    rolls: int = setting(24, "rotations about the line of sight for each of them", low=4)
    sweep_scale: int = setting(8, "the sweep works on an image this many times smaller", low=1)
    sweep_faces: int = setting(300, "the mesh is decimated to this many faces for the sweep", low=4)
    max_faces: int = setting(2000, "the mesh is decimated to this many faces for the refinement", low=4)
    refined: int = setting(80, "diverse candidates of the sweep that are fitted to the contour", low=1)
    polished: int = setting(14, "the best of these, fitted again at full resolution", low=1)
    hand_margin: int = setting(6, "the hand's mask is widened by this before contours are compared [pixel]", low=0)
    least_area: int = setting(400, "a mask with fewer pixels is too small to start from [pixel]", low=16)
    distinct: float = setting(0.26, "candidates turned less than this against each other are the same [rad]", low=0.01)

    def __post_init__(self) -> None:
        check_ranges(self)
