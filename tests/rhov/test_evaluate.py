import dataclasses
import json

import cv2
import numpy as np
import pytest
import trimesh

from rhov.cli import main
from rhov.evaluate import evaluate_to_file
from rhov.evaluation_input import Matched, truth_of_folder
from rhov.evaluation_object import surface_points
from rhov.evaluation_series import error_series
from rhov_core.camera import Camera
from rhov_core.hand import HandModel
from rhov_core.object_model import ObjectModel
from rhov_core.pose import exp_rotation, make_transform, perturb, transform_points
from rhov_core.render import rasterize
from rhov_core.trajectory import HandObjectTrajectory

FRAMES = 6
BOX = ObjectModel.box([0.05, 0.07, 0.15])
CAMERA = Camera.from_focal(300.0, 320, 240)


def true_trajectory():
    hand = HandModel.load()
    i = np.arange(FRAMES)[:, None]
    T = make_transform(exp_rotation(i * [0.02, 0.05, 0.01] + [0.3, 0.5, 0.1]), i * [0.004, 0, 0.003] + [0, 0, 0.5])
    pose = np.zeros((FRAMES, 48))
    translation = T[:, :3, 3] + [0.0, 0.0, 0.3]  # far behind the object: no contact
    return HandObjectTrajectory(
        frame_index=np.arange(FRAMES),
        stamp=np.arange(FRAMES) / 30,
        K=CAMERA.K,
        image_size=np.array([CAMERA.width, CAMERA.height]),
        object_name="box",
        T_camera_object=T,
        object_scale=1.0,
        object_covariance=np.zeros((FRAMES, 6, 6)),
        object_state=np.ones(FRAMES, np.int64),
        hand_side="right",
        hand_pose=pose,
        hand_shape=np.zeros(10),
        hand_translation=translation,
        hand_joints=hand.forward_numpy(pose, np.zeros(10), translation).joints,
        hand_valid=np.ones(FRAMES, bool),
        hand_model=hand.name,
    )


@pytest.fixture
def truth(tmp_path):
    trajectory = true_trajectory()
    trajectory.save(tmp_path / "clip" / "truth" / "trajectory.npz")
    BOX.save(tmp_path / "clip" / "object.obj")
    return tmp_path / "clip" / "truth"


def write_cues(truth):
    """Oracle masks and depth, the box before a wall at one metre."""
    vertices = transform_points(true_trajectory().T_camera_object, BOX.vertices)
    depth = rasterize(vertices, BOX.faces, CAMERA)[1]
    for i, inverse in enumerate(depth):
        mask = inverse > 0
        metres = np.where(mask, 1 / np.maximum(inverse, 1e-9), 1.0)
        for folder, image in (
            ("masks/object", mask.astype(np.uint8) * 255),
            ("masks/hand", np.zeros(mask.shape, np.uint8)),
            ("depth", np.round(metres * 1000).astype(np.uint16)),
        ):
            (truth / "cues" / folder).mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(truth / "cues" / folder / f"{i:06d}.png"), image)


def evaluated(tmp_path, truth, **changes):
    result = tmp_path / "result"
    dataclasses.replace(true_trajectory(), **changes).save(result / "trajectory.npz")
    lines = list(evaluate_to_file(result, truth))
    content = json.loads((result / "evaluation.json").read_text())
    return {(f["group"], f["name"]): f for f in content["figures"]}, lines, content


def value(figures, group, name):
    return figures[group, name]["value"]


def test_the_truth_against_itself_has_no_error(tmp_path, truth):
    write_cues(truth)
    figures, lines, _ = evaluated(tmp_path, truth)
    errors = [
        "frames lost", "translation error", "rotation error", "chamfer", "chamfer, translation aligned", "ADD", "ADD-S",
        "MSSD", "MSPD", "VSD", "acceleration error", "scale error", "scale wobble",
    ]  # fmt: skip
    for name in errors:
        assert value(figures, "object", name) == pytest.approx(0, abs=1e-5), name
    for name in ("ADD AUC to 0.1 m", "ADD-S AUC to 0.1 m", "AR_VSD", "AR_MSSD", "AR_MSPD", "mask IoU outside the hand"):
        assert value(figures, "object", name) == pytest.approx(1, abs=1e-5), name
    assert value(figures, "object", "AR, mean of AR_VSD and AR_MSSD and AR_MSPD") == pytest.approx(1)
    for name in ("MPJPE", "MPJPE, root-relative", "MPJPE, Procrustes", "acceleration error"):
        assert value(figures, "hand", name) == pytest.approx(0, abs=1e-9), name
    assert (
        value(figures, "object", "temporal distance") == value(figures, "object", "temporal distance of the truth") > 0
    )
    assert (
        value(figures, "contact", "penetration depth") == 0 and value(figures, "contact", "contact ratio to 5 mm") == 0
    )
    assert lines[0].startswith("| of | figure |") and f"| {FRAMES}/{FRAMES} |" in lines[0]


