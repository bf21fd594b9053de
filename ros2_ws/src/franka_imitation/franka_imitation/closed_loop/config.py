"""Settings of the closed loop."""

from __future__ import annotations

from dataclasses import dataclass

from rhov_core.config import check_ranges, setting


@dataclass(frozen=True)
class FeedbackConfig:
    """How measured poses of the object change the motion of the arm."""

    rate: float = setting(30.0, "measurements of the object's pose [Hz]", low=1.0, high=200.0)
    smoothing: float = setting(0.25, "time constant over which measured poses are averaged [s]", low=0.0, high=5.0)
    jump_position: float = setting(0.008, "a lasting step of the object beyond this is followed at once [m]", low=0.0)
    jump_rotation: float = setting(0.08, "the same for its rotation [rad]", low=0.0)
    response: float = setting(0.1, "time constant of the arm's correction [s]", low=0.01, high=2.0)
    max_correction: float = setting(0.6, "no joint leaves the planned motion by more [rad]", low=0.0, high=3.0)
    wait_position: float = setting(0.02, "the demonstration waits while the object is farther off [m]", low=0.0)
    wait_rotation: float = setting(0.2, "the same for its rotation [rad]", low=0.0)
    patience: float = setting(2.0, "longest wait in total [s]", low=0.0)
    lost_distance: float = setting(0.05, "an object that moved farther in the grip is no longer held [m]", low=0.0)
    retries: int = setting(3, "how often an object that was missed or dropped is taken up again", low=0)

    def __post_init__(self) -> None:
        check_ranges(self)
