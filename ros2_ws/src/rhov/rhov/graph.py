"""The running system: which nodes there are, with which parameters, under which conditions.

This is the only list of nodes. The launch files turn it into `launch_ros` nodes, `rhov pipeline` and the demo
into processes (see `supervisor.py`), so both run the same system.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rhov_core.camera import Camera
from rhov_core.config import check_ranges, setting
from rhov_core.errors import InputError

PATIENCE = 300.0
"""In lockstep nodes wait for one another this long [s]: the first frames take minutes where kernels are compiled."""
PARTS = ("perception", "optimizer", "imitation", "replay", "coordination")


@dataclass(frozen=True)
class PipelineArguments:
    """Arguments of the launch files and of `rhov pipeline`."""

    video: str = setting("", "video file to reconstruct; empty: images come from a topic `image` of another node")
    mesh: str = setting("", "mesh of the object, in metres (.obj, .stl, .ply, .glb)")
    camera: str = setting("", "ROS camera_info YAML; empty: use `focal`")
    focal: float = setting(0.0, "focal length [pixel]; 0: guess 1.2 times the larger image side", low=0.0)
    box: str = setting("", "box around the object in the first frame: x,y,width,height [pixel]")
    start: int = setting(0, "first frame of the video", low=0)
    count: int = setting(0, "number of frames; 0: all", low=0)
    lockstep: int = setting(2, "frames in flight before the source waits for estimates; 0: play at video rate", low=0)
    out: str = setting("out/pipeline", "folder for the results")
    imitate: bool = setting(True, "plan and simulate a robot motion after the reconstruction")
    replay: bool = setting(True, "send the motion to the robot's trajectory controller")
    method: str = setting("plan", "how the robot motion is found: plan or train")
    robot: str = setting("panda", "robot description: panda or fr3")
    simulate: bool = setting(True, "start the simulated controller; false: a real one is already running")
    controller: str = setting("arm_controller", "name of the joint trajectory controller")
    speed: float = setting(0.0, "fraction of the planned speed; 0: 1 in simulation, 0.2 on a robot", low=0.0, high=1.0)
    time_scale: float = setting(
        0.0, "simulated seconds per second of the simulated controller; 0: as fast as possible", low=0.0
    )
    namespace: str = setting("rhov", "ROS namespace of all nodes")
    bag: bool = setting(True, "record the topics to an MCAP bag in the output folder")
    rviz: bool = setting(False, "start RViz with the configuration of this package")
    use_sim_time: bool = setting(False, "take the time from /clock")

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.method not in ("plan", "train"):
            raise InputError(f"method is '{self.method}'", "plan or train", "set method:=plan")
        parse_box(self.box)


def parse_box(text: str) -> list[int]:
    """Numbers of a box written `x,y,width,height` [pixel]; an empty list of an empty text.

    Raises:
        InputError: If the text is not four integers with positive width and height.
    """
    if not text.strip():
        return []
    accepted, todo = "x,y,width,height in pixels", "give for example --box 120,80,200,160"
    try:
        numbers = [round(float(part)) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"the box is '{text}'", accepted, todo) from error
    if len(numbers) != 4 or numbers[2] <= 0 or numbers[3] <= 0:
        raise InputError(f"the box is '{text}'", accepted, todo)
    return numbers


@dataclass(frozen=True)
class NodeSpec:
    """One node of the system."""

    package: str
    executable: str
    part: str
    """One of `PARTS`."""
    parameters: dict[str, Any] = field(default_factory=dict)
    python: bool = True
    """Whether it runs as `python -m <package>.nodes.<executable>`; otherwise only under `ros2 launch`."""
    terminal: bool = False
    """Whether it may write to the user's terminal; its end is the end of the run."""

    @property
    def name(self) -> str:
        """Name of the node."""
        return self.executable


