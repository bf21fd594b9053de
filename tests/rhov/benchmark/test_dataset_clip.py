import cv2
import numpy as np
import pytest
from tiny_clip import BOX, CAMERA, FRAMES, poses

from rhov.benchmark.clip_folder import ClipFolder
from rhov.benchmark.dataset_clip import first_view, write_dataset_clip
from rhov.evaluation_input import DatasetClip
from rhov_core.camera import Camera
from rhov_core.datasets import Clip, HandTruth, ho3d
from rhov_core.errors import InputError
from rhov_core.object_model import ObjectModel
from rhov_core.pose import make_transform
from rhov_core.video import VideoReader
from rhov_perception.cues_directory import CuesDirectory


def test_a_sequence_of_ho3d_becomes_a_clip(ho3d_root, tmp_path):
    named = DatasetClip("ho3d", ho3d_root, "train/MC1")
    done = []
    clip = ClipFolder.load(write_dataset_clip(named, tmp_path / "clip", progress=done.append))
    assert clip.start == 1 and done[-1] == 1.0  # the first frame is not annotated
    images = [frame.image for frame in VideoReader(clip.video)]
    source = ho3d.load_clip(ho3d_root, "train/MC1")
    assert len(images) == FRAMES
    difference = [np.abs(a.astype(int) - source.image(i)).mean() for i, a in enumerate(images)]
    assert max(difference) < 3  # compressed, but hardly
    np.testing.assert_allclose(Camera.load(clip.folder / "camera.yaml").K, CAMERA.K)
    assert ObjectModel.load(clip.mesh).diameter == pytest.approx(BOX.diameter)
    mask = source.object_mask(1)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    x, y, w, h = clip.box
    assert x <= columns[0] and y <= rows[0] and x + w >= columns[-1] and y + h >= rows[-1]
    assert w < np.ptp(columns) * 1.15 and h < np.ptp(rows) * 1.15
    assert clip.offers("predicted") and clip.offers("oracle_masks") and not clip.offers("oracle_masks_hands")
    cues = clip.request("oracle_masks").cues
    np.testing.assert_array_equal(CuesDirectory(cues).object_mask(2), source.object_mask(2))
    truth = clip.used_part_of(clip.truth())
    assert truth.trajectory.frame_index.tolist() == [1, 2, 3, 4] and truth.trajectory.frames_lost == 0
    np.testing.assert_allclose(truth.trajectory.T_camera_object, poses()[1:], atol=1e-6)


def clip_of(tmp_path, T, valid, size):
    paths = []
    for i in range(len(T)):
        paths.append(tmp_path / f"{i}.png")
        assert cv2.imwrite(str(paths[-1]), np.full((size[1], size[0], 3), 120, np.uint8))
    n = len(T)
    camera = Camera.from_focal(300.0, *size)
    return Clip("made up", "clip", camera, tuple(paths), np.arange(n) / 10, tmp_path / "object.obj", "box", T, valid,
                HandTruth.unknown(n))  # fmt: skip


def test_the_first_view_shows_the_object_whole(tmp_path):
    outside, inside = make_transform(np.eye(3), [0.3, 0, 0.5]), make_transform(np.eye(3), [0, 0, 0.5])
    clip = clip_of(tmp_path, np.stack([inside, outside, inside]), np.array([False, True, True]), (320, 240))
    start, (x, y, w, h) = first_view(clip, BOX, clip.camera)
    assert start == 2
    front = 0.5 - 0.08  # the nearest side is at this depth
    assert w == pytest.approx(300 * 0.07 / front * 1.06, abs=2) and h == pytest.approx(300 * 0.1 / front * 1.06, abs=2)
    assert x + w / 2 == pytest.approx(159.5, abs=1) and y + h / 2 == pytest.approx(119.5, abs=1)
    never = clip_of(tmp_path, outside[None], np.array([True]), (320, 240))
    with pytest.raises(InputError, match="no annotated frame of 'clip' shows its object whole"):
        first_view(never, BOX, never.camera)


def test_images_of_odd_size_gain_a_row_and_a_column(tmp_path, monkeypatch):
    BOX.save(tmp_path / "object.obj")
    clip = clip_of(tmp_path, make_transform(np.eye(3), [0, 0, 0.5])[None], np.array([True]), (321, 241))
    named = DatasetClip("bop", tmp_path, "clip")
    monkeypatch.setattr(
        "rhov.benchmark.dataset_clip.dataset", lambda name: type("D", (), {"load_clip": lambda *a: clip})
    )
    folder = write_dataset_clip(named, tmp_path / "out")
    camera = Camera.load(folder / "camera.yaml")
    assert (camera.width, camera.height) == (322, 242)
    np.testing.assert_array_equal(camera.K, clip.camera.K)
    assert next(iter(VideoReader(folder / "clip.mp4"))).image.shape == (242, 322, 3)
