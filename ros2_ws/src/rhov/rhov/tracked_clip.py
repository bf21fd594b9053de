"""A video after tracking, before the joint optimisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rhov_core.camera import Camera
from rhov_core.hand import HandModel
from rhov_core.object_estimate import ObjectEstimate
from rhov_optimizer.track_record import TrackRecord
from rhov_optimizer.tracking import Revision
from rhov_optimizer.tracking.figures import per_frame_figures


@dataclass
class TrackedClip:
    """What tracking leaves of a clip."""

    camera: Camera
    """Of the video, with its distortion."""
    hand_model: HandModel
    estimates: list[ObjectEstimate] = field(default_factory=list)
    records: list[TrackRecord] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Sentences for the user."""

    def add(self, estimate: ObjectEstimate, record: TrackRecord, revised: Sequence[Revision]) -> None:
        """Adds a frame, and what the tracker now says about the frames just before it."""
        for i, (earlier_estimate, earlier_record) in enumerate(reversed(revised), 1):
            self.estimates[-i], self.records[-i] = earlier_estimate, earlier_record
        self.estimates.append(estimate)
        self.records.append(record)

    def per_frame(self) -> dict[str, list[float | None]]:
        """Figures of each frame, for plots; None where one is missing."""
        return per_frame_figures(self.estimates)