def build_graph(arguments: PipelineArguments, parts: tuple[str, ...] = PARTS) -> list[NodeSpec]:
    """The nodes of the requested parts.

    Args:
        arguments: What the user asked for.
        parts: A subset of `PARTS`.

    Returns:
        Nodes in the order in which they should be started.

    Raises:
        InputError: If a part is unknown or an argument that it needs is missing.
    """
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise InputError(f"'{unknown[0]}' is no part of the system", ", ".join(PARTS), "correct the name")
    if not arguments.mesh and set(parts) & {"optimizer", "coordination"}:
        raise InputError("no mesh was given", "a mesh file in metres", "give mesh:=PATH")
    nodes = [*_perception(arguments), *_optimizer(arguments), *_robot(arguments), *_coordination(arguments)]
    common = {"use_sim_time": True} if arguments.use_sim_time else {}
    return [
        NodeSpec(n.package, n.executable, n.part, {**n.parameters, **common}, n.python, n.terminal)
        for n in nodes
        if n.part in parts
    ]


def _perception(a: PipelineArguments) -> list[NodeSpec]:
    source: dict[str, Any] = {
        "video_path": a.video,
        "camera_file": a.camera,
        "focal": a.focal,
        "start": a.start,
        "count": a.count,
        "lockstep": a.lockstep,
    }
    cues: dict[str, Any] = {"box": parse_box(a.box)} if a.box else {}
    if a.video and a.lockstep:  # nothing is in a hurry: wait, so that the result does not depend on the machine's speed
        source |= {"subscribers": 2, "lockstep_timeout": 2 * PATIENCE}
        cues |= {"hand_timeout": PATIENCE, "estimate_timeout": PATIENCE}
    nodes = [
        NodeSpec("rhov_perception", "hand_estimator", "perception"),
        NodeSpec("rhov_perception", "object_estimator", "perception", cues),
    ]
    return [NodeSpec("rhov_perception", "video_source", "perception", source), *nodes] if a.video else nodes


def _optimizer(a: PipelineArguments) -> list[NodeSpec]:
    parameters: dict[str, Any] = {"mesh_file_path": a.mesh}
    if a.video:
        parameters["joint.focal_sigma"] = Camera.focal_sigma(a.camera, a.focal)
    if a.video and a.lockstep:
        parameters |= {"hand_timeout": PATIENCE, "segment_timeout": PATIENCE, "stall_timeout": 2 * PATIENCE}
        parameters["every_frame"] = True
    return [NodeSpec("rhov_optimizer", "trajectory_optimizer", "optimizer", parameters)]


def _robot(a: PipelineArguments) -> list[NodeSpec]:
    nodes = []
    if a.imitate:
        # the replay on the simulated robot makes the video
        imitation = {"robot": a.robot, "method": a.method, "video": not (a.replay and a.simulate)}
        nodes.append(NodeSpec("franka_imitation", "imitation", "imitation", imitation))
    if a.imitate and a.replay:
        common = {"robot": a.robot, "controller": a.controller, "mesh_file_path": a.mesh}
        # a simulation that runs as fast as it can is over before a correction arrives
        watched = not a.simulate or a.time_scale > 0
        replay = {**common, "speed": a.speed, "simulated": a.simulate, "feedback": watched}
        nodes.append(NodeSpec("franka_imitation", "replay", "replay", replay))
        if a.simulate:
            controller = {**common, "time_scale": a.time_scale}
            nodes.append(NodeSpec("franka_imitation", "trajectory_controller", "replay", controller))
    return nodes


def _coordination(a: PipelineArguments) -> list[NodeSpec]:
    coordinator = {
        "video_path": a.video,
        "mesh_file_path": a.mesh,
        "camera_file": a.camera,
        "focal": a.focal,
        "output_directory": a.out,
        "method": a.method,
        "speed": a.speed,
        "imitate": a.imitate,
        "replay": a.imitate and a.replay,
    }
    nodes = [NodeSpec("rhov", "coordinator", "coordination", coordinator, terminal=True)]
    if a.bag:
        nodes.insert(0, NodeSpec("rhov", "bag_recorder", "coordination", {"path": str(Path(a.out) / "bag")}))
    if a.rviz:
        nodes.append(NodeSpec("rviz2", "rviz2", "coordination", python=False))
    return nodes
