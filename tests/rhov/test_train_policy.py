"""`rhov train` and `rhov imitate --method policy`: bad input ends with one sentence and status 2."""

import pytest

from rhov.cli import main
from rhov_core.object_model import ObjectModel


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    path = tmp_path_factory.mktemp("mesh") / "box.obj"
    ObjectModel.box((0.04, 0.06, 0.1)).save(path)
    return path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "none.npz"], "none.npz"),
        (["train", "none.npz", "--observation", "all"], "guided or paper"),
        (["train", "none.npz", "--rounds", "0"], "rounds"),
        (["train", "none.npz", "--without", "action", "--from-scratch"], "velocity, matched, rotation"),
        (["train", "none.npz", "--without", "rotation"], "--from-scratch"),
        (["train", "none.npz", "--refine", "100", "--from-scratch"], "--steps"),
        (["train", "none.npz", "--held-starts", "1.5"], "held-starts"),
        (["train", "none.npz", "--first-tolerance", "0.5"], "first-tolerance"),
        (["train", "none.npz", "--simulator", "gazebo"], "mujoco_worker"),
        (["train", "none.npz", "--simulator", "isaac_gym"], "--interpreter"),
        (["imitate", "none.npz", "--method", "magic"], "plan or policy"),
        (["imitate", "none.npz", "--method", "policy"], "--policy"),
        (["imitate", "none.npz", "--policy", "folder"], "--method policy"),
        (["imitate", "none.npz", "--method", "policy", "--policy", "folder", "--placement", "p.yaml"], "placement"),
    ],
)
def test_bad_input_is_told(arguments, words, mesh, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([*arguments, "--mesh", str(mesh)]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback" not in told
    assert len(told.strip().splitlines()) == 1
