import csv
from dataclasses import replace

import cv2
import numpy as np
import pytest

from franka_imitation.config import ImitationConfig
from franka_imitation.motion_plan import MotionPlan
from franka_imitation.result import ImitationResult
from franka_imitation.robot import Robot
from franka_imitation.scene import build_scene
from franka_imitation.video.opengl import OpenGLPainter
from franka_imitation.video.plain import PlainPainter
from franka_imitation.video.view import SIZE, View
from franka_imitation.video.write import write_video
from rhov_core.errors import InputError, MissingDependencyError
from rhov_core.files import read_json
from rhov_core.video import VideoReader


@pytest.fixture(scope="module")
def folder(carried_box_result, tmp_path_factory):
    return carried_box_result.save(tmp_path_factory.mktemp("result"))


def test_a_result_is_read_back(carried_box_result, folder):
    read = ImitationResult.load(folder)
    for name, value in vars(carried_box_result.plan).items():
        assert np.array_equal(getattr(read.plan, name), value), name
    assert np.array_equal(read.rollout.state, carried_box_result.rollout.state)
    assert read.placement.T_table_camera == pytest.approx(carried_box_result.placement.T_table_camera)
    assert read.sentence() == carried_box_result.sentence()


def test_the_table_of_set_points_is_the_plan(carried_box_result, folder):
    plan = carried_box_result.plan
    with open(folder / "joint_trajectory.csv", encoding="ascii") as file:
        header, *rows = csv.reader(file)
    numbers = np.array(rows, float)
    assert header[0] == "time_s" and header[1] == "panda_joint1_rad" and header[-1] == "gripper_width_m"
    assert numbers[:, 0] == pytest.approx(plan.time)
    assert numbers[:, 1:8] == pytest.approx(plan.q, abs=1e-6)
    assert numbers[:, 8:15] == pytest.approx(plan.velocity, abs=1e-6)
    assert numbers[:, 15] == pytest.approx(plan.gripper_width, abs=1e-6)


def test_the_report_says_how_it_went(carried_box_result, folder):
    report = read_json(folder / "report.json")
    for name in (
        "success",
        "fraction_matched",
        "position_error_m",
        "rotation_error_rad",
        "wall_seconds",
        "simulator_steps",
    ):
        assert report[name] == carried_box_result.report[name]
    assert len(report["step_time_s"]) == len(carried_box_result.plan.frame_index)


def test_without_an_object_there_is_no_video(folder):
    assert not (folder / "rollout.mp4").exists()


@pytest.mark.parametrize("name", ["plan.npz", "rollout.npz", "placement.yaml", "report.json"])
def test_missing_and_damaged_files_are_named(carried_box_result, tmp_path, name):
    folder = carried_box_result.save(tmp_path)
    (folder / name).write_bytes(b"\x80")
    with pytest.raises(InputError, match=name):
        ImitationResult.load(folder)
    (folder / name).unlink()
    with pytest.raises(InputError, match=name):
        ImitationResult.load(folder)


def test_a_plan_checks_its_arrays(carried_box_result):
    plan = carried_box_result.plan
    with pytest.raises(InputError, match=r"MotionPlan\.q"):
        replace(plan, q=plan.q[:-1])
    with pytest.raises(InputError, match="times"):
        replace(plan, time=plan.time[::-1].copy())


def test_a_plan_of_another_schema_is_refused(carried_box_result, tmp_path):
    path = tmp_path / "plan.npz"
    carried_box_result.plan.save(path)
    content = dict(np.load(path))
    np.savez(path, **{**content, "schema": 99})
    with pytest.raises(InputError, match="schema 99"):
        MotionPlan.load(path)


@pytest.fixture(scope="module")
def short(carried_box_result):
    """The last second of the motion, for quick videos."""
    plan, rollout = carried_box_result.plan, carried_box_result.rollout
    keep = slice(len(plan.time) - 100, None)
    cut = {"time": plan.time[:100], "q": plan.q[keep], "velocity": plan.velocity[keep]}
    cut |= {"gripper_width": plan.gripper_width[keep], "phase": plan.phase[keep]}
    moved = np.maximum(plan.frame_due - plan.time[keep.start], 0.0)
    return replace(plan, frame_due=moved, **cut), replace(rollout, state=rollout.state[keep])


