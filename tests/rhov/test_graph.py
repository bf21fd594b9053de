"""The list of nodes, its arguments and their translation for launch files."""

import ast
import dataclasses
from pathlib import Path

import pytest

from rhov.graph import PARTS, PipelineArguments, build_graph, parse_box
from rhov.launch_file import parse_arguments
from rhov_core.camera import GUESS_SIGMA
from rhov_core.errors import InputError

ROOT = Path(__file__).parents[2]


def names(arguments, parts=PARTS):
    return [spec.name for spec in build_graph(arguments, parts)]


def test_everything_is_started_by_default():
    assert set(names(PipelineArguments(video="v.mp4", mesh="m.obj"))) == {
        "video_source",
        "hand_estimator",
        "object_estimator",
        "trajectory_optimizer",
        "imitation",
        "replay",
        "trajectory_controller",
        "bag_recorder",
        "coordinator",
    }


def test_conditions():
    base = PipelineArguments(video="v.mp4", mesh="m.obj")
    assert "video_source" not in names(dataclasses.replace(base, video=""))
    assert "trajectory_controller" not in names(dataclasses.replace(base, simulate=False))
    assert not {"imitation", "replay", "trajectory_controller"} & set(names(dataclasses.replace(base, imitate=False)))
    assert not {"replay", "trajectory_controller"} & set(names(dataclasses.replace(base, replay=False)))
    assert "rviz2" in names(dataclasses.replace(base, rviz=True))
    assert "bag_recorder" not in names(dataclasses.replace(base, bag=False))


def test_parts_are_disjoint_and_complete():
    arguments = PipelineArguments(video="v.mp4", mesh="m.obj", rviz=True)
    together = [name for part in PARTS for name in names(arguments, (part,))]
    assert sorted(together) == sorted(names(arguments))
    assert sum(spec.terminal for spec in build_graph(arguments)) == 1


def test_use_sim_time_reaches_every_node():
    for spec in build_graph(PipelineArguments(video="v.mp4", mesh="m.obj", use_sim_time=True)):
        assert spec.parameters["use_sim_time"] is True


def test_in_lockstep_the_source_waits_longer_than_those_whom_it_waits_for():
    """Otherwise frames pile up where the first one takes long, and frames without hand or mask are tracked."""
    nodes = {spec.name: spec.parameters for spec in build_graph(PipelineArguments(video="v.mp4", mesh="m.obj"))}
    source, cues, optimizer = (nodes[n] for n in ("video_source", "object_estimator", "trajectory_optimizer"))
    for waiting in (cues["hand_timeout"], cues["estimate_timeout"], optimizer["hand_timeout"]):
        assert waiting < min(source["lockstep_timeout"], optimizer["stall_timeout"])


def test_the_optimiser_knows_whether_the_focal_length_is_guessed():
    def sigma(**given):
        nodes = build_graph(PipelineArguments(mesh="m.obj", **given))
        return next(spec for spec in nodes if spec.name == "trajectory_optimizer").parameters.get("joint.focal_sigma")

    assert sigma(video="v.mp4") == GUESS_SIGMA
    assert sigma(video="v.mp4", focal=600.0) == sigma(video="v.mp4", camera="camera.yaml") == 0.0
    assert sigma() is None  # images of a topic come with a calibration


def test_every_python_node_exists():
    for spec in build_graph(PipelineArguments(video="v.mp4", mesh="m.obj")):
        path = ROOT / "ros2_ws/src" / spec.package / spec.package / "nodes" / f"{spec.executable}.py"
        functions = [n.name for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef)]
        assert "main" in functions, path


def test_box():
    assert parse_box("1, 2,30,40") == [1, 2, 30, 40]
    assert parse_box("") == []
    for wrong in ("1,2,3", "a,b,c,d", "0,0,0,10", "1,2,3,4,5"):
        with pytest.raises(InputError, match="x,y,width,height"):
            parse_box(wrong)


def test_arguments_from_texts():
    arguments = parse_arguments({"video": "v.mp4", "mesh": "m.obj", "replay": "False", "focal": "628", "count": "12"})
    assert (arguments.replay, arguments.focal, arguments.count) == (False, 628.0, 12)
    for name, text in (
        ("replay", "perhaps"),
        ("count", "many"),
        ("speed", "2"),
        ("colour", "red"),
        ("method", "magic"),
    ):
        with pytest.raises(InputError, match=name):
            parse_arguments({name: text})


def test_a_missing_mesh_is_refused():
    with pytest.raises(InputError, match="mesh"):
        build_graph(PipelineArguments(video="v.mp4"))
    assert names(PipelineArguments(video="v.mp4"), ("perception",))


@pytest.mark.parametrize("path", sorted((ROOT / "launch").glob("*.launch.py")), ids=lambda p: p.name)
def test_launch_files_name_known_parts(path):
    calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
    parts = [argument.value for call in calls for argument in call.args]
    assert parts and set(parts) <= set(PARTS)
