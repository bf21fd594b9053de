import dataclasses
import json
import shutil

import cv2
import numpy as np
import pytest

from rhov_core.cues import FrameCues, HandEstimate
from rhov_core.errors import InputError
from rhov_core.picture_crop import PictureCrop
from rhov_perception.cues_directory import CuesDirectory
from rhov_perception.cues_writer import CuesWriter

WIDTH, HEIGHT = 32, 24


def hand(seed):
    rng = np.random.default_rng(seed)
    return HandEstimate(
        side="left" if seed % 2 else "right",
        score=0.25 + 0.125 * (seed % 3),
        keypoints=rng.uniform(0, 20, (21, 2)),
        pose=rng.normal(size=48),
        shape=rng.normal(size=10),
        translation=rng.normal(size=3),
        joints=rng.normal(size=(21, 3)),
        wrist_covariance=np.eye(6) * rng.uniform(),
        model="some model",
    )


def full_cues(index):
    rng = np.random.default_rng(index)
    depth = rng.uniform(0.5, 2, (HEIGHT, WIDTH)).astype(np.float32).astype(np.float64)
    depth[0, 0] = np.nan
    source = rng.integers(0, 20, (7, 2)).astype(float)
    return FrameCues(
        frame_index=index,
        stamp=index / 30,
        image_size=(WIDTH, HEIGHT),
        hand=hand(index),
        hand_mask=rng.random((HEIGHT, WIDTH)) > 0.5,
        object_mask=rng.random((HEIGHT, WIDTH)) > 0.5,
        mask_score=1.0,
        flow_source=source,
        flow_target=source + rng.integers(-3, 3, (7, 2)) / 4,
        depth=depth,
        depth_is_metric=True,
    )


def bare(index, **more):
    return FrameCues(frame_index=index, stamp=index / 30, image_size=(WIDTH, HEIGHT), **more)


def assert_equal(a, b):
    for field in dataclasses.fields(a):
        left, right = getattr(a, field.name), getattr(b, field.name)
        if dataclasses.is_dataclass(left):
            assert_equal(left, right)
        else:
            np.testing.assert_array_equal(left, right, err_msg=field.name)


@pytest.fixture
def folder(tmp_path):
    with CuesWriter(tmp_path / "cues") as writer:
        for index in (0, 3):
            writer.write(full_cues(index))
    return tmp_path / "cues"


def test_what_is_written_comes_back(folder):
    directory = CuesDirectory(folder)
    for index in (0, 3):
        assert_equal(directory.apply(bare(index)), full_cues(index))
        np.testing.assert_array_equal(directory.object_mask(index), full_cues(index).object_mask)


def test_frames_that_are_not_there_keep_the_embedded_cues_but_not_the_hand(folder):
    embedded = dataclasses.replace(full_cues(1), mask_score=0.5)
    applied = CuesDirectory(folder).apply(embedded)
    assert_equal(applied, dataclasses.replace(embedded, hand=None))
    (folder / "hands.npz").unlink()
    assert_equal(CuesDirectory(folder).apply(embedded), embedded)


def test_the_crop_shows_the_object_of_the_given_mask(folder):
    directory = CuesDirectory(folder)
    picture = np.random.default_rng(4).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    elsewhere = np.zeros((HEIGHT, WIDTH), bool)
    elsewhere[-2:, -2:] = True
    embedded = PictureCrop.around(picture, elsewhere)
    expected = PictureCrop.around(picture, full_cues(0).object_mask)
    assert (embedded.x0, embedded.y0) != (expected.x0, expected.y0)
    assert_equal(directory.apply(bare(0, crop=embedded), picture).crop, expected)
    assert_equal(directory.apply(bare(1, crop=embedded), picture).crop, embedded)
    assert directory.apply(bare(0, crop=embedded)).crop is None, "the old crop is of another place"


def test_given_masks_correct_what_covers_the_object(folder):
    everything, given = np.ones((HEIGHT, WIDTH), bool), full_cues(0)
    assert (given.hand_mask & given.object_mask).any(), "given hands are believed before the given object"
    both = CuesDirectory(folder).apply(bare(0, cover_mask=everything))
    np.testing.assert_array_equal(both.covered, ~given.object_mask | given.hand_mask)
    assert CuesDirectory(folder).apply(bare(1, cover_mask=everything)).covered.all(), "the frame is not in it"
    np.testing.assert_array_equal(CuesDirectory(folder).apply(bare(0)).covered, given.hand_mask)
    (folder / "masks/object/000000.png").unlink()
    np.testing.assert_array_equal(CuesDirectory(folder).apply(bare(0, cover_mask=everything)).covered, given.hand_mask)
    shutil.rmtree(folder / "masks/hand")
    third = CuesDirectory(folder).apply(bare(3, cover_mask=everything))
    np.testing.assert_array_equal(third.covered, ~full_cues(3).object_mask)