def test_the_video_has_every_frame(short, box, tmp_path):
    path = tmp_path / "rollout.mp4"
    how = write_video(path, *short, box, Robot.load("panda"), (0.03, 0.3))
    assert how == "OpenGL" or "install" in how
    images = [image for _, _, image in VideoReader(path)]
    assert len(images) == pytest.approx(30, abs=1)
    assert images[0].shape == (SIZE[1], SIZE[0], 3)


def test_without_opengl_the_video_is_drawn_plainly_and_says_what_to_install(short, box, tmp_path, monkeypatch):
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    how = write_video(tmp_path / "rollout.mp4", *short, box, Robot.load("panda"), (0.03, 0.3))
    assert "apt install libegl1" in how
    assert (tmp_path / "rollout.mp4").stat().st_size > 5000


@pytest.fixture(scope="module")
def painted(carried_box_result, box):
    """A picture by the plain painter from the middle of the motion, with the object and with its ghost aside."""
    scene = build_scene(Robot.load("panda"), box, visual=True)
    view = View.of(carried_box_result.plan)
    state = carried_box_result.rollout.state[-1]
    aside = carried_box_result.plan.T_table_object[-1].copy()
    aside[:3, 3] += [0.0, 0.0, 0.3]
    painter = PlainPainter(scene, view)
    return scene, view, state, aside, painter.paint(state, aside), painter


@pytest.mark.parametrize("raised", [0.0, 0.4, 0.8])
def test_the_hand_is_seen_however_high_the_object_is_carried(carried_box_result, raised):
    plan = carried_box_result.plan
    poses = plan.T_table_object.copy()
    poses[:, 2, 3] += raised
    view = View.of(replace(plan, T_table_object=poses))
    highest = poses[poses[:, 2, 3].argmax(), :3, 3] + [0.0, 0.0, 0.2]
    for point in (highest, np.zeros(3)):
        u, v = view.camera.project((np.linalg.inv(view.T_world_camera) @ np.r_[point, 1])[:3])
        assert 0 < u < SIZE[0] and 0 < v < SIZE[1]


def colour_at(image, view, point):
    u, v = view.camera.project((np.linalg.inv(view.T_world_camera) @ np.r_[point, 1])[:3])
    return image[round(v), round(u)].astype(int)


def test_the_object_and_its_ghost_are_seen_where_they_are(painted):
    _, view, state, aside, image, painter = painted
    orange, blue = colour_at(image, view, state[9:12]), colour_at(image, view, aside[:3, 3])
    assert orange[2] > orange[1] > orange[0]
    assert blue[0] > orange[0] + 20
    aside_no_more = aside.copy()
    aside_no_more[2, 3] -= 50.0
    sky = colour_at(painter.paint(state, aside_no_more), view, aside[:3, 3])
    assert np.abs(sky - blue).max() > 10


def test_both_painters_show_the_same_scene(painted):
    scene, view, state, aside, plain, _ = painted
    try:
        painter = OpenGLPainter(scene, view)
    except MissingDependencyError as error:
        pytest.skip(str(error))
    image = painter.paint(state, aside)
    painter.close()
    arm_gl, arm_plain = (cv2.inRange(i, (150, 150, 150), (255, 255, 255)) for i in (image, plain))
    sky = cv2.inRange(plain, (215, 205, 195), (230, 220, 212))
    arm_gl[sky > 0] = arm_plain[sky > 0] = 0
    overlap = (arm_gl & arm_plain).sum() / (arm_gl | arm_plain).sum()
    assert overlap > 0.6
    orange, same = (colour_at(i, view, state[9:12]) for i in (image, plain))
    assert np.abs(orange - same).max() < 90


def test_a_result_tells_how_its_plan_was_made(carried_box_result, folder):
    read = ImitationResult.load(folder)
    assert read.config == carried_box_result.config != ImitationConfig()
    assert read.config.up_in_camera == (0.0, -1.0, 0.0)
    del read.report["planning"]  # as results of before
    assert read.config == ImitationConfig(robot="panda")
