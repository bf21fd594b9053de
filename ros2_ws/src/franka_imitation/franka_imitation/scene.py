"""The simulated workplace: a Panda at a table with one free object, as a MuJoCo model.

The robot's base frame is the frame of the world; the table is its plane z = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import ConvexHull

from franka_imitation.arm_model import arm_spec
from franka_imitation.robot import JOINTS, Robot
from rhov_core.arrays import FloatArray
from rhov_core.config import check_ranges, setting
from rhov_core.object_model import ObjectModel
from rhov_core.pose import make_transform, rotation_from_quaternion

ROBOT_BIT, WORLD_BIT = 2, 1
"""Collision groups: links collide with each other and with the world; table and object with everything."""
OBJECT_BODY = "object"
GHOST_BODY = "ghost"
TCP_SITE = "tcp"
_HAND, _FINGERS = "hand", ("left_finger", "right_finger")
_FRANKA_PAD = ([0.0105, 0.004, 0.0105], 0.0445, [0.0105, 0.0075, 0.0165], 0.0165)
"""Half sides of a pad, its height in the frame of the finger, and the same of the box behind it [m]."""
_GRIPPER_COLOUR = (0.2, 0.2, 0.22, 1.0)
_GRIPPER_STIFFNESS = 8000.0
"""Of the gripper's position loop [N/m]; high enough to reach any force within the gripper's range of width."""
_GRIPPER_DAMPING = 100.0
"""[N s/m], about critical for the fingers' mass."""
_TORSION_RADIUS = 0.008
"""Torsional friction of a pad: two thirds of the radius of a disc of the pad's area [m]."""
_PAD_TIME = 0.005
"""Time constant of the pads' contacts [s]. With MuJoCo's softer default a pad sinks in by a millimetre and a held
object creeps out of the grip by centimetres within seconds."""
_WOOD = (0.72, 0.6, 0.46, 1.0)
_OBJECT_COLOUR = (0.93, 0.68, 0.2, 1.0)
_GHOST_COLOUR = (0.2, 0.75, 0.95, 0.35)
_GHOST_SCALE = 1.03
"""A ghost is a little larger, so that its faces and those of the object do not flicker where they coincide."""


@dataclass(frozen=True)
class SceneConfig:
    """Physics of the simulated workplace."""

    timestep: float = setting(0.002, "step of the simulation [s]", low=1e-4, high=0.005)
    table_friction: float = setting(0.8, "friction coefficient of the table", low=0.05, high=2.0)
    impratio: float = setting(30.0, "ratio of frictional to normal impedance; high values prevent slip", low=1.0)

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True)
class Scene:
    """A compiled model and where the robot and the object are in its state.

    The state `qpos` holds 7 arm joints, 2 finger joints, then the object's position and quaternion (w x y z).
    """

    spec: mujoco.MjSpec
    model: mujoco.MjModel
    robot: Robot
    object_body: int
    tcp_site: int

    @property
    def servo_lag(self) -> FloatArray:
        """(7,) damping over stiffness of the arm's position servos [s].

        A servo that is sent `q + lag * velocity` follows without lag; see `Simulator.command`.
        """
        bias = self.model.actuator_biasprm[:JOINTS]
        return bias[:, 2] / bias[:, 1]

    def set_state(self, data: mujoco.MjData, q: ArrayLike, width: float, T_table_object: FloatArray) -> None:
        """Writes a posture (7,) [rad], a distance of the fingers [m] and the object's pose into `data.qpos`."""
        data.qpos[:JOINTS] = q
        data.qpos[JOINTS : JOINTS + 2] = width / 2
        data.qpos[JOINTS + 2 : JOINTS + 5] = T_table_object[:3, 3]
        mujoco.mju_mat2Quat(data.qpos[JOINTS + 5 : JOINTS + 9], T_table_object[:3, :3].ravel())


def object_poses(qpos: ArrayLike) -> FloatArray:
    """Poses T_table_object (..., 4, 4) in states (..., 16) of a scene."""
    state = np.asarray(qpos, np.float64)
    wxyz = state[..., JOINTS + 5 : JOINTS + 9]
    rotation = rotation_from_quaternion(np.roll(wxyz, -1, axis=-1))
    return make_transform(rotation, state[..., JOINTS + 2 : JOINTS + 5])