def test_dense_flow_is_read_at_the_points_that_are_followed(tmp_path):
    flow = np.full((HEIGHT, WIDTH, 2), np.nan, np.float32)
    flow[5, 7], flow[10, 20] = (1.5, -2), (0.25, 3)
    (tmp_path / "flow").mkdir()
    np.save(tmp_path / "flow" / "000004.npy", flow)
    points = np.array([[7.0, 5], [8, 5], [20, 10]])
    cues = CuesDirectory(tmp_path).apply(bare(4, flow_source=points, flow_target=points + 9))
    np.testing.assert_array_equal(cues.flow_source, [[7, 5], [20, 10]])
    np.testing.assert_array_equal(cues.flow_target, [[8.5, 3], [20.25, 13]])
    assert len(CuesDirectory(tmp_path).apply(bare(4)).flow_source) == 0


def test_depth_pictures_are_millimetres(tmp_path):
    depth = np.full((HEIGHT, WIDTH), 1234, np.uint16)
    depth[2, 3] = 0
    (tmp_path / "depth").mkdir()
    cv2.imwrite(str(tmp_path / "depth" / "000000.png"), depth)
    cues = CuesDirectory(tmp_path).apply(bare(0))
    assert cues.depth_is_metric and np.isnan(cues.depth[2, 3]) and np.isnan(cues.depth).sum() == 1
    assert np.nanmax(cues.depth) == pytest.approx(1.234)


def test_depth_arrays_are_relative_unless_said_otherwise(tmp_path):
    (tmp_path / "depth").mkdir()
    np.save(tmp_path / "depth" / "000000.npy", np.full((HEIGHT, WIDTH), -1.0, np.float32))
    cues = CuesDirectory(tmp_path).apply(bare(0))
    assert not cues.depth_is_metric and (cues.depth == -1).all()
    (tmp_path / "cues.json").write_text(json.dumps({"depth_is_metric": True}))
    cues = CuesDirectory(tmp_path).apply(bare(0))
    assert cues.depth_is_metric and np.isnan(cues.depth).all()


def test_masks_of_zeros_and_ones_are_accepted(tmp_path):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[4:9, 5:20] = 1
    (tmp_path / "masks" / "object").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "masks" / "object" / "000000.png"), mask)
    np.testing.assert_array_equal(CuesDirectory(tmp_path).apply(bare(0)).object_mask, mask == 1)


def test_hands_without_optional_entries_get_defaults(tmp_path):
    one = hand(2)
    entries = {name: getattr(one, name)[None] for name in ("keypoints", "pose", "translation", "joints")}
    np.savez(tmp_path / "hands.npz", frame_index=[5], side="right", model="m", shape=one.shape, **entries)
    read = CuesDirectory(tmp_path).apply(bare(5)).hand
    assert read.score == 1 and read.side == "right" and read.model == "m"
    assert np.sqrt(np.diag(read.wrist_covariance)).tolist() == pytest.approx([0.02] * 3 + [0.2] * 3)
    np.testing.assert_array_equal(read.shape, one.shape)


class Other:
    """A segmenter that says what it was asked."""

    def segment(self, frame_index, silhouette, band):
        self.asked = frame_index, band
        return silhouette


def test_segmenter_prefers_the_directory(folder):
    other = Other()
    segmenter = CuesDirectory(folder).segmenter(other)
    silhouette = np.zeros((HEIGHT, WIDTH), bool)
    np.testing.assert_array_equal(segmenter.segment(3, silhouette, 9), full_cues(3).object_mask)
    assert not hasattr(other, "asked")
    assert segmenter.segment(4, silhouette, 9) is silhouette and other.asked == (4, 9)


def save_hands(path, **changes):
    one = hand(2)
    names = ("keypoints", "pose", "translation", "joints")
    entries = {"frame_index": [5], "side": "right", "model": "m", "shape": one.shape}
    entries |= {name: getattr(one, name)[None] for name in names}
    entries |= changes
    np.savez(path, **{name: value for name, value in entries.items() if value is not None})


def refused(path, text):
    with pytest.raises(InputError, match=text):
        CuesDirectory(path).apply(bare(0))


