"""Where the arm's links are during a motion: the tool inside its box, nothing near the table, no link near another."""

from __future__ import annotations

import mujoco
import numpy as np

from franka_imitation.arm_model import arm_spec
from franka_imitation.robot import JOINTS, Robot
from franka_imitation.safety.motion import JointMotion
from franka_imitation.safety.refusal import Refusal
from franka_imitation.scene import TCP_SITE
from rhov_core.arrays import FloatArray
from rhov_core.pose import make_transform

_LARGEST_STEP = 0.03
"""Between two postures that are looked at, of any joint [rad]; 3 cm at full reach."""
_SEEN_DISTANCE = 0.02
"""Distances below this are computed [m]."""
_TABLE = "table"


class ArmGeometry:
    """The links of the arm with its gripper fully open, over the table z = 0 of the base frame.

    Args:
        robot: Gives the tool centre point and the opening of the gripper.
    """

    def __init__(self, robot: Robot) -> None:
        self._model = _arm_model(robot)
        self._data = mujoco.MjData(self._model)
        self._data.qpos[JOINTS:] = robot.gripper.max_width / 2

    def tools(self, positions: FloatArray) -> FloatArray:
        """Poses T_base_tcp (N, 4, 4) of the tool centre point at postures (N, 7) [rad]."""
        return np.array([self._tool(q) for q in positions]).reshape(-1, 4, 4)

    def closest(self, q: FloatArray) -> dict[tuple[str, str], float]:
        """Distances [m] of the pairs of bodies that come near each other or the table at a posture (7,).

        Returns:
            For each pair of names, in alphabetical order; the table is "table". Negative: they overlap.
        """
        self._data.qpos[:JOINTS] = q
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_comPos(self._model, self._data)
        mujoco.mj_collision(self._model, self._data)
        found: dict[tuple[str, str], float] = {}
        for contact in self._data.contact:
            a, b = sorted(self._name(geom) for geom in contact.geom)
            found[a, b] = min(float(contact.dist), found.get((a, b), np.inf))
        return found

    def _tool(self, q: FloatArray) -> FloatArray:
        self._data.qpos[:JOINTS] = q
        mujoco.mj_kinematics(self._model, self._data)
        site = self._data.site(TCP_SITE)
        return make_transform(site.xmat.reshape(3, 3), site.xpos)

    def _name(self, geom: int) -> str:
        body = int(self._model.geom_bodyid[geom])
        return _TABLE if body == 0 else self._model.body(body).name


def outside_workspace(motion: JointMotion, geometry: ArmGeometry, low: FloatArray, high: FloatArray) -> Refusal | None:
    """Where the tool leaves its box most, or None.

    Args:
        motion: With finite values and increasing times.
        geometry: Of the arm.
        low: (3,) corner of the box in the base frame [m].
        high: (3,) the other corner [m].
    """
    times, postures = between(motion)
    tool = geometry.tools(postures)[:, :3, 3]
    margins = np.minimum(tool - low, high - tool)
    if margins.min() >= 0:
        return None
    i, axis = np.unravel_index(int(np.argmin(margins)), margins.shape)
    value, time = tool[i, axis], float(times[i])
    sentence = (
        f"The tool centre point at {time:.3f} s: its {'xyz'[axis]} is {value:.3f} m, "
        f"outside the workspace of {low[axis]:g} to {high[axis]:g} m by {-margins[i, axis]:.3f} m."
    )
    return Refusal("workspace", sentence, None, time, float(margins[i, axis]))


def too_close(motion: JointMotion, geometry: ArmGeometry, table: float, itself: float) -> list[Refusal]:
    """Where the arm comes too close to the table or to itself, each at its worst place.

    Args:
        motion: With finite values and increasing times.
        geometry: Of the arm.
        table: Distance to keep from the table [m].
        itself: Distance to keep between links [m].
    """
    worst: dict[str, tuple[float, float, float, tuple[str, str]]] = {}
    for time, q in zip(*between(motion), strict=True):
        for pair, distance in geometry.closest(q).items():
            rule, kept = ("table", table) if _TABLE in pair else ("self_collision", itself)
            margin = distance - kept
            if margin < worst.get(rule, (0.0,))[0]:
                worst[rule] = (margin, float(time), distance, pair)
    out = []
    for rule, (margin, time, distance, pair) in worst.items():
        body, other = (name for name in sorted(pair, key=lambda name: name == _TABLE))
        sentence = f"{body} at {time:.3f} s: it is {distance:.4f} m from {other}, {-margin:.4f} m closer than allowed."
        out.append(Refusal(rule, sentence, body, time, margin))
    return out


def between(motion: JointMotion) -> tuple[FloatArray, FloatArray]:
    """Times (M,) and postures (M, 7) so close to each other that no link passes through anything between them."""
    times, postures = [motion.times[:1]], [motion.positions[:1]]
    for i in range(1, len(motion.times)):
        way = motion.positions[i] - motion.positions[i - 1]
        count = max(1, int(np.ceil(np.abs(way).max() / _LARGEST_STEP)))
        s = np.arange(1, count + 1) / count
        times.append(motion.times[i - 1] + s * (motion.times[i] - motion.times[i - 1]))
        postures.append(motion.positions[i - 1] + s[:, None] * way)
    all_times, all_postures = np.concatenate(times), np.concatenate(postures)
    keep = [0]
    for i in range(1, len(all_times)):
        if np.abs(all_postures[i] - all_postures[keep[-1]]).max() > _LARGEST_STEP / 2 or i == len(all_times) - 1:
            keep.append(i)
    return all_times[keep], all_postures[keep]


def _arm_model(robot: Robot) -> mujoco.MjModel:
    spec = arm_spec(robot)
    for key in list(spec.keys):
        spec.delete(key)
    for body in spec.bodies:
        for geom in list(body.geoms):
            if geom.contype == 0 or geom.classname.name == "visual":
                spec.delete(geom)
            else:
                # The base stands on the table.
                geom.contype, geom.conaffinity = (2, 2) if body.name == "link0" else (2, 3)
                geom.margin = _SEEN_DISTANCE
    spec.worldbody.add_geom(
        name=_TABLE, type=mujoco.mjtGeom.mjGEOM_PLANE, size=[2, 2, 0.1], contype=1, conaffinity=0, margin=_SEEN_DISTANCE
    )
    spec.add_exclude(bodyname1="link0", bodyname2="link1")  # MuJoCo leaves out neighbours, but not of a fixed link
    spec.body("hand").add_site(name=TCP_SITE, pos=robot.tcp_from_hand)
    return spec.compile()
