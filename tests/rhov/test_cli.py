"""The rhov command: bad input ends with one sentence and status 2, and leaves nothing half-written."""

import subprocess
import sys

import numpy as np
import pytest

from rhov.cli import main
from rhov.request import load_pose
from rhov_core.camera import Camera
from rhov_core.errors import InputError
from rhov_core.files import write_json
from rhov_core.object_model import ObjectModel
from rhov_core.video import VideoWriter


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    rng = np.random.default_rng(0)
    with VideoWriter(folder / "clip.mp4", 30, (64, 48)) as writer:
        for _ in range(3):
            writer.write(rng.integers(0, 255, (48, 64, 3)).astype(np.uint8))
    ObjectModel.box((0.05, 0.07, 0.15)).save(folder / "good.obj")
    (folder / "millimetres.obj").write_text(
        "\n".join(f"v {' '.join(map(str, 1000 * v * 40))}" for v in ObjectModel.box((0.2, 0.2, 0.2)).vertices)
        + "\n"
        + "\n".join(f"f {a + 1} {b + 1} {c + 1}" for a, b, c in ObjectModel.box((0.2, 0.2, 0.2)).faces)
    )
    (folder / "open.obj").write_text("v 0 0 0\nv 0.1 0 0\nv 0 0.1 0\nv 0 0 0.1\nf 1 2 3\nf 1 2 4\n")
    (folder / "empty.obj").write_text("")
    (folder / "nan.obj").write_text("v nan 0 0\nv 0.1 0 0\nv 0 0.1 0\nf 1 2 3\n")
    (folder / "empty.mp4").touch()
    (folder / "truncated.mp4").write_bytes((folder / "clip.mp4").read_bytes()[:600])
    Camera.from_focal(600, 640, 480).save(folder / "other_size.yaml")
    (folder / "file").touch()
    return folder


GOOD = {"video": "clip.mp4", "--mesh": "good.obj", "--box": "10,10,20,20", "--out": "out"}
BAD = {
    "missing video": ({"video": "none.mp4"}, "none.mp4"),
    "empty video": ({"video": "empty.mp4"}, "empty.mp4"),
    "truncated video": ({"video": "truncated.mp4"}, "truncated.mp4"),
    "a mesh as video": ({"video": "good.obj"}, "good.obj"),
    "missing mesh": ({"--mesh": "none.obj"}, "none.obj"),
    "empty mesh": ({"--mesh": "empty.obj"}, "empty.obj"),
    "mesh with NaN": ({"--mesh": "nan.obj"}, "nan.obj"),
    "mesh in millimetres": ({"--mesh": "millimetres.obj"}, "millimetres"),
    "open mesh": ({"--mesh": "open.obj"}, "open.obj"),
    "box outside the picture": ({"--box": "100,100,20,20"}, "box"),
    "box without size": ({"--box": "10,10,0,20"}, "box"),
    "camera of another size": ({"--camera": "other_size.yaml"}, "640x480"),
    "missing camera": ({"--camera": "none.yaml"}, "none.yaml"),
    "folder that is a file": ({"--out": "file/out"}, "cannot be written"),
    "start behind the end": ({"--start": "99"}, "99"),
    "missing pose": ({"--pose": "none.json"}, "none.json"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence_and_status_2(inputs, name, capfd, tmp_path, monkeypatch):
    changed, word = BAD[name]
    values = {**GOOD, **changed}
    files = ("video", "--mesh", "--camera", "--pose")
    given = {k: str(inputs / v) if k in files else v for k, v in values.items()}
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    arguments = ["reconstruct", given.pop("video"), *(x for pair in given.items() for x in pair)]
    assert main(arguments) == 2
    said = [line for line in capfd.readouterr().err.splitlines() if line.startswith("rhov: ")]
    assert len(said) == 1 and word in said[0] and "accepted" in said[0], said
    assert not (tmp_path / "out" / "trajectory.npz").exists()
    assert not list(tmp_path.rglob(".partial*"))


def test_unknown_words_are_refused(capsys):
    assert main(["reconstruct"]) == 2
    assert main(["nonsense"]) == 2
    assert main(["replay", "x", "--mesh", "y", "--target", "moon"]) == 2
    assert "moon" in capsys.readouterr().err
    assert main(["pipeline", "video=x"]) == 2
    assert "name:=value" in capsys.readouterr().err


def test_help_names_every_command():
    done = subprocess.run([sys.executable, "-m", "rhov", "--help"], capture_output=True, text=True, check=True)
    for word in ("reconstruct", "imitate", "replay", "pipeline", "demo", "doctor", "evaluate", "synthesize"):
        assert word in done.stdout


def test_pose_files(tmp_path):
    path = tmp_path / "pose.json"
    T = np.eye(4)
    T[:3, 3] = [0.1, 0, 0.8]
    write_json(path, {"T_camera_object": T})
    np.testing.assert_array_equal(load_pose(path), T)
    write_json(path, {"translation": [0.1, 0, 0.8], "quaternion": [0, 0, 0, 2]})
    np.testing.assert_allclose(load_pose(path), T)
    behind, sheared = T.copy(), T.copy()
    behind[2, 3] = -0.8
    sheared[0, 1] = 0.3
    for bad in (
        {"T_camera_object": behind},
        {"T_camera_object": sheared},
        {"T_camera_object": np.eye(3)},
        {"translation": [0, 0, 1], "quaternion": [0, 0, 0, 0]},
        {"position": [0, 0, 1]},
        [1, 2],
    ):
        write_json(path, bad)
        with pytest.raises(InputError):
            load_pose(path)