def test_a_shift_gives_its_length_and_only_alignment_takes_it_away(tmp_path, truth):
    shift = np.array([0.012, -0.016, 0.0])  # 2 cm
    true = true_trajectory()
    T = true.T_camera_object.copy()
    T[:, :3, 3] += shift
    figures, _, _ = evaluated(tmp_path, truth, T_camera_object=T, hand_joints=true.hand_joints + shift)
    for name in ("translation error", "ADD", "MSSD"):
        assert value(figures, "object", name) == pytest.approx(0.02), name
    assert value(figures, "object", "chamfer, translation aligned") == pytest.approx(0, abs=1e-9)
    assert 0 < value(figures, "object", "chamfer") <= 0.02
    assert value(figures, "object", "ADD AUC to 0.1 m") == pytest.approx(0.8)
    assert value(figures, "hand", "MPJPE") == pytest.approx(0.02)
    assert value(figures, "hand", "MPJPE, root-relative") == pytest.approx(0, abs=1e-9)
    assert figures["hand", "MPJPE, Procrustes"]["alignment"] == "Procrustes with scale"
    assert ("object", "VSD") not in figures and ("object", "AR, mean of AR_MSSD and AR_MSPD") in figures


def test_a_symmetric_turn_is_no_error_where_symmetries_count(tmp_path, truth):
    with open(truth.parent / "object.yaml", "a") as sidecar:  # exact, unlike those found in the mesh
        sidecar.write("symmetries: [{axis: [0, 0, 1], order: 2, point: [0, 0, 0]}]\n")
    T = true_trajectory().T_camera_object @ np.diag([-1.0, -1.0, 1.0, 1.0])
    figures, _, _ = evaluated(tmp_path, truth, T_camera_object=T)
    assert value(figures, "object", "rotation error") == pytest.approx(np.pi)
    symmetric = ["rotation error, symmetric", "rotation error, symmetric, 95th percentile", "MSSD", "MSPD", "ADD-S"]
    for name in (*symmetric, "chamfer", "chamfer, translation aligned", "translation error, symmetric, median"):
        assert value(figures, "object", name) == pytest.approx(0, abs=1e-6), name
    assert value(figures, "object", "ADD") > 0.02
    assert value(figures, "object", "ADD-S AUC to 0.1 m") == pytest.approx(1)


def test_errors_that_differ_between_frames_have_their_mean_median_and_percentile(tmp_path, truth):
    true = true_trajectory()
    size, angle = np.array([0, 1, 2, 3, 4, 20]) * 1e-3, np.radians([0, 2, 4, 6, 8, 10])
    turn = make_transform(exp_rotation(angle[:, None] * [0.0, 0.6, 0.8]), np.zeros((FRAMES, 3)))
    T = true.T_camera_object @ turn
    T[:, :3, 3] += size[:, None] * [0.6, 0.0, -0.8]
    figures, _, _ = evaluated(tmp_path, truth, T_camera_object=T)
    expected = {"": np.mean, ", median": np.median, ", 95th percentile": lambda x: np.percentile(x, 95)}
    for words, statistic in expected.items():
        assert value(figures, "object", f"translation error, symmetric{words}") == pytest.approx(statistic(size)), words
        assert value(figures, "object", f"rotation error, symmetric{words}") == pytest.approx(statistic(angle)), words
    series = error_series(Matched.of(dataclasses.replace(true, T_camera_object=T), truth_of_folder(truth)))
    assert series["translation"] == pytest.approx(size) and series["rotation"] == pytest.approx(angle, abs=1e-7)
    assert series["chamfer"].mean() == pytest.approx(value(figures, "object", "chamfer, translation aligned"))
    assert series["add_s"].mean() == pytest.approx(value(figures, "object", "ADD-S"))


def test_the_other_hand_is_told(tmp_path, truth):
    assert value(evaluated(tmp_path, truth)[0], "hand", "clips with the right side") == 1
    figures, lines, _ = evaluated(tmp_path, truth, hand_side="left")
    assert value(figures, "hand", "clips with the right side") == 0
    assert any("a left hand, the truth a right one" in line for line in lines)