def build_scene(
    robot: Robot, object_model: ObjectModel, config: SceneConfig | None = None, *, visual: bool = False
) -> Scene:
    """Compiles the workplace.

    Args:
        robot: Which arm; gives limits, gripper and tool centre point.
        object_model: What stands on the table: convex parts, mass and friction.
        config: Physics.
        visual: Whether to add what only a camera sees: visual meshes, lights, floor and a translucent copy of the
            object on a mocap body named `GHOST_BODY`.

    Returns:
        The scene; the object is at the origin until a state is set.
    """
    config = config or SceneConfig()
    spec = arm_spec(robot)
    spec.modelname = "workplace"
    spec.option.timestep = config.timestep
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = config.impratio
    for key in list(spec.keys):
        spec.delete(key)
    _prepare_links(spec, visual, keep_gripper=robot.gripper.shape is None)
    _add_gripper(spec, robot, object_model.friction, visual)
    _set_limits(spec, robot)
    _add_table(spec, config, visual)
    _add_object(spec, object_model)
    if visual:
        _add_visuals(spec, object_model)
    _remove_unused_meshes(spec)
    model = spec.compile()
    return Scene(spec, model, robot, model.body(OBJECT_BODY).id, model.site(TCP_SITE).id)


def _prepare_links(spec: mujoco.MjSpec, visual: bool, keep_gripper: bool) -> None:
    for body in spec.bodies:
        if body.name == "world":
            continue
        body.gravcomp = 1.0  # a Franka compensates the weight of its own links
        for geom in list(body.geoms):
            if body.name in (_HAND, *_FINGERS) and not keep_gripper:
                spec.delete(geom)
            elif geom.classname.name == "visual":
                if not visual:
                    spec.delete(geom)
            elif body.name in _FINGERS:
                spec.delete(geom)
            else:
                geom.contype, geom.conaffinity = ROBOT_BIT, ROBOT_BIT | WORLD_BIT
                geom.group = 3
    # MuJoCo skips neighbours except those of a body that is fixed to the world.
    spec.add_exclude(name="neighbours", bodyname1="link0", bodyname2="link1")


def _add_gripper(spec: mujoco.MjSpec, robot: Robot, friction: float, visual: bool) -> None:
    """Each finger becomes a flat pad with the friction of the object and a box behind it.

    The many small contacts of the original fingertips make a held object creep.
    """
    shape = robot.gripper.shape
    shown = visual and shape is not None
    shared = {
        "type": mujoco.mjtGeom.mjGEOM_BOX,
        "contype": ROBOT_BIT,
        "conaffinity": ROBOT_BIT | WORLD_BIT,
        "group": 2 if shown else 3,
        "rgba": _GRIPPER_COLOUR,
    }
    pad_size, pad_height, finger_size, finger_height = _FRANKA_PAD
    if shape is not None:
        for number, box in enumerate(shape.palm):
            spec.body(_HAND).add_geom(name=f"palm{number}", pos=box[:3], size=box[3:], **shared)
        pad_size, finger_size = shape.pad.tolist(), shape.finger.tolist()
        pad_height = float(robot.tcp_from_hand[2] - spec.body(_FINGERS[0]).pos[2])
        finger_height = pad_height + pad_size[2] - finger_size[2]
    for name in _FINGERS:
        body = spec.body(name)
        pad = body.add_geom(name=f"{name}_pad", size=pad_size, pos=[0, pad_size[1], pad_height], **shared)
        pad.friction = [friction, friction * _TORSION_RADIUS, 1e-4]
        pad.condim, pad.priority = 4, 1
        pad.solref[0], pad.solimp[:3] = _PAD_TIME, [0.95, 0.99, 0.001]
        behind = [0, 2 * pad_size[1] + finger_size[1], finger_height]
        body.add_geom(name=f"{name}_body", size=finger_size, pos=behind, **shared)


def _set_limits(spec: mujoco.MjSpec, robot: Robot) -> None:
    for i in range(JOINTS):
        bounds = [robot.limits.lower[i], robot.limits.upper[i]]
        spec.joint(f"joint{i + 1}").range = bounds
        spec.actuator(f"actuator{i + 1}").ctrlrange = [bounds[0] - 0.5, bounds[1] + 0.5]  # room for feed-forward
    for name in ("finger_joint1", "finger_joint2"):
        spec.joint(name).range = [0.0, robot.gripper.max_width / 2]
    gripper = spec.actuator("actuator8")  # controls half the width [m], see Simulator.command
    gripper.gainprm[0] = _GRIPPER_STIFFNESS
    gripper.biasprm[:3] = [0.0, -_GRIPPER_STIFFNESS, -_GRIPPER_DAMPING]
    gripper.ctrlrange = [0.0, robot.gripper.max_width / 2]
    gripper.forcerange = [-2 * robot.gripper.max_force, 2 * robot.gripper.max_force]
    spec.body("hand").add_site(name=TCP_SITE, pos=robot.tcp_from_hand)


