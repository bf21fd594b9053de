"""Files appear complete or not at all."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rhov_core.errors import InputError
from rhov_core.files import atomic_path, output_directory, read_json, write_json


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_output_directory_is_made_and_left_clean(tmp_path):
    folder = output_directory(tmp_path / "a" / "b")
    assert folder.is_dir() and names(folder) == []
    assert output_directory(folder) == folder


def test_output_directory_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/nothing")):
        with pytest.raises(InputError, match="cannot be written"):
            output_directory(path)


def test_success_renames_and_keeps_the_suffix(tmp_path):
    with atomic_path(tmp_path / "sub" / "x.npz") as partial:
        assert partial.suffix == ".npz" and partial.parent == tmp_path / "sub"
        partial.write_text("new")
        assert not (tmp_path / "sub" / "x.npz").exists()
    assert names(tmp_path / "sub") == ["x.npz"]


def test_failure_leaves_the_old_file(tmp_path):
    (tmp_path / "x.txt").write_text("old")
    with pytest.raises(RuntimeError, match="stop"), atomic_path(tmp_path / "x.txt") as partial:
        partial.write_text("half")
        raise RuntimeError("stop")
    assert names(tmp_path) == ["x.txt"] and (tmp_path / "x.txt").read_text() == "old"


def test_interruption_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), atomic_path(tmp_path / "x.txt") as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert names(tmp_path) == []


def test_a_folder_in_the_way_is_refused(tmp_path):
    (tmp_path / "x.txt").mkdir()
    with pytest.raises(InputError, match=r"x\.txt"), atomic_path(tmp_path / "x.txt") as partial:
        partial.write_text("new")
    assert names(tmp_path) == ["x.txt"]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(content=JSON)
def test_json_round_trip(content, tmp_path_factory):
    file = tmp_path_factory.mktemp("json") / "x.json"
    write_json(file, content)
    assert read_json(file) == content


def test_json_of_numpy_paths_and_nan(tmp_path):
    content = {
        "a": np.arange(3),
        "b": np.float32(0.5),
        "c": Path("x/y"),
        "d": [np.nan, np.inf],
        "e": np.array([np.nan]),
    }
    write_json(tmp_path / "x.json", content)
    assert read_json(tmp_path / "x.json") == {"a": [0, 1, 2], "b": 0.5, "c": "x/y", "d": [None, None], "e": [None]}
    json.loads((tmp_path / "x.json").read_text(), parse_constant=pytest.fail)


def test_json_that_cannot_be_written_leaves_the_old_file(tmp_path):
    write_json(tmp_path / "x.json", 1)
    with pytest.raises(TypeError):
        write_json(tmp_path / "x.json", {"a": object()})
    assert names(tmp_path) == ["x.json"] and read_json(tmp_path / "x.json") == 1


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00"])
def test_json_that_cannot_be_read(content, tmp_path):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(InputError, match=r"x\.json"):
        read_json(tmp_path / "x.json")
    with pytest.raises(InputError, match="no file"):
        read_json(tmp_path / "y.json")
    with pytest.raises(InputError):
        read_json(tmp_path)
