"""Which frame of the video an image is: the one rule that all nodes share.

`sensor_msgs/Image` carries a stamp but no frame number. In RHOV the *stamp* identifies a frame: messages about the
same frame carry the stamp of its image, to the nanosecond, and nodes join them by equal stamps, never by number.
The *frame index* is what people, files and `HandObjectTrajectory` use. A node that subscribes to `image` finds it so:

1. `video_source` publishes a `VideoInfo` before each image, with that image's stamp and its index in the file.
   The node passes both to `FrameClock.announce`; `FrameClock.index` of that stamp is then exact, whatever was
   dropped, wherever the clip starts, however uneven its frame rate.
2. An image that nobody announced (a live camera) is counted: one more than the image before, from 0.
3. A stamp that lies before the newest one starts a new stream (a bag that plays in a loop), and so does an announced
   index that does not lie after the newest one (a source that was started again). `FrameClock.stream` counts these,
   so that a node knows when to forget its track.

A node that does not subscribe to `image` (the trajectory optimiser) uses the index in the messages that it gets.
"""

from __future__ import annotations

from collections import OrderedDict

REMEMBERED_FRAMES = 1024


class FrameClock:
    """Turns the stamps of an image stream into frame indices. Stamps are integers [ns]."""

    def __init__(self) -> None:
        self._announced: OrderedDict[int, int] = OrderedDict()
        self._newest: tuple[int, int] | None = None
        self.stream = 0
        """How often the stream has started anew."""

    def announce(self, stamp_ns: int, frame_index: int) -> None:
        """Remembers what a `VideoInfo` says about the image with this stamp."""
        self._announced[stamp_ns] = frame_index
        while len(self._announced) > REMEMBERED_FRAMES:
            self._announced.popitem(last=False)

    def index(self, stamp_ns: int) -> int:
        """The frame index of the image with this stamp. Call it for every image, in the order of arrival."""
        newest = self._newest
        if newest is not None and stamp_ns == newest[0]:
            return newest[1]
        index = self._announced.get(stamp_ns)
        if newest is not None and (stamp_ns < newest[0] or (index is not None and index <= newest[1])):
            self.stream, newest = self.stream + 1, None
        if index is None:
            index = 0 if newest is None else newest[1] + 1
        self._newest = (stamp_ns, index)
        return index