def test_errors_of_single_frames_have_gaps_where_something_is_lost(truth):
    true = true_trajectory()
    state, valid = np.array([1, 0, 1, 1, 1, 1]), np.array([True, True, True, False, True, True])
    stretched = true.hand_joints + np.array([0.0, 0.0, 0.05])
    stretched[:, 8] += [0.03, 0.0, 0.0]  # a fingertip 3 cm off, which the alignment spreads over the hand
    estimate = dataclasses.replace(true, object_state=state, hand_valid=valid, hand_joints=stretched)
    series = error_series(Matched.of(estimate, truth_of_folder(truth)))
    for name in ("rotation", "translation", "chamfer", "add_s"):
        assert np.isnan(series[name]).tolist() == [False, True, False, False, False, False], name
    assert np.isfinite(series["translation_given"]).all() and np.isfinite(series["chamfer_given"]).all()
    nothing = dataclasses.replace(estimate, object_state=np.zeros(FRAMES, np.int64))
    series_of_nothing = error_series(Matched.of(nothing, truth_of_folder(truth)))
    assert np.isnan(series_of_nothing["translation_given"]).all()
    assert np.isnan(series["hand"]).tolist() == [False, False, False, True, False, False]
    assert series["hand_joints"][0].argmax() == 8 and 0.02 < series["hand_joints"][0, 8] < 0.03
    assert series["hand"][0] == pytest.approx(series["hand_joints"][0].mean())
    assert series["object_annotated"].all() and series["frame_index"].tolist() == list(range(FRAMES))


def test_lost_and_missing_frames_are_failures(tmp_path, truth):
    state = np.array([1, 0, 1, 1, 1, 1])
    valid = np.array([True, True, True, False, True, True])
    figures, lines, _ = evaluated(tmp_path, truth, object_state=state, hand_valid=valid)
    assert value(figures, "object", "frames lost") == pytest.approx(1 / 6)
    assert value(figures, "object", "ADD AUC to 0.1 m") == pytest.approx(5 / 6)
    assert value(figures, "object", "AR_MSSD") == pytest.approx(5 / 6)
    assert value(figures, "hand", "PCK AUC to 0.05 m") == pytest.approx(5 / 6)
    assert figures["object", "ADD"]["frames"] == 5 and figures["object", "ADD"]["of"] == 6
    assert any("1 frames of the truth have no pose" in line for line in lines)

    true = true_trajectory()
    per_frame = [f.name for f in dataclasses.fields(true) if np.shape(getattr(true, f.name))[:1] == (FRAMES,)]
    half = {name: getattr(true, name)[:3] for name in per_frame if name != "K"}
    figures, _, _ = evaluated(tmp_path, truth, **half)
    assert value(figures, "object", "frames lost") == pytest.approx(0.5)
    assert value(figures, "object", "AR_MSPD") == pytest.approx(0.5)
    assert value(figures, "hand", "PCK AUC to 0.05 m") == pytest.approx(0.5)
    figures, _, _ = evaluated(tmp_path, truth, object_state=np.zeros(FRAMES, np.int64))
    assert value(figures, "object", "frames lost") == 1
    for name in ("ADD AUC to 0.1 m", "ADD-S AUC to 0.1 m", "AR_MSSD", "AR, mean of AR_MSSD and AR_MSPD"):
        assert value(figures, "object", name) == 0, name


def test_a_wrong_size_is_measured_with_the_size_that_was_estimated(tmp_path, truth):
    figures, _, _ = evaluated(tmp_path, truth, object_scale=1.1)
    points = surface_points(BOX, 2000)
    assert value(figures, "object", "scale error") == pytest.approx(0.1)
    assert value(figures, "object", "ADD") == pytest.approx(0.1 * np.linalg.norm(points, axis=1).mean())
    assert value(figures, "object", "rotation error") == pytest.approx(0, abs=1e-7)


def test_covariances_that_fit_the_errors_are_called_calibrated(tmp_path, truth):
    true = true_trajectory()
    error = np.array([1e-3, 0, 0, 0, 0, 0])
    T = perturb(true.T_camera_object, np.tile(error, (FRAMES, 1)))
    covariance = np.tile(np.eye(6) * 1e-6, (FRAMES, 1, 1))
    figures, _, _ = evaluated(tmp_path, truth, T_camera_object=T, object_covariance=covariance)
    assert value(figures, "object", "NEES over its 6 degrees of freedom (calibrated: 1)") == pytest.approx(1 / 6)
    assert value(figures, "object", "coverage of the 95% ellipsoid") == 1
    figures, _, _ = evaluated(tmp_path, truth, T_camera_object=T, object_covariance=covariance * 1e-4)
    assert value(figures, "object", "coverage of the 50% ellipsoid") == 0


