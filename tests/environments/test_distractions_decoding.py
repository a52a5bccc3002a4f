"""How clips are decoded, once for all processes."""

import numpy as np
import pytest
from PIL import Image

from coral_cli.environments.distractions import clip_cache
from coral_cli.environments.distractions.clips import find_clips
from coral_cli.environments.distractions.decoding import decode
from coral_cli.registry.errors import CoralError

from .clip_files import SIZE, play, video, write_folder, write_video


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "coral" / "clips"


@pytest.fixture
def decoded(monkeypatch):
    """The names of clips as they are decoded."""
    names = []

    def counting(clip, *args):
        names.append(clip.name)
        return decode(clip, *args)

    monkeypatch.setattr(clip_cache, "decode", counting)
    return names


# Decoding


def test_images_are_cut_to_their_centre_and_averaged_over_areas(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (4, 8, 3), np.uint8)
    Image.fromarray(image).save(tmp_path / "a.png")
    (small,) = decode(*find_clips(str(tmp_path)), 2, 2, 10)
    by_hand = image[:, 2:6].astype(float).reshape(2, 2, 2, 2, 3).mean((1, 3))
    assert np.abs(small - by_hand).max() <= 1


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov", "a.avi"])
def test_videos_are_cut_to_their_centre_and_keep_their_order(tmp_path, name):
    frames = np.zeros((6, 64, 192, 3), np.uint8)
    frames[:, :, :64] = 255  # cut off on the left
    frames[:, :, 64:96, 0] = 200  # red
    frames[:, :, 96:128, 2] = 200  # blue
    frames[:, :, :, 1] = (np.arange(6) * 20)[:, None, None]  # time
    write_video(tmp_path / name, frames)
    decoded = decode(*find_clips(str(tmp_path)), 16, 16, 5).astype(int)
    assert decoded.shape == (5, 16, 16, 3)
    assert np.abs(decoded[:, :, 1:7, 0] - 200).max() < 40 and decoded[:, :, 9:15, 0].max() < 40
    assert np.abs(decoded[:, :, 9:15, 2] - 200).max() < 40 and decoded[:, :, 1:7, 2].max() < 40
    assert np.allclose(decoded[..., 1].mean((1, 2)), 20 * np.arange(5), atol=8)


def test_a_fine_pattern_becomes_its_mean_and_a_small_video_is_enlarged(tmp_path):
    frames = np.full((2, 64, 64, 3), 220, np.uint8)
    frames[:, ::2] = 20
    write_video(tmp_path / "a.mp4", frames)
    (clip,) = find_clips(str(tmp_path))
    assert np.abs(decode(clip, 8, 8, 5).astype(int) - 120).max() < 8
    assert decode(clip, 100, 120, 5).shape == (2, 100, 120, 3)


def test_gif_and_webp(tmp_path):
    colors = [(250, 0, 0), (0, 250, 0), (0, 0, 250)]
    images = [Image.new("RGB", (12, 12), color) for color in colors]
    images[0].save(tmp_path / "a.gif", save_all=True, append_images=images[1:], duration=40)
    images[1].save(tmp_path / "b.webp", lossless=True)
    still, moving = find_clips(str(tmp_path))
    assert np.abs(decode(moving, 4, 6, 9)[:, 2, 3].astype(int) - colors).max() < 8
    assert np.abs(decode(still, 4, 6, 9)[0, 2, 3].astype(int) - colors[1]).max() < 8


# The cache


def test_a_clip_is_decoded_once_for_all_processes_and_again_when_it_changes(tmp_path, cache, decoded):
    folder = write_folder(tmp_path, clips=1)
    first = play(video(folder), 0, 9)
    assert play(video(folder), 0, 9) == first
    assert decoded == ["clip00"]
    assert [path.suffix for path in cache.iterdir()] == [".npy"]
    video(folder, size=(8, 8))
    video(folder, max_frames=2)
    assert len(decoded) == 3
    Image.fromarray(np.full((*SIZE, 3), 99, np.uint8)).resize((60, 60)).save(folder / "clip00" / "000.png")
    assert 99 in play(video(folder), 0, 9)
    assert len(decoded) == 4


def test_cached_frames_are_mapped_into_memory(tmp_path):
    (clip,) = find_clips(str(write_folder(tmp_path, clips=1)))
    frames = clip_cache.frames_of(clip, *SIZE, 10)
    assert isinstance(frames, np.memmap) and not frames.flags.writeable
    assert np.array_equal(frames, decode(clip, *SIZE, 10))


def test_a_damaged_cache_is_made_anew(tmp_path, cache, decoded):
    folder = write_folder(tmp_path, clips=1)
    first = play(video(folder), 0, 9)
    for frames in (np.zeros((9, 8, 8, 3), np.uint8), np.zeros((9, *SIZE, 3)), np.zeros((0, *SIZE, 3), np.uint8)):
        np.save(next(cache.iterdir()), frames)
        assert play(video(folder), 0, 9) == first
    for damage in (b"", b"nothing", next(cache.iterdir()).read_bytes()[:-10]):
        next(cache.iterdir()).write_bytes(damage)
        assert play(video(folder), 0, 9) == first
    assert len(decoded) == 7


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    folder = write_folder(tmp_path, clips=1)
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(CoralError, match="cannot be written") as refused:
        video(folder)
    assert "XDG_CACHE_HOME" in refused.value.hint


def test_nothing_unfinished_stays_behind(tmp_path, cache, monkeypatch):
    (clip,) = find_clips(str(write_folder(tmp_path, clips=1)))

    def full(file, frames):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(clip_cache.np, "save", full)
    with pytest.raises(CoralError, match="No space left"):
        clip_cache.frames_of(clip, *SIZE, 10)
    assert list(cache.iterdir()) == []
