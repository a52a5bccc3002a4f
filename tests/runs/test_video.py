from __future__ import annotations

import sys

import av
import numpy as np
import pytest

from coral_cli.registry.errors import CoralError
from coral_cli.runs.video import GAP, STRIP, in_colours, side_by_side, write_video


def read(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        return frames, stream.codec_context.name, stream.pix_fmt, float(stream.average_rate)


@pytest.mark.parametrize(("height", "width"), [(64, 96), (65, 96), (64, 97), (65, 97)])
def test_a_video_comes_back(tmp_path, height, width):
    levels = [20, 120, 220, 60, 180]
    write_video(tmp_path / "x.mp4", (np.full((height, width, 3), level, np.uint8) for level in levels), fps=12.5)
    frames, codec, pixels, rate = read(tmp_path / "x.mp4")
    assert (codec, pixels, rate) == ("h264", "yuv420p", 12.5)
    assert len(frames) == 5
    for frame, level in zip(frames, levels, strict=True):
        assert frame.shape == (height + height % 2, width + width % 2, 3)
        assert np.abs(frame.astype(int) - level).max() <= 3, "no dark border where the size was odd"


def test_a_single_frame_is_a_video(tmp_path):
    write_video(tmp_path / "x.mp4", [np.zeros((32, 32, 3), np.uint8)], fps=1 / 0.03)
    frames, *_, rate = read(tmp_path / "x.mp4")
    assert len(frames) == 1
    assert rate == pytest.approx(33.333, abs=0.001)


def test_no_frames_are_no_video(tmp_path):
    with pytest.raises(ValueError, match="at least one frame"):
        write_video(tmp_path / "x.mp4", [], fps=25)
    assert list(tmp_path.iterdir()) == []


def test_frames_that_break_off_leave_the_old_video(tmp_path):
    def frames():
        yield np.zeros((32, 32, 3), np.uint8)
        raise RuntimeError("the simulator diverged")

    (tmp_path / "x.mp4").write_bytes(b"old")
    with pytest.raises(RuntimeError, match="diverged"):
        write_video(tmp_path / "x.mp4", frames(), fps=25)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("x.mp4", b"old")]


def test_without_an_encoder_the_sentence_names_the_package(tmp_path, monkeypatch):
    frame = np.zeros((32, 32, 3), np.uint8)

    def refuse(*_, **__):
        raise av.codec.codec.UnknownCodecError("h264")

    monkeypatch.setattr(av.container.OutputContainer, "add_stream", refuse, raising=True)
    with pytest.raises(CoralError, match="cannot be encoded") as error:
        write_video(tmp_path / "x.mp4", [frame], fps=25)
    assert "av" in error.value.hint
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(CoralError, match="no video encoder"):
        write_video(tmp_path / "x.mp4", [frame], fps=25)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_not_there_is_the_disks_fault(tmp_path):
    with pytest.raises(CoralError, match="cannot be written"):
        write_video(tmp_path / "missing" / "x.mp4", [np.zeros((32, 32, 3), np.uint8)], fps=25)


def test_the_agents_pixels_are_enlarged_by_whole_numbers():
    agent = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    outside = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
    frame = side_by_side({"image": agent, "outside": outside})
    assert frame.shape == (STRIP + 240, 3 * 64 + GAP + 320, 3) and frame.dtype == np.uint8
    top = STRIP + (240 - 192) // 2
    assert np.array_equal(frame[top : top + 192 : 3, :192:3], agent)
    assert np.array_equal(frame[top + 2 : top + 192 : 3, 2:192:3], agent)
    assert np.array_equal(frame[STRIP:, 192 + GAP :], outside)
    assert not frame[STRIP:, 192 : 192 + GAP].any()
    assert frame[:STRIP, :192].max() > 100 and frame[:STRIP, 192 + GAP :].max() > 100, "both are labelled"


@pytest.mark.parametrize(
    ("channels", "expected"),
    [(1, [0, 0, 0]), (2, [1, 1, 1]), (3, [0, 1, 2]), (4, [0, 1, 2]), (5, [4, 4, 4]), (9, [6, 7, 8])],
)
def test_the_newest_of_stacked_pictures_is_shown_in_colours(channels, expected):
    view = np.broadcast_to(np.arange(channels, dtype=np.uint8), (8, 8, channels))
    assert in_colours(view).shape == (8, 8, 3) and in_colours(view)[3, 4].tolist() == expected
    film = side_by_side({"image": view, "outside": np.zeros((16, 16, 3), np.uint8)})
    assert film[STRIP + 5, 5].tolist() == expected


def test_an_agents_view_larger_than_the_outside_one_keeps_its_size():
    frame = side_by_side({"image": np.full((100, 80, 3), 9, np.uint8), "outside": np.full((50, 60, 3), 7, np.uint8)})
    assert frame.shape == (STRIP + 100, 80 + GAP + 60, 3)
    assert (frame[STRIP + 25 : STRIP + 75, 80 + GAP :] == 7).all()
    assert (frame[STRIP:, :80] == 9).all()


def test_a_tiny_view_does_not_break_its_label():
    frame = side_by_side({"image": np.zeros((8, 8, 3), np.uint8), "outside": np.zeros((9, 9, 3), np.uint8)})
    assert frame.shape == (STRIP + 9, 17 + GAP, 3)


def test_every_camera_has_its_place():
    levels = {"image": (64, 50), "wrist": (32, 100), "outside": (128, 150)}
    frame = side_by_side({name: np.full((side, side, 3), level, np.uint8) for name, (side, level) in levels.items()})
    assert frame.shape == (STRIP + 128, 3 * 128 + 2 * GAP, 3)
    for index, (_, level) in enumerate(levels.values()):
        left = index * (128 + GAP)
        assert (frame[STRIP:, left : left + 128] == level).all() and frame[:STRIP, left : left + 128].max() > 100
