"""What the headers of clips say of their pictures: which way up, which colours, how many bits; and their order."""

import struct
from types import SimpleNamespace

import av
import numpy as np
import pytest
from PIL import Image

from coral_cli.environments.distractions import clip_cache
from coral_cli.environments.distractions.clips import Clip, find_clips
from coral_cli.environments.distractions.decoding import decode
from coral_cli.environments.distractions.upright import of_frame, upright

from .clip_files import write_video

CORNERS = np.array([[(220, 0, 0), (0, 200, 0)], [(0, 0, 220), (200, 200, 200)]], np.uint8)
"""Red and green above blue and white (2, 2, 3)."""


def corners(frame):
    """The colours of a frame's four quarters (2, 2, 3)."""
    height, width, _ = frame.shape
    return frame[height // 4 :: height // 2, width // 4 :: width // 2][:2, :2].astype(int)


def stored(height, width):
    return CORNERS.repeat(height // 2, 0).repeat(width // 2, 1)


# Which way up

TURNS = {
    "as stored": ((1, 0, 0, 1), 1, lambda frame: frame),
    "a quarter clockwise": ((0, 1, -1, 0), 6, lambda frame: np.rot90(frame, -1)),
    "a half": ((-1, 0, 0, -1), 3, lambda frame: np.rot90(frame, 2)),
    "a quarter counterclockwise": ((0, -1, 1, 0), 8, lambda frame: np.rot90(frame)),
    "left and right": ((-1, 0, 0, 1), 2, np.fliplr),
    "top and bottom": ((1, 0, 0, -1), 4, np.flipud),
    "rows to columns": ((0, 1, 1, 0), 5, lambda frame: frame.swapaxes(0, 1)),
    "rows to columns, backwards": ((0, -1, -1, 0), 7, lambda frame: np.rot90(frame, 2).swapaxes(0, 1)),
}
"""The display matrix without its shift, Exif's orientation, and by hand what is shown."""


def write_turned(path, matrix, frames=3):
    """A video of 64x96 pixels whose track header holds ``matrix`` (a, b, c, d)."""
    write_video(path, np.stack([stored(64, 96)] * frames))
    data = bytearray(path.read_bytes())
    a, b, c, d = (value << 16 for value in matrix)
    at = data.find(struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30), data.find(b"tkhd"))
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


@pytest.mark.parametrize("how", TURNS)
@pytest.mark.parametrize("size", [(16, 16), (16, 40), (40, 16)])
def test_videos_stand_as_players_show_them(tmp_path, how, size):
    matrix, _, shown = TURNS[how]
    write_turned(tmp_path / "a.mp4", matrix)
    frames = decode(*find_clips(str(tmp_path)), *size, 9)
    assert frames.shape == (3, *size, 3)
    for frame in frames:
        assert np.abs(corners(frame) - shown(CORNERS)).max() < 30


@pytest.mark.parametrize("how", TURNS)
@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
def test_photographs_stand_as_viewers_show_them(tmp_path, how, ending):
    _, orientation, shown = TURNS[how]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored(64, 96)).save(tmp_path / f"a.{ending}", exif=exif, quality=95)
    (frame,) = decode(*find_clips(str(tmp_path)), 16, 16, 9)
    assert np.abs(corners(frame) - shown(CORNERS)).max() < 30


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("entry", [b"Exif\0\0no header", b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01"])
def test_a_photograph_whose_exif_is_damaged_is_shown_as_stored(tmp_path, entry):
    Image.fromarray(stored(64, 96)).save(tmp_path / "a.jpg", exif=entry, quality=95)
    (frame,) = decode(*find_clips(str(tmp_path)), 16, 16, 9)
    assert np.abs(corners(frame) - CORNERS).max() < 30


def test_an_odd_angle_is_taken_as_the_nearest_right_one():
    class Unknown(SimpleNamespace):
        """Has side data that PyAV does not know."""

        @property
        def side_data(self):
            raise ValueError("99 is not a valid Type")

    for angle, quarters in [(0, 0), (-80, -1), (100, 1), (170, 2), (-45.1, -1), (44.9, 0)]:
        shown = upright(stored(64, 96), of_frame(Unknown(rotation=angle)))
        assert np.array_equal(shown, np.rot90(stored(64, 96), quarters)), angle


# Which colours

BT601, BT709, BT2020 = (0.299, 0.114), (0.2126, 0.0722), (0.2627, 0.0593)
"""The weights of red and blue in the luma, as the standards have them."""


def write_plane(path, rgb, weights, tag, full, depth, size=(64, 64)):
    """A video of one colour, converted to Y'CbCr here by the standards' formulas."""
    red, blue = weights
    r, g, b = (value / 255 for value in rgb)
    luma = red * r + (1 - red - blue) * g + blue * b
    chroma = (b - luma) / (2 * (1 - blue)), (r - luma) / (2 * (1 - red))
    most, unit = 2**depth - 1, 2 ** (depth - 8)
    if full:
        codes = [luma * most, *(most * value + 128 * unit for value in chroma)]
    else:
        codes = [(16 + 219 * luma) * unit, *((128 + 224 * value) * unit for value in chroma)]
    pixels = "yuv444p" if depth == 8 else "yuv444p10le"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("h264", rate=30)
        stream.width, stream.height, stream.pix_fmt, stream.options = *size, pixels, {"crf": "1"}
        stream.codec_context.colorspace, stream.codec_context.color_range = tag, 2 if full else 1
        frame = av.VideoFrame(*size, pixels)
        frame.colorspace, frame.color_range = tag, 2 if full else 1
        dtype = np.dtype(np.uint8 if depth == 8 else np.uint16)
        for plane, code in zip(frame.planes, codes, strict=True):
            plane.update(np.full(plane.buffer_size // dtype.itemsize, round(code), dtype))
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("rgb", [(0, 200, 0), (200, 30, 90), (20, 60, 220)])
@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("weights, tag", [(BT601, 5), (BT601, 6), (BT709, 1), (BT2020, 9)])
@pytest.mark.parametrize("depth", [8, 10])
def test_colours_are_those_of_the_matrix_and_the_range_that_a_video_names(tmp_path, rgb, weights, tag, full, depth):
    write_plane(tmp_path / "a.mkv", rgb, weights, tag, full, depth)
    (frame,) = decode(*find_clips(str(tmp_path)), 16, 16, 9)
    assert np.abs(frame[8, 8].astype(int) - rgb).max() <= 4


@pytest.mark.parametrize("weights, size", [(BT601, (1280, 718)), (BT709, (1280, 720)), (BT709, (720, 1280))])
@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
def test_a_video_that_names_no_matrix_has_that_of_its_size(tmp_path, weights, size, full):
    write_plane(tmp_path / "a.mkv", (0, 200, 0), weights, 2, full, 8, size)
    (frame,) = decode(*find_clips(str(tmp_path)), 16, 16, 9)
    assert np.abs(frame[8, 8].astype(int) - (0, 200, 0)).max() <= 4


@pytest.mark.parametrize("pixels", ["gray", "bgr0"])
def test_a_large_video_without_a_matrix_keeps_its_colours(tmp_path, pixels):
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, pixels
        colour = (90, 90, 90) if pixels == "gray" else (0, 200, 40)
        shown = av.VideoFrame.from_ndarray(np.full((720, 1280, 3), colour, np.uint8), "rgb24")
        container.mux(stream.encode(shown))
        container.mux(stream.encode(None))
    (frame,) = decode(*find_clips(str(tmp_path)), 16, 16, 9)
    assert np.abs(frame[8, 8].astype(int) - colour).max() <= 2


# How many bits


def ramp(most, dtype):
    return np.rint(np.linspace(0, most, 64)).astype(dtype)[None].repeat(64, 0)


def test_pictures_of_16_bits_keep_their_brightness(tmp_path):
    Image.fromarray(ramp(65535, np.uint16)).save(tmp_path / "a.png")
    (frame,) = decode(*find_clips(str(tmp_path)), 64, 64, 9)
    assert np.abs(frame[32].astype(int) - ramp(255, int)[0][:, None]).max() <= 1


@pytest.mark.parametrize("pixels, most, dtype", [("gray16le", 65535, np.uint16), ("gray10le", 1023, np.uint16)])
def test_videos_of_more_bits_keep_their_brightness(tmp_path, pixels, most, dtype):
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 64, pixels
        container.mux(stream.encode(av.VideoFrame.from_ndarray(ramp(most, dtype), pixels)))
        container.mux(stream.encode(None))
    (frame,) = decode(*find_clips(str(tmp_path)), 64, 64, 9)
    assert np.abs(frame[32].astype(int) - ramp(255, int)[0][:, None]).max() <= 2


# In which order


def test_numbered_frames_play_by_their_numbers(tmp_path):
    names = ["frame_0", "frame_1", "frame_2", "frame_10", "frame_11", "frame_100", "take2_1"]
    for index, name in reversed(list(enumerate(names))):
        Image.new("RGB", (8, 8), (20 * index,) * 3).save(tmp_path / f"{name}.png")
    (clip,) = find_clips(str(tmp_path))
    assert [path.stem for path in clip.images] == names
    assert (decode(clip, 4, 4, 99)[:, 0, 0, 0] // 20).tolist() == list(range(7))


# What is cached


def test_frames_are_decoded_anew_when_their_order_or_what_decodes_them_changes(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "clips"
    folder.mkdir()
    for index in range(3):
        Image.new("RGB", (6, 4), (20 * index,) * 3).save(folder / f"{index}.png")
    (clip,) = find_clips(str(folder))
    first = clip_cache.frames_of(clip, 4, 6, 9)
    backwards = clip_cache.frames_of(Clip(clip.name, clip.path, clip.images[::-1]), 4, 6, 9)
    assert np.array_equal(first, backwards[::-1]) and not np.array_equal(first, backwards)
    asked = []
    monkeypatch.setattr(clip_cache, "decode", lambda *args: asked.append(args) or decode(*args))
    clip_cache.frames_of(clip, 4, 6, 9)
    assert not asked
    monkeypatch.setattr(clip_cache, "DECODER", (*clip_cache.DECODER, "another version"))
    clip_cache.frames_of(clip, 4, 6, 9)
    assert len(asked) == 1
