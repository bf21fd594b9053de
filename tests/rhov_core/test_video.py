import subprocess

import cv2
import numpy as np
import pytest

from rhov_core.errors import InputError, RhovError
from rhov_core.video import VideoReader, VideoWriter, ffmpeg_executable

SIZE = (96, 64)
FRAMES = 40


def numbered(index, size=SIZE):
    """A picture that tells its index: a bright block whose column is the index, on a dark gradient."""
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 1] = np.linspace(0, 60, width)[None]
    image[height // 2 :, 2 * index : 2 * index + 8] = 255
    return image


def index_of(image):
    row = image[3 * image.shape[0] // 4].astype(int).sum(1)
    bright = np.flatnonzero(row > 600)
    return round((bright.mean() - 3.5) / 2)


def ffmpeg(*arguments):
    subprocess.run([ffmpeg_executable(), "-loglevel", "error", "-y", *map(str, arguments)], check=True)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    with VideoWriter(path, 25.0, SIZE) as writer:
        for index in range(FRAMES):
            writer.write(numbered(index))
    return path


def test_what_is_written_reads_back(clip):
    reader = VideoReader(clip)
    frames = list(reader)
    assert (reader.info.width, reader.info.height, reader.info.frames_announced) == (*SIZE, FRAMES)
    assert reader.info.fps == pytest.approx(25.0)
    assert [frame.frame_index for frame in frames] == list(range(FRAMES))
    assert [index_of(frame.image) for frame in frames] == list(range(FRAMES))
    np.testing.assert_allclose([frame.stamp for frame in frames], np.arange(FRAMES) / 25, atol=1e-6)
    assert reader.frames_skipped == 0
    assert not list(clip.parent.glob(".partial*"))


def test_a_range_keeps_index_and_stamp_of_the_file(clip):
    frames = list(VideoReader(clip, start=7, count=5))
    assert [frame.frame_index for frame in frames] == [7, 8, 9, 10, 11]
    assert [index_of(frame.image) for frame in frames] == [7, 8, 9, 10, 11]
    assert frames[0].stamp == pytest.approx(7 / 25)
    assert len(list(VideoReader(clip, start=FRAMES - 2, count=50))) == 2


def test_written_format_plays_in_browsers(clip):
    report = subprocess.run(
        [ffmpeg_executable(), "-hide_banner", "-i", str(clip)], capture_output=True, text=True, check=False
    ).stderr
    assert "h264" in report and "yuv420p" in report
    head = clip.read_bytes()[:4096]
    assert head.index(b"moov") < len(head), "the index must come first for playing while loading"


def test_odd_sizes_are_padded(tmp_path):
    with VideoWriter(tmp_path / "odd.mp4", 30, (95, 63)) as writer:
        writer.write(numbered(3, (95, 63)))
    assert next(iter(VideoReader(tmp_path / "odd.mp4"))).image.shape == (64, 96, 3)


def test_variable_frame_rate_gives_true_increasing_stamps(clip, tmp_path):
    path = tmp_path / "variable.mkv"
    ffmpeg("-i", clip, "-vf", "setpts='(N+2*floor(N/5))/25/TB'", "-fps_mode", "vfr", "-c:v", "libx264", "-bf", 3, path)
    frames = list(VideoReader(path))
    number = np.arange(FRAMES)
    assert [index_of(frame.image) for frame in frames] == number.tolist()
    np.testing.assert_allclose([frame.stamp for frame in frames], (number + 2 * (number // 5)) / 25, atol=2e-3)


def test_file_without_times_gets_increasing_stamps(clip, tmp_path):
    path = tmp_path / "raw.h264"
    ffmpeg("-i", clip, "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264", path)
    stamps = [frame.stamp for frame in VideoReader(path)]
    np.testing.assert_allclose(stamps, np.arange(FRAMES) / 25)


def test_rotation_metadata_is_applied(clip, tmp_path):
    path = tmp_path / "rotated.mp4"
    ffmpeg("-display_rotation", -90, "-i", clip, "-c", "copy", path)
    reader = VideoReader(path)
    frame = list(reader)[10]
    assert (reader.info.width, reader.info.height) == (SIZE[1], SIZE[0]) == frame.image.shape[1::-1]
    assert index_of(cv2.rotate(frame.image, cv2.ROTATE_90_COUNTERCLOCKWISE)) == 10


def test_damaged_middle_is_survived(clip, tmp_path):
    content = bytearray(clip.read_bytes())
    start = content.index(b"mdat") + 2000
    content[start : start + 400] = bytes(400)
    path = tmp_path / "damaged.mp4"
    path.write_bytes(content)
    frames = list(VideoReader(path))
    assert FRAMES // 2 < len(frames) <= FRAMES
    assert (np.diff([frame.stamp for frame in frames]) > 0).all()


def test_cut_off_file_gives_its_beginning_and_counts_the_rest(clip, tmp_path):
    content = clip.read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(content[: content.index(b"mdat") + (len(content) - content.index(b"mdat")) // 2])
    reader = VideoReader(path)
    frames = list(reader)
    assert 0 < len(frames) < FRAMES == reader.info.frames_announced
    assert reader.frames_skipped == FRAMES - len(frames)


def test_times_beyond_the_packets_go_on_at_the_frame_rate(clip, monkeypatch):
    monkeypatch.setattr("rhov_core.video_reader._packet_times", lambda path: iter([0.0, 0.5]))
    stamps = [frame.stamp for frame in VideoReader(clip, count=5)]
    np.testing.assert_allclose(stamps, [0, 0.5, 0.54, 0.58, 0.62])


def refused(make):
    with pytest.raises(InputError) as caught:
        make()
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")
    return str(caught.value)


def test_refusals(clip, tmp_path):
    content = clip.read_bytes()
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("this is no video\n" * 100)
    (tmp_path / "headless.mp4").write_bytes(content[content.index(b"mdat") :])
    no_frames = bytearray(content)
    no_frames[content.index(b"mdat") + 4 :] = bytes(len(content) - content.index(b"mdat") - 4)
    (tmp_path / "blank.mp4").write_bytes(no_frames)
    cv2.imwrite(str(tmp_path / "picture.png"), numbered(1))
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1", tmp_path / "sound.m4a")
    assert "there is no file" in refused(lambda: VideoReader(tmp_path / "missing.mp4"))
    assert "is not a file" in refused(lambda: VideoReader(tmp_path))
    assert "is empty" in refused(lambda: VideoReader(tmp_path / "empty.mp4"))
    for name in ("text.mp4", "headless.mp4", "sound.m4a"):
        assert "cannot be opened" in refused(lambda name=name: VideoReader(tmp_path / name))
    assert "can be decoded" in refused(lambda: VideoReader(tmp_path / "blank.mp4"))
    assert "single picture" in refused(lambda: VideoReader(tmp_path / "picture.png"))
    for range_ in ({"start": -1}, {"count": 0}):
        assert "start >= 0" in refused(lambda range_=range_: VideoReader(clip, **range_))
    assert f"has {FRAMES} frames" in refused(lambda: list(VideoReader(clip, start=FRAMES)))


def test_writer_refusals(tmp_path):
    for fps, size in ((0, SIZE), (float("nan"), SIZE), (30, (1, 64))):
        refused(lambda fps=fps, size=size: VideoWriter(tmp_path / "a.mp4", fps, size))
    with pytest.raises(InputError, match="a frame is"), VideoWriter(tmp_path / "a.mp4", 30, SIZE) as writer:
        writer.write(numbered(0, (64, 64)))
    with pytest.raises(InputError, match="no frame was given"), VideoWriter(tmp_path / "a.mp4", 30, SIZE):
        pass
    assert not list(tmp_path.iterdir()), "a failed video must leave nothing behind"


def test_an_exception_leaves_no_file(tmp_path):
    with pytest.raises(KeyError), VideoWriter(tmp_path / "a.mp4", 30, SIZE) as writer:
        writer.write(numbered(0))
        encoder = writer._process
        raise KeyError
    assert encoder.returncode is not None, "the encoder must not go on running"
    assert not list(tmp_path.iterdir())


def test_failing_encoder_is_reported(tmp_path):
    writer = VideoWriter(tmp_path / "a.mp4", 30, SIZE, crf=18)
    writer._command[writer._command.index("libx264")] = "no_such_codec"
    with pytest.raises(RhovError, match="ffmpeg could not write"), writer:
        for _ in range(200):
            writer.write(numbered(0))
    assert not list(tmp_path.iterdir())
