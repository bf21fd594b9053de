import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from rhov.benchmark.tracks_file import load_tracks, save_tracks
from rhov.tracked_clip import TrackedClip
from rhov_core.camera import Camera
from rhov_core.errors import InputError
from rhov_core.hand import HandModel
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.trajectory import ObjectState
from rhov_optimizer.packed_mask import PackedMask
from rhov_optimizer.track_record import TrackRecord


def test_records_come_back(tmp_path):
    mask = np.zeros((48, 64), bool)
    mask[3:9, 5:11] = True
    record = TrackRecord(
        3, 0.1, (64, 48), object_mask=PackedMask.pack(mask), flow_source=np.ones((2, 2)), flow_target=np.ones((2, 2))
    )
    estimate = ObjectEstimate(3, 0.1, np.eye(4), np.eye(6), ObjectState.TRACKED, 0.9)
    hand = HandModel.load()
    hand.forward(torch.zeros(1, 48), torch.zeros(10), torch.zeros(1, 3))  # it keeps tensors from now on
    clip = TrackedClip(Camera.from_focal(60, 64, 48), hand, [estimate], [record], ["a note"])
    save_tracks(tmp_path / "a.pkl", clip)
    found = load_tracks(tmp_path / "a.pkl")
    assert found.notes == ["a note"] and found.estimates[0].state is ObjectState.TRACKED
    np.testing.assert_array_equal(found.records[0].object_mask.unpack(), mask)
    np.testing.assert_array_equal(found.hand_model.faces, clip.hand_model.faces)
    save_tracks(tmp_path / "none.pkl", None)
    assert load_tracks(tmp_path / "none.pkl") is None


class Call:
    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize("content", [Call(os.system, "true"), Call(Path.unlink, Path("x")), 3, np.arange(3)])
def test_what_is_no_record_is_refused(tmp_path, content):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(InputError, match="records that the benchmark wrote"):
        load_tracks(tmp_path / "a.pkl")


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / "a.pkl").write_bytes(b"nothing")
    with pytest.raises(InputError, match="remove the file"):
        load_tracks(tmp_path / "a.pkl")
