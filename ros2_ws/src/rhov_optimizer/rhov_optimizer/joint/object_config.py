"""Settings of the Gauss-Newton stage of the joint optimisation."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rhov_core.config import check_ranges, setting


@dataclass(frozen=True)
class ObjectSolverConfig:
    """Settings of `solve_object_clip`. Defaults were measured on a real clip, 640x480 pixels at 30 frames a second."""

    iterations: int = setting(12, "largest number of Gauss-Newton steps over the clip", low=1)
    max_faces: int = setting(2000, "the mesh is decimated to this many faces", low=4)

    contour_points: int = setting(80, "points on the silhouette and on the mask's border", low=10)
    contour_sigma: float = setting(
        1.5, "largest standard deviation of a mask's border; the residuals show how far it is below [pixel]", low=0.1
    )
    contour_least_sigma: float = setting(
        1.0, "smallest standard deviation that residuals at the border are credited with [pixel]", low=0.05
    )
    outline_halved_at: float = setting(
        0.5,
        "outlines that miss their mask by so much more than a right one does weigh half; root mean square, 0 lets all "
        "weigh alike [pixel]",
        low=0.0,
    )
    contour_weight: float = setting(0.25, "weight of a contour point; they are not independent", low=0.0)
    feature_points: int = setting(60, "matches used of each pair of a keyframe and a frame", low=0)
    feature_sigma: float = setting(1.5, "standard deviation of a keyframe feature [pixel]", low=0.1)
    feature_weight: float = setting(0.3, "weight of a feature: many frames repeat one keyframe's error", low=0.0)
    flow_points: int = setting(40, "tracks of optical flow used of each pair of frames", low=0)
    flow_sigma: float = setting(1.0, "standard deviation of the flow [pixel]", low=0.1)
    flow_weight: float = setting(0.05, "weight of a flow track; they are not independent and drift", low=0.0)

    depth_points: int = setting(100, "pixels of the depth cue used of each frame", low=0)
    depth_sigma: float = setting(0.005, "standard deviation of metric depth [m]", low=1e-4)
    depth_relative_sigma: float = setting(
        0.3, "standard deviation of depth up to scale and shift, relative to that of the object's depths", low=0.01
    )
    depth_weight: float = setting(0.05, "weight of a pixel's depth; neighbours err alike", low=0.0)

    wrist_weight: float = setting(
        1.0,
        "weight of the wrist where the object is lost in the hand; 0 lets nothing but the prior bridge a gap",
        low=0.0,
    )
    wrist_translation: float = setting(
        0.01, "how far an object is across the viewing ray from where the wrist carries it; deviation [m]", low=1e-4
    )
    wrist_depth: float = setting(0.022, "how far it is along the viewing ray; deviation [m]", low=1e-4)
    wrist_rotation: float = setting(0.19, "how far it is turned from there; deviation [rad]", low=1e-3)

    smoothness_weight: float = setting(1.0, "weight of the prior on motion; 0 leaves each frame to itself", low=0.0)
    acceleration: float = setting(
        0.7, "standard deviation of the object's acceleration before the clip has shown its own [m/s^2]", low=1e-3
    )
    angular_acceleration: float = setting(
        4.7, "standard deviation of its angular acceleration before the clip has shown its own [rad/s^2]", low=1e-3
    )
    least_acceleration: float = setting(
        0.01, "smallest standard deviation of the acceleration that a clip may show [m/s^2]", low=1e-4
    )
    least_angular_acceleration: float = setting(
        0.1, "smallest standard deviation of the angular acceleration that a clip may show [rad/s^2]", low=1e-4
    )
    most_acceleration: float = setting(
        2.0, "largest standard deviation of the acceleration that a clip may show: beyond, poses jump [m/s^2]", low=1e-3
    )
    most_angular_acceleration: float = setting(
        15.0, "largest standard deviation of the angular acceleration that a clip may show [rad/s^2]", low=1e-3
    )
    motion_memory: float = setting(
        0.13, "accelerations this near in time are taken to be of one size; standard deviation [s]", low=1e-3
    )
    learn_variances: bool = setting(
        True, "estimate from the clip how far its outlines are to be trusted and how restlessly the object moves"
    )
    unseen_velocity: float = setting(0.1, "standard deviation of the velocity where the object is lost [m/s]", low=1e-3)
    unseen_angular_velocity: float = setting(
        0.7, "standard deviation of the angular velocity where the object is lost [rad/s]", low=1e-3
    )

    start_translation: float = setting(
        0.05,
        "how far tracked positions may be off, in clips without outlines and depth; deviation [m]",
        low=1e-3,
    )
    start_rotation: float = setting(
        0.2,
        "how far tracked rotations may be off, in clips without outlines and depth; deviation [rad]",
        low=1e-3,
    )

    outline_points_alike: float = setting(
        15.0,
        "how many of an outline's weighted points err alike where its misfit is larger than a perfect mask's, for the "
        "covariance; chosen on 23 rendered tracks, see docs/benchmark.md",
        low=0.0,
    )
    mistaken_translation: float = setting(
        0.3,
        "standard deviation of the position where the object was taken for another view of itself, for the covariance; "
        "0 suspects nothing [object diameters]",
        low=0.0,
    )
    mistaken_rotation: float = setting(
        1.0,
        "standard deviation of the rotation where the object was taken for another view of itself, for the covariance; "
        "0 suspects nothing [rad]",
        low=0.0,
    )
    covariance_floor_translation: float = setting(0.001, "smallest standard deviation of the position [m]", low=0.0)
    covariance_floor_rotation: float = setting(0.005, "smallest standard deviation of the rotation [rad]", low=0.0)

    unknown_translation: float = setting(
        1.0, "standard deviation of the position where nothing is known of it [m]", low=0.01
    )
    unknown_rotation: float = setting(
        3.0, "standard deviation of the rotation where nothing is known of it [rad]", low=0.01
    )

    def __post_init__(self) -> None:
        check_ranges(self)

    def in_units(self, unit: float) -> ObjectSolverConfig:
        """The same settings where one metre is `unit` of the mesh's lengths."""
        lengths = (
            "depth_sigma",
            "acceleration",
            "least_acceleration",
            "most_acceleration",
            "unseen_velocity",
            "start_translation",
            "covariance_floor_translation",
            "unknown_translation",
        )
        return replace(self, **{name: unit * getattr(self, name) for name in lengths})