def _add_table(spec: mujoco.MjSpec, config: SceneConfig, visual: bool) -> None:
    table = spec.worldbody.add_geom(name="table", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[1.5, 1.5, 0.1])
    table.contype, table.conaffinity = WORLD_BIT, ROBOT_BIT | WORLD_BIT
    table.friction = [config.table_friction, 0.005, 1e-4]
    table.rgba = _WOOD
    table.group = 0 if visual else 3


def _add_object(spec: mujoco.MjSpec, model: ObjectModel) -> None:
    parts = model.convex_parts()
    body = spec.worldbody.add_body(name=OBJECT_BODY)
    body.add_freejoint(name="object_free")
    for i, (vertices, faces) in enumerate(parts):
        _add_mesh(spec, f"object_part{i}", vertices, faces)
        geom = body.add_geom(name=f"object_part{i}", type=mujoco.mjtGeom.mjGEOM_MESH, meshname=f"object_part{i}")
        geom.contype, geom.conaffinity = WORLD_BIT, ROBOT_BIT | WORLD_BIT
        geom.friction = [model.friction, 0.005, 1e-4]
        geom.condim, geom.group = 4, 3
    volume = sum(_hull_volume(vertices) for vertices, _ in parts)
    for geom in body.geoms:
        geom.density = model.mass / volume


def _hull_volume(vertices: FloatArray) -> float:
    return float(ConvexHull(vertices).volume)


def _add_mesh(spec: mujoco.MjSpec, name: str, vertices: ArrayLike, faces: ArrayLike) -> None:
    mesh = spec.add_mesh(name=name)
    mesh.uservert = np.asarray(vertices, np.float32).ravel()
    mesh.userface = np.asarray(faces, np.int32).ravel()


def _add_visuals(spec: mujoco.MjSpec, model: ObjectModel) -> None:
    seen = model.simplified(4000)
    _add_mesh(spec, "object_visual", seen.vertices, seen.faces)
    look = {"type": mujoco.mjtGeom.mjGEOM_MESH, "meshname": "object_visual", "contype": 0, "conaffinity": 0, "group": 2}
    spec.body(OBJECT_BODY).add_geom(name="object_visual", rgba=_OBJECT_COLOUR, mass=0, **look)
    centre = seen.vertices.mean(axis=0)
    _add_mesh(spec, "ghost_visual", centre + _GHOST_SCALE * (seen.vertices - centre), seen.faces)
    ghost = spec.worldbody.add_body(name=GHOST_BODY, mocap=True)
    ghost.add_geom(name="ghost_visual", rgba=_GHOST_COLOUR, **{**look, "meshname": "ghost_visual"})
    for light in list(spec.lights):
        spec.delete(light)
    lamp = spec.worldbody.add_light(name="lamp", pos=[1.0, -1.4, 2.6], dir=[-0.5, 1.3, -2.4], castshadow=True)
    lamp.type, lamp.cutoff, lamp.exponent = mujoco.mjtLightType.mjLIGHT_SPOT, 60.0, 1.0
    lamp.diffuse, lamp.specular = [0.6, 0.6, 0.58], [0.15, 0.15, 0.15]
    spec.visual.headlight.ambient, spec.visual.headlight.diffuse = [0.35, 0.35, 0.36], [0.3, 0.3, 0.3]
    spec.visual.headlight.specular = [0.05, 0.05, 0.05]
    spec.visual.quality.shadowsize = 512
    spec.visual.quality.offsamples = 0
    spec.visual.global_.offwidth, spec.visual.global_.offheight = 1280, 960
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.92, 0.94, 0.97],
        rgb2=[0.55, 0.6, 0.68],
        width=64,
        height=384,
    )


def _remove_unused_meshes(spec: mujoco.MjSpec) -> None:
    used = {geom.meshname for geom in spec.geoms if geom.meshname}
    for mesh in list(spec.meshes):
        if (mesh.name or Path(mesh.file).stem) not in used:
            spec.delete(mesh)
