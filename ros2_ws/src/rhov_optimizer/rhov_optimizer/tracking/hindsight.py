"""What a pose that was found late says about the frames before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from rhov_optimizer.tracking.contest import Contestant
from rhov_optimizer.tracking.doubt import Revision
from rhov_optimizer.tracking.memory import Remembered, backwards

GIVEN_UP = 5
"""A pose that is lost for so many frames in a row is not followed further back."""
JUST_BEFORE = 11
"""So many frames before it was found, as far as it can be followed, a hypothesis must explain as well in sum as what
was believed."""


def with_hindsight(
    found: Contestant, frames: Sequence[Remembered], new: Callable[[], Contestant]
) -> tuple[tuple[Revision, ...], list[float]] | None:
    """All that a hypothesis says, of the frames before it was found, too: the video is played backwards from there.

    It goes back to where it explains the frames better in sum than what was believed.

    Args:
        found: The hypothesis, seen in the frame that it begins in and followed to the newest one.
        frames: Oldest first, up to the newest one.
        new: Makes a contestant without a pose.

    Returns:
        Estimates and records of the newest frames, oldest first, and how well they explain them; None if what was
        believed explains the frames just before better: a right pose is right there, too.
    """
    before = frames[: len(frames) - len(found.history) + 1]
    back = _played_back(found, before, new())
    scores = np.array(back.explained[1:])
    gains = np.cumsum(scores - [frame.score for frame in before[-2 : -2 - len(scores) : -1]])
    if len(gains) and gains[:JUST_BEFORE][-1] < 0:
        return None
    if not len(gains) or gains.max() <= 0:
        return tuple(found.history), found.explained
    steps = int(gains.argmax()) + 1
    history = _joined(back.history[steps:0:-1], found.history)
    return history, [*back.explained[steps:0:-1], *found.explained]


def _played_back(found: Contestant, frames: Sequence[Remembered], back: Contestant) -> Contestant:
    """Follows a hypothesis backwards from the last of the frames, in which it was found."""
    back.start(frames[-1].cues, found.history[0][0].T_camera_object)
    for earlier, later in zip(frames[-2::-1], frames[:0:-1], strict=True):
        back.step(backwards(later.cues, earlier.cues))
        if not any(back.explained[-GIVEN_UP:]):
            break
    return back


def _joined(earlier: Sequence[Revision], found: Sequence[Revision]) -> tuple[Revision, ...]:
    """Frames that were played backwards, oldest first, and those after them: flow leads forwards in all."""
    (estimate, first), *others = earlier
    out = [(estimate, replace(first, flow_source=first.flow_source[:0], flow_target=first.flow_target[:0]))]
    for (estimate, record), (_, before) in zip([*others, found[0]], earlier, strict=True):
        out.append((estimate, replace(record, flow_source=before.flow_target, flow_target=before.flow_source)))
    return (*out, *found[1:])