def test_refusals_of_the_directory(tmp_path):
    refused(tmp_path / "missing", "there is no directory")
    refused(tmp_path, "holds no cues")
    (tmp_path / "masks" / "object").mkdir(parents=True)
    refused(tmp_path, "holds no cues")
    (tmp_path / "masks" / "object" / "frame1.png").touch()
    refused(tmp_path, "is no frame of a cues directory")
    (tmp_path / "masks" / "object" / "frame1.png").unlink()
    (tmp_path / "depth").mkdir()
    for suffix in ("npy", "png"):
        (tmp_path / "depth" / f"000000.{suffix}").touch()
    refused(tmp_path, "has two files")


def test_refusals_of_pictures(tmp_path):
    (tmp_path / "masks" / "object").mkdir(parents=True)
    path = tmp_path / "masks" / "object" / "000000.png"
    path.touch()
    refused(tmp_path, "cannot be decoded")
    path.write_bytes(b"no picture")
    refused(tmp_path, "cannot be decoded")
    for image, text in (
        (np.zeros((HEIGHT, WIDTH, 3), np.uint8), "3 channels"),
        (np.zeros((HEIGHT, WIDTH), np.uint16), "uint16"),
        (np.full((HEIGHT, WIDTH), 2, np.uint8), "values up to 2"),
        (np.zeros((HEIGHT, WIDTH - 1), np.uint8), "31x24 pixels"),
    ):
        cv2.imwrite(str(path), image)
        refused(tmp_path, text)


def test_refusals_of_arrays(tmp_path):
    (tmp_path / "flow").mkdir()
    path = tmp_path / "flow" / "000000.npy"
    path.touch()
    refused(tmp_path, "cannot be read")
    for array, text in (
        (np.zeros((3, 4), int), "int64"),
        (np.array([{}], object), "cannot be read"),
        (np.zeros((HEIGHT, WIDTH, 3)), r"shape \(24, 32, 3\)"),
        (np.zeros((HEIGHT - 1, WIDTH, 2)), r"shape \(23, 32, 2\)"),
    ):
        np.save(path, array, allow_pickle=True)
        refused(tmp_path, text)
    path.unlink()
    (tmp_path / "depth").mkdir()
    np.save(tmp_path / "depth" / "000000.npy", np.zeros((HEIGHT, WIDTH, 1)))
    refused(tmp_path, r"float64 \(24, 32, 1\)")
    np.save(tmp_path / "depth" / "000000.npy", np.zeros((HEIGHT, WIDTH + 2)))
    refused(tmp_path, "34x24")
    np.save(tmp_path / "depth" / "000000.npy", np.zeros((HEIGHT, WIDTH)))
    for text in ("no json", "[1]", '{"depth_is_metric": "yes"}'):
        (tmp_path / "cues.json").write_text(text)
        refused(tmp_path, "cues.json")


def test_refusals_of_hands(tmp_path):
    path = tmp_path / "hands.npz"
    path.write_bytes(b"no archive")
    refused(tmp_path, "cannot be read")
    one = hand(2)
    twice = {name: np.stack([getattr(one, name)] * 2) for name in ("keypoints", "pose", "translation", "joints")}
    twice["frame_index"] = [5, 5]
    bad_pose = np.zeros((1, 48))
    bad_pose[0, 3] = np.nan
    for changes, text in (
        ({"joints": None}, "lacks joints"),
        ({"pose": bad_pose}, "not finite"),
        ({"pose": np.zeros((1, 45))}, r"shape \(1, 45\)"),
        ({"keypoints": np.zeros((2, 21, 2))}, r"shape \(2, 21, 2\)"),
        ({"shape": np.zeros(11)}, r"shape \(1, 11\)"),
        ({"side": "up"}, "side"),
        ({"side": ["left", "left"]}, "side"),
        ({"frame_index": [-1]}, "negative"),
        ({"score": [np.inf]}, "not finite"),
        (twice, "repeats itself"),
    ):
        save_hands(path, **changes)
        refused(tmp_path, text)


def test_writer_refuses_what_does_not_fit_together(tmp_path):
    with CuesWriter(tmp_path / "a") as writer:
        writer.write(full_cues(0))
        with pytest.raises(InputError, match="metric"):
            writer.write(dataclasses.replace(full_cues(1), depth_is_metric=False))
    other = dataclasses.replace(full_cues(1), hand=dataclasses.replace(hand(1), model="other"))
    with pytest.raises(InputError, match="2 hand models"), CuesWriter(tmp_path / "b") as writer:
        writer.write(full_cues(0))
        writer.write(other)