def test_a_hand_inside_the_object_penetrates(tmp_path, truth):
    true = true_trajectory()
    hand = HandModel.load()
    T = true.T_camera_object
    pad = hand.forward_numpy(true.hand_pose, np.zeros(10), np.zeros((FRAMES, 3))).joints[:, 9]
    translation = T[:, :3, 3] - pad  # the middle knuckle in the centre of the box
    figures, _, _ = evaluated(tmp_path, truth, hand_translation=translation)
    assert 0.01 < value(figures, "contact", "penetration depth") < 0.025 + 1e-3  # the box is 5 cm thin
    assert 1e-6 < value(figures, "contact", "penetration volume") < BOX.volume
    assert figures["contact", "penetration volume"]["frames"] == FRAMES


def test_the_command_line(tmp_path, truth, capsys):
    result = tmp_path / "result"
    true_trajectory().save(result / "trajectory.npz")
    assert main(["evaluate", str(result), "--truth", str(truth)]) == 0
    assert "| object | ADD | " in capsys.readouterr().out
    assert main(["evaluate", str(result)]) == 2
    assert "exactly once" in capsys.readouterr().err
    assert main(["evaluate", str(result), "--dataset", "ho3d", "--root", str(tmp_path), "--clip", "train/MC1"]) == 2
    assert "download it from" in capsys.readouterr().err
    (truth.parent / "object.obj").unlink()
    assert main(["evaluate", str(result), "--truth", str(truth)]) == 2
    assert "--mesh" in capsys.readouterr().err


def test_results_of_another_clip_are_refused(tmp_path, truth, capsys):
    result = tmp_path / "result"
    dataclasses.replace(true_trajectory(), frame_index=np.arange(FRAMES) + 100).save(result / "trajectory.npz")
    assert main(["evaluate", str(result), "--truth", str(truth)]) == 2
    assert "share none" in capsys.readouterr().err


def test_a_clip_of_a_data_set_is_the_truth(tmp_path, capsys):
    true, root = true_trajectory(), tmp_path / "ycbv"
    scene = root / "test" / "000048"
    poses = [{"cam_R_m2c": T[:3, :3].ravel().tolist(), "cam_t_m2c": (1000 * T[:3, 3]).tolist(), "obj_id": 3}
             for T in true.T_camera_object]  # fmt: skip
    numbers = [1, 2, 5, 7, 8, 20]  # images of BOP's test scenes are not all there
    scene.mkdir(parents=True)
    (scene / "scene_gt.json").write_text(json.dumps({n: [p] for n, p in zip(numbers, poses, strict=True)}))
    (scene / "scene_camera.json").write_text(json.dumps({n: {"cam_K": CAMERA.K.ravel().tolist()} for n in numbers}))
    for n in numbers:
        (scene / "rgb").mkdir(exist_ok=True)
        assert cv2.imwrite(str(scene / "rgb" / f"{n:06d}.png"), np.zeros((240, 320, 3), np.uint8))
    (root / "models").mkdir()
    mesh = trimesh.Trimesh(BOX.vertices * 1000, BOX.faces, process=False)
    mesh.export(root / "models" / "obj_000003.ply", encoding="ascii")
    (root / "models" / "models_info.json").write_text(json.dumps({"3": {"diameter": 170.0}}))
    true.save(tmp_path / "result" / "trajectory.npz")
    out = tmp_path / "figures.json"
    named = ["--dataset", "bop", "--root", str(root), "--clip", "test/000048/3", "--out", str(out)]
    assert main(["evaluate", str(tmp_path / "result"), *named]) == 0
    assert "BOP stores no times" in capsys.readouterr().out
    content = json.loads(out.read_text())
    figures = {(f["group"], f["name"]): f["value"] for f in content["figures"]}
    assert figures["object", "ADD"] == pytest.approx(0, abs=1e-6) and figures["object", "AR_MSSD"] == 1
    assert ("hand", "MPJPE") not in figures  # BOP has no hands
    assert content["truth"] == ["bop", str(root), "test/000048/3"]
