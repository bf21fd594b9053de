"""Writes the cues of a clip as a cues directory (docs/cues.md)."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np

from rhov_core.cues import FrameCues, HandEstimate
from rhov_core.errors import InputError
from rhov_core.files import output_directory, write_json
from rhov_perception.cues_directory import ABOUT, DEPTH, FLOW, HAND_MASKS, HANDS, OBJECT_MASKS
from rhov_perception.cues_files import write_array, write_hands, write_png


class CuesWriter:
    """Use it as a context manager: hands are written at its end, the rest frame by frame.

    Args:
        path: The directory; made if it does not exist.

    Raises:
        InputError: If it cannot be written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = output_directory(path)
        self._hands: dict[int, HandEstimate] = {}
        self._depth_is_metric: bool | None = None

    def write(self, cues: FrameCues) -> None:
        """Writes what there is of a frame. Features are not written: they belong to the embedded estimator.

        Raises:
            InputError: If some depths are metric and some are not.
        """
        name = f"{cues.frame_index:06d}"
        for part, mask in ((OBJECT_MASKS, cues.object_mask), (HAND_MASKS, cues.hand_mask)):
            if mask is not None:
                write_png(self.path / part / f"{name}.png", np.where(mask, np.uint8(255), np.uint8(0)))
        if len(cues.flow_source):
            tracks = np.concatenate([cues.flow_source, cues.flow_target], axis=1)
            write_array(self.path / FLOW / f"{name}.npy", tracks.astype(np.float32))
        if cues.depth is not None:
            if self._depth_is_metric not in (None, cues.depth_is_metric):
                given = f"the depth of frame {cues.frame_index} differs from the earlier ones in being metric"
                raise InputError(given, "one kind of depth", "write them apart")
            self._depth_is_metric = cues.depth_is_metric
            write_array(self.path / DEPTH / f"{name}.npy", cues.depth.astype(np.float32))
        if cues.hand is not None:
            self._hands[cues.frame_index] = cues.hand

    def __enter__(self) -> CuesWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._hands:
            write_hands(self.path / HANDS, self._hands)
        if self._depth_is_metric is not None:
            write_json(self.path / ABOUT, {"depth_is_metric": self._depth_is_metric})
