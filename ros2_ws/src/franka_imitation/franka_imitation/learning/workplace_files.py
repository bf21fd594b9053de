"""A workplace as files that a worker reads: workplace.json, the compiled MuJoCo model, the object as URDF."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import mujoco
import numpy as np

from franka_imitation.learning.workers.protocol import DESCRIPTION, VERSION
from franka_imitation.robot import JOINTS
from franka_imitation.scene import Scene, SceneConfig
from rhov_core.arrays import FloatArray
from rhov_core.files import write_json
from rhov_core.mesh.mesh_file import write_obj
from rhov_core.object_model import ObjectModel

MODEL, OBJECT = "scene.mjb", "object.urdf"


def write_workplace(
    folder: Path, scene: Scene, object_model: ObjectModel, count: int, substeps: int, threads: int
) -> None:
    """Writes all that a worker needs to know.

    Args:
        folder: Where.
        scene: As it is simulated in MuJoCo.
        object_model: The object of the scene.
        count: How many workplaces.
        substeps: Of the physics in a control period.
        threads: Of the simulator, where it has a choice.
    """
    model, robot = scene.model, scene.robot
    mujoco.mj_saveModel(model, str(folder / MODEL), None)
    _write_object(folder, scene, object_model)
    arm = slice(0, JOINTS)
    content = {
        "version": VERSION,
        "count": count,
        "substeps": substeps,
        "threads": threads,
        "mujoco": MODEL,
        "object": {"urdf": OBJECT, "mass": object_model.mass, "friction": object_model.friction},
        "table_friction": SceneConfig().table_friction,
        "gripper": {"max_speed": robot.gripper.max_speed, "max_force": robot.gripper.max_force},
        "arm": {
            "stiffness": model.actuator_gainprm[arm, 0],
            "damping": -model.actuator_biasprm[arm, 2],
            "torque": model.actuator_forcerange[arm, 1],
            "armature": model.dof_armature[arm],
            "lower": robot.limits.lower,
            "upper": robot.limits.upper,
            "velocity": robot.limits.velocity,
        },
    }
    write_json(folder / DESCRIPTION, content)


def _write_object(folder: Path, scene: Scene, object_model: ObjectModel) -> None:
    """One link with a collision mesh for each convex part; mass and inertia are those of the compiled scene."""
    model, body = scene.model, scene.object_body
    turn = np.zeros(9)
    mujoco.mju_quat2Mat(turn, model.body_iquat[body])
    axes = turn.reshape(3, 3)
    inertia = axes @ np.diag(model.body_inertia[body]) @ axes.T
    root = ElementTree.Element("robot", name="object")
    link = ElementTree.SubElement(root, "link", name="object")
    inertial = ElementTree.SubElement(link, "inertial")
    ElementTree.SubElement(inertial, "origin", xyz=_numbers(model.body_ipos[body]), rpy="0 0 0")
    ElementTree.SubElement(inertial, "mass", value=_numbers(model.body_mass[body : body + 1]))
    entries = {f"i{a}{b}": inertia["xyz".index(a), "xyz".index(b)] for a, b in ("xx", "xy", "xz", "yy", "yz", "zz")}
    ElementTree.SubElement(inertial, "inertia", {name: f"{value:.9g}" for name, value in entries.items()})
    for i, (vertices, faces) in enumerate(object_model.convex_parts()):
        name = f"object_part{i}.obj"
        write_obj(folder / name, vertices, faces)
        for kind in ("visual", "collision"):
            geometry = ElementTree.SubElement(ElementTree.SubElement(link, kind), "geometry")
            ElementTree.SubElement(geometry, "mesh", filename=name)
    ElementTree.ElementTree(root).write(folder / OBJECT)


def _numbers(values: FloatArray) -> str:
    return " ".join(f"{value:.9g}" for value in values)
