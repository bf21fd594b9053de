"""What the trajectory optimiser publishes for each frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from geometry_msgs.msg import PoseStamped, PoseWithCovarianceStamped
from nav_msgs.msg import Path as PathMsg
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rhov_msgs.msg import HandObjectTrajectory as HandObjectTrajectoryMsg
from rhov_msgs.msg import ObjectEstimate as ObjectEstimateMsg
from rhov_msgs.msg import TrackingEvent
from std_msgs.msg import ColorRGBA, Header
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import Marker, MarkerArray

from rhov_core.arrays import FloatArray
from rhov_core.cues import HandEstimate
from rhov_core.messages import object_estimate_to_msg, pose_to_msg, trajectory_to_msg, transform_to_msg
from rhov_core.nodes import QOS_OVERRIDES, estimate_qos, latched_qos, stream_qos
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.pose import exp_rotation, make_transform
from rhov_core.trajectory import HandObjectTrajectory, ObjectState

QUEUE = 50
"""Messages kept for a slow receiver."""
_COLOUR = ColorRGBA(r=0.9, g=0.6, b=0.2, a=0.8)
_LOST_COLOUR = ColorRGBA(r=0.6, g=0.6, b=0.6, a=0.4)


class Outputs:
    """The publishers of the node.

    Args:
        node: The node.
        object_name: Name of the object; its frame is `object_<name>`.
        mesh: The mesh file, for the marker.
        unit: Unit of the mesh file [m].
    """

    def __init__(self, node: Node, object_name: str, mesh: Path, unit: float) -> None:
        self._name, self._mesh, self._unit = object_name, mesh.resolve().as_uri(), unit
        self._frame_id = "object_" + "".join(c if c.isalnum() else "_" for c in object_name)
        stream, estimates, latched = stream_qos(depth=QUEUE), estimate_qos(), latched_qos()

        def publisher(kind: type, topic: str, qos: QoSProfile) -> Publisher:
            return node.create_publisher(kind, topic, qos, qos_overriding_options=QOS_OVERRIDES)

        self._estimate = publisher(ObjectEstimateMsg, "object_estimate", estimates)
        self._pose = publisher(PoseWithCovarianceStamped, "object_pose", estimates)
        self._tf = publisher(TFMessage, "/tf", stream_qos(depth=100))
        self._markers = publisher(MarkerArray, "object_markers", stream)
        self._events = publisher(TrackingEvent, "events", estimates)
        self._trajectory = publisher(HandObjectTrajectoryMsg, "trajectory", latched)
        self._path = publisher(PathMsg, "object_path", latched)

    def estimate(self, estimate: ObjectEstimate, header: Header, hand: HandEstimate | None) -> None:
        """Publishes one frame: the estimate always, pose and transforms where they are known."""
        message = object_estimate_to_msg(estimate, self._name, header)
        transforms = []
        if estimate.state != ObjectState.LOST:
            self._pose.publish(PoseWithCovarianceStamped(header=header, pose=message.pose))
            transforms.append(transform_to_msg(estimate.T_camera_object, header, self._frame_id))
        if hand is not None:
            wrist = make_transform(exp_rotation(hand.pose[:3]), hand.joints[0])
            transforms.append(transform_to_msg(wrist, header, f"hand_{hand.side}"))
        if transforms:
            self._tf.publish(TFMessage(transforms=transforms))
        if self._markers.get_subscription_count():
            self._markers.publish(MarkerArray(markers=[self._mesh_marker(estimate, header)]))
        self._estimate.publish(message)

    def event(self, kind: int, header: Header, frame_index: int, detail: str) -> None:
        """Publishes an event.

        Args:
            kind: A constant of `TrackingEvent`.
            header: Of the frame.
            frame_index: Of the frame.
            detail: One sentence for a person.
        """
        message = TrackingEvent(
            header=header, type=kind, frame_index=frame_index, object_name=self._name, detail=detail
        )
        self._events.publish(message)

    def trajectory(self, trajectory: HandObjectTrajectory, header: Header, *, final: bool) -> HandObjectTrajectoryMsg:
        """Publishes a window or the whole clip, and returns its message."""
        message = trajectory_to_msg(trajectory, header, final=final)
        self._trajectory.publish(message)
        return message

    def path(self, poses: Sequence[tuple[Header, FloatArray]]) -> None:
        """Publishes where the object was: headers and transforms (4, 4)."""
        if poses:
            stamped = [PoseStamped(header=header, pose=pose_to_msg(T)) for header, T in poses]
            self._path.publish(PathMsg(header=poses[-1][0], poses=stamped))

    def _mesh_marker(self, estimate: ObjectEstimate, header: Header) -> Marker:
        lost = estimate.state == ObjectState.LOST
        marker = Marker(header=header, ns=self._frame_id, type=Marker.MESH_RESOURCE, action=Marker.ADD)
        marker.pose = pose_to_msg(estimate.T_camera_object)
        marker.scale.x = marker.scale.y = marker.scale.z = self._unit
        marker.color = _LOST_COLOUR if lost else _COLOUR
        marker.mesh_resource = self._mesh
        return marker
