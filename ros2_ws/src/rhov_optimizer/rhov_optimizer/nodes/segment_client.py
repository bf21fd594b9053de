"""The object estimator's segmentation, called through its service."""

from __future__ import annotations

import threading
import time

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rhov_msgs.srv import SegmentObject
from std_msgs.msg import Header

from rhov_core.arrays import BoolArray
from rhov_core.errors import InputError
from rhov_core.messages import mask_from_msg, mask_to_msg

FIND_TIMEOUT = 10.0
"""How long the service is looked for at most [s]."""
ASK_PERIOD = 0.5
"""How often it is asked at first whether its answers arrive [s]."""


class _NoMaskError(Exception):
    """The service gave no mask; the message says why."""


class SegmentClient:
    """An `ObjectSegmenter` behind the service `segment_object`. Call it from a thread that may block.

    Args:
        node: The node; its executor needs a thread more than those that call.
        timeout: How long to wait for an answer [s].
    """

    def __init__(self, node: Node, timeout: float) -> None:
        self._node, self._timeout = node, timeout
        self._client = node.create_client(SegmentObject, "segment_object", callback_group=ReentrantCallbackGroup())
        self._found = False
        self._said: set[str] = set()

    def segment(self, frame_index: int, silhouette: BoolArray, band: int) -> BoolArray | None:
        """See `ObjectSegmenter`; None, said once, if there is no mask in time."""
        request = SegmentObject.Request(
            frame_index=frame_index, silhouette=mask_to_msg(silhouette, Header()), band=band
        )
        try:
            mask = mask_from_msg(self._call(request).mask)
            if mask is None or mask.shape != silhouette.shape:
                raise _NoMaskError("its mask is not of the size of the image")
            return mask
        except (_NoMaskError, InputError) as error:
            self._say_once(str(error))
            return None

    def _find(self) -> None:
        """Waits once until answers arrive: nodes take time to find each other. An empty request is only refused."""
        self._found = True
        if not self._client.wait_for_service(min(self._timeout, FIND_TIMEOUT)):
            return
        heard, end = threading.Event(), time.monotonic() + self._timeout
        while not heard.is_set() and time.monotonic() < end:
            self._client.call_async(SegmentObject.Request()).add_done_callback(lambda _: heard.set())
            heard.wait(ASK_PERIOD)

    def _call(self, request: SegmentObject.Request) -> SegmentObject.Response:
        if not self._found:
            self._find()
        if not self._client.service_is_ready():
            raise _NoMaskError("no node offers it")
        answered = threading.Event()
        future = self._client.call_async(request)
        future.add_done_callback(lambda _: answered.set())
        if not answered.wait(self._timeout):
            self._client.remove_pending_request(future)
            raise _NoMaskError(f"it has not answered within {self._timeout:g} s")
        response = future.result()
        if response is None or not response.success:
            raise _NoMaskError("it refused" if response is None else f"it refused: {response.message}")
        return response

    def _say_once(self, reason: str) -> None:
        kind = reason.split(":", maxsplit=1)[0]
        if kind not in self._said:
            self._said.add(kind)
            self._node.get_logger().warning(
                f"The service 'segment_object' gives no mask ({reason}); the mask in the cues is used. "
                "Further failures of this kind are not logged."
            )
