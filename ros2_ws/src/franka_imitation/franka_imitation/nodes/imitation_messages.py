"""What the imitation node sends: the plan as messages."""

from __future__ import annotations

from array import array
from pathlib import Path

from geometry_msgs.msg import Point, PoseStamped
from nav_msgs.msg import Path as PathMsg
from rhov_msgs.action import Imitate
from std_msgs.msg import ColorRGBA, Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from visualization_msgs.msg import Marker, MarkerArray

from franka_imitation.motion_plan import MotionPlan
from franka_imitation.result import ImitationResult
from rhov_core.arrays import FloatArray
from rhov_core.messages import pose_to_msg, time_to_msg

_START_COLOUR = ColorRGBA(r=0.93, g=0.68, b=0.2, a=0.9)
_GHOST_COLOUR = ColorRGBA(r=0.2, g=0.75, b=0.95, a=0.4)
_LINE_COLOUR = ColorRGBA(r=0.2, g=0.75, b=0.95, a=1.0)
_NANO = 1_000_000_000


def result_to_msg(result: ImitationResult, header: Header) -> Imitate.Result:
    """The action's result.

    Args:
        result: What was found.
        header: The robot's base frame.
    """
    report = result.report
    return Imitate.Result(
        success=result.success,
        message=result.sentence(),
        fraction_matched=float(report["fraction_matched"]),
        position_error=float(report["position_error_m"]),
        rotation_error=float(report["rotation_error_rad"]),
        joint_trajectory=joint_trajectory_to_msg(result.plan, header),
        gripper_widths=array("d", result.plan.gripper_width.tobytes()),
        table_from_camera=pose_to_msg(result.plan.T_table_camera),
    )


def joint_trajectory_to_msg(plan: MotionPlan, header: Header) -> JointTrajectory:
    """Positions and velocities of a plan; a header stamp of 0 would mean to start at once."""
    points = []
    for time, q, velocity in zip(plan.time, plan.q, plan.velocity, strict=True):
        point = JointTrajectoryPoint(positions=array("d", q.tobytes()), velocities=array("d", velocity.tobytes()))
        nanoseconds = round(time * _NANO)
        point.time_from_start.sec, point.time_from_start.nanosec = nanoseconds // _NANO, nanoseconds % _NANO
        points.append(point)
    return JointTrajectory(header=header, joint_names=list(plan.joint_names), points=points)


def path_to_msg(plan: MotionPlan, header: Header) -> PathMsg:
    """Where the object should be; stamps are times from the start of the plan."""
    poses = [
        PoseStamped(header=Header(frame_id=header.frame_id, stamp=time_to_msg(float(due))), pose=pose_to_msg(T))
        for due, T in zip(plan.frame_due, plan.T_table_object, strict=True)
    ]
    return PathMsg(header=header, poses=poses)


def markers_to_msg(plan: MotionPlan, header: Header, mesh: Path, scale: float) -> MarkerArray:
    """The object where it stands before the motion and where the demonstration begins, and its path.

    Args:
        plan: The motion.
        header: The robot's base frame.
        mesh: The object's mesh file.
        scale: Size of the object in units of the mesh file.
    """
    start = _mesh_marker(header, 0, plan.T_table_object_start, mesh, scale, _START_COLOUR)
    first = _mesh_marker(header, 1, plan.T_table_object[0], mesh, scale, _GHOST_COLOUR)
    line = Marker(header=header, ns="imitation", id=2, type=Marker.LINE_STRIP, action=Marker.ADD, color=_LINE_COLOUR)
    line.scale.x = 0.004
    line.pose.orientation.w = 1.0
    line.points = [Point(x=x, y=y, z=z) for x, y, z in plan.T_table_object[:, :3, 3].tolist()]
    return MarkerArray(markers=[start, first, line])


def _mesh_marker(header: Header, number: int, T: FloatArray, mesh: Path, scale: float, colour: ColorRGBA) -> Marker:
    marker = Marker(header=header, ns="imitation", id=number, type=Marker.MESH_RESOURCE, action=Marker.ADD)
    marker.pose, marker.color = pose_to_msg(T), colour
    marker.scale.x = marker.scale.y = marker.scale.z = scale
    marker.mesh_resource = mesh.resolve().as_uri()
    return marker
