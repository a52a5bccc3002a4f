"""Clips behind the agent: which play when, how they are decoded, and what happens with broken ones."""

import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from coral_cli.environments.distractions import clip_cache
from coral_cli.environments.distractions.clips import Clip, clips_of, find_clips
from coral_cli.environments.distractions.decoding import BrokenClipError, decode
from coral_cli.environments.distractions.records import DISTRACTIONS
from coral_cli.environments.distractions.video import Video
from coral_cli.plugin import Sensor
from coral_cli.registry.errors import CoralError, UsageError
from coral_cli.registry.options import with_values

SIZE = (4, 6)
VIDEO = next(record for record in DISTRACTIONS if record.name == "video")


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


def write_images(folder, clip, frames=5):
    """A clip whose pixels all say ``10 * clip + index``."""
    path = folder / f"clip{clip:02d}"
    path.mkdir(parents=True)
    for index in range(frames):
        Image.fromarray(np.full((*SIZE, 3), 10 * clip + index, np.uint8)).save(path / f"{index:03d}.png")


def write_folder(tmp_path, clips, frames=5):
    folder = tmp_path / "clips"
    for clip in range(clips):
        write_images(folder, clip, frames)
    return folder


def write_video(path, frames, codec="h264"):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "10"}
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))


def video(folder, split="training", single=False, gray=False, max_frames=1000, size=SIZE):
    return Video(str(folder), size, split, single=single, gray=gray, max_frames=max_frames)


def play(source, seed, steps):
    """What the frames say, one number each."""
    source.begin(np.random.default_rng(seed))
    return [int(source.frame()[0, 0, 0]) for _ in range(steps)]


# Which clips there are, and for whom


def test_clips_are_video_files_and_folders_of_images(tmp_path):
    write_images(tmp_path, 1)
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    for name in ("b.mp4", "deep/a.WEBM", "deep/deeper/c.gif", "notes.txt", ".hidden.mp4", "photo.jpg"):
        (tmp_path / name).touch()
    clips = find_clips(str(tmp_path))
    assert [clip.name for clip in clips] == [".", "b.mp4", "clip01", "deep/a.WEBM", "deep/deeper/c.gif"]
    assert [path.name for path in clips[2].images] == ["000.png", "001.png", "002.png", "003.png", "004.png"]
    assert [path.name for path in clips[0].images] == ["photo.jpg"]


@pytest.mark.parametrize("count", [2, 3, 7, 50])
def test_training_and_evaluation_share_no_clip(count):
    clips = [Clip(f"{index}.mp4", Path(f"{index}.mp4")) for index in range(count)]
    training, evaluation = clips_of(clips, "training"), clips_of(clips[::-1], "evaluation")
    assert training and evaluation and not set(training) & set(evaluation)
    assert set(training) | set(evaluation) == set(clips)
    assert len(evaluation) == max(1, round(count / 5))


def test_another_clip_moves_hardly_any_to_the_other_side():
    clips = [Clip(f"{index}.mp4", Path(f"{index}.mp4")) for index in range(50)]
    before, after = set(clips_of(clips[:-1], "evaluation")), set(clips_of(clips, "evaluation"))
    assert len(before ^ after) <= 2


def test_what_is_played_differs_between_training_and_evaluation(tmp_path):
    folder = write_folder(tmp_path, clips=6)
    seen = {}
    for split in ("training", "evaluation"):
        source = video(folder, split)
        seen[split] = {value // 10 for seed in range(40) for value in play(source, seed, 3)}
    assert not seen["training"] & seen["evaluation"]
    assert len(seen["training"]) == 5 and len(seen["evaluation"]) == 1


@pytest.mark.parametrize("frames", [2, 7])
def test_one_clip_alone_is_halved_in_time(tmp_path, frames):
    folder = write_folder(tmp_path, clips=1, frames=frames)
    seen = {split: {value for seed in range(30) for value in play(video(folder, split), seed, 9)} for split in SPLITS}
    middle = (frames + 1) // 2
    assert seen["training"] == set(range(middle))
    assert seen["evaluation"] == set(range(middle, frames))


SPLITS = ("training", "evaluation")


def test_a_single_image_cannot_be_halved(tmp_path):
    folder = write_folder(tmp_path, clips=1, frames=1)
    with pytest.raises(UsageError, match="one frame") as refused:
        video(folder)
    assert "clips single" in refused.value.hint
    assert play(video(folder, single=True), 0, 3) == [0, 0, 0]


def test_single_plays_the_first_clip_for_everything(tmp_path):
    folder = write_folder(tmp_path, clips=4)
    for split in SPLITS:
        source = video(folder, split, single=True)
        assert {value for seed in range(30) for value in play(source, seed, 9)} == {0, 1, 2, 3, 4}


# How a clip plays


def test_a_clip_starts_anywhere_and_plays_there_and_back(tmp_path):
    source, starts = video(write_folder(tmp_path, clips=2, frames=4)), set()
    there_and_back = [0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0]
    for seed in range(30):
        played = [value % 10 for value in play(source, seed, 9)]
        starts.add(played[0])
        assert played == there_and_back[played[0] : played[0] + 9]
        assert play(source, seed, 9) == play(source, seed, 9)
    assert starts == {0, 1, 2, 3}


def test_no_more_than_max_frames_are_used(tmp_path):
    source = video(write_folder(tmp_path, clips=2), max_frames=3)
    assert {value % 10 for seed in range(30) for value in play(source, seed, 6)} == {0, 1, 2}


def test_gray_is_the_luma_in_all_channels(tmp_path):
    (tmp_path / "clips").mkdir()
    image = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    Image.fromarray(image).save(tmp_path / "clips" / "a.png")
    source = video(tmp_path / "clips", single=True, gray=True)
    source.begin(np.random.default_rng(0))
    frame = source.frame().astype(int)
    luma = 0.299 * image[..., 0] + 0.587 * image[..., 1] + 0.114 * image[..., 2]
    assert np.abs(frame[..., 0] - luma).max() <= 0.51
    assert (frame == frame[..., :1]).all()


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


# Broken files


def test_broken_clips_are_named_once_and_left_out(tmp_path, capsys):
    folder = write_folder(tmp_path, clips=4)
    for index in range(6):
        (folder / f"broken{index}.mp4").write_bytes(b"no video")
    (folder / "clip00" / "0000.png").write_bytes(b"no image")
    sources = [video(folder, split) for split in SPLITS]
    seen = [{value // 10 for seed in range(60) for value in play(source, seed, 5)} for source in sources]
    assert seen[0] | seen[1] == {0, 1, 2, 3}
    lines = capsys.readouterr().err.splitlines()
    names = [*(f"broken{index}.mp4" for index in range(6)), "0000.png"]
    assert [sum(name in line for line in lines) for name in names] == [1] * 7
    assert len(lines) == 7


def test_which_clip_plays_does_not_depend_on_what_is_known_to_be_broken(tmp_path):
    folder = write_folder(tmp_path, clips=4)
    for index in range(6):
        (folder / f"broken{index}.mp4").write_bytes(b"no video")
    source = video(folder)
    assert play(source, 7, 5) == play(video(folder), 7, 5)
    play(source, 1, 5)
    assert play(source, 7, 5) == play(video(folder), 7, 5)


def test_clips_that_are_gone_end_the_run(tmp_path):
    folder = write_folder(tmp_path, clips=3)
    source = video(folder)
    shutil.rmtree(folder)
    with pytest.raises(CoralError, match="none of the clips can be read any more"):
        source.begin(np.random.default_rng(0))


def test_a_video_without_frames_or_cut_short_is_broken(tmp_path):
    write_video(tmp_path / "a.mp4", np.zeros((30, 64, 64, 3), np.uint8))
    whole = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(whole[: len(whole) // 2])
    (clip,) = find_clips(str(tmp_path))
    with pytest.raises(BrokenClipError):
        decode(clip, 4, 4, 10)
    (tmp_path / "a.mp4").unlink()
    with pytest.raises(BrokenClipError):
        clip_cache.frames_of(clip, 4, 4, 10)


def test_a_folder_without_a_usable_clip_is_named(tmp_path):
    folder = tmp_path / "clips"
    with pytest.raises(UsageError, match=f"no folder {folder}"):
        video(folder)
    folder.mkdir()
    with pytest.raises(UsageError, match=f"no clips in {folder}"):
        video(folder)
    (folder / "a.mp4").write_bytes(b"no video")
    with pytest.raises(UsageError, match=f"in {folder} can be read"):
        video(folder)


def test_a_folder_must_be_given():
    with pytest.raises(UsageError) as refused:
        VIDEO.build(VIDEO.options, Sensor("image", "image", (*SIZE, 3)), "training")
    assert "--distraction.video.folder" in refused.value.hint


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
    for damage in (b"", b"nothing", next(cache.iterdir()).read_bytes()[:-10]):
        next(cache.iterdir()).write_bytes(damage)
        assert play(video(folder), 0, 9) == first
    assert len(decoded) == 4


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


# In front of the agent


def test_options_reach_the_background(tmp_path):
    (tmp_path / "clips" / "a").mkdir(parents=True)
    for name, color in (("0", (200, 0, 0)), ("1", (0, 200, 0)), ("2", (0, 0, 0))):
        Image.new("RGB", SIZE[::-1], color).save(tmp_path / "clips" / "a" / f"{name}.png")
    write_images(tmp_path / "clips", 1)
    folder = str(tmp_path / "clips")
    options = with_values(VIDEO.options, {"folder": folder, "clips": "single", "gray": True, "max_frames": 2})
    module, seen = VIDEO.build(options, Sensor("image", "image", (*SIZE, 3)), "evaluation"), set()
    for seed in range(20):
        module.begin(np.random.default_rng(seed), None)
        image = np.full((*SIZE, 3), 100, np.uint8)
        image[1, 2] = 0, 0, 100
        shown = module.change(image, None)
        assert (shown != 100).any(-1).sum() == 1
        seen.add(tuple(shown[1, 2].tolist()))
    assert seen == {(60, 60, 60), (117, 117, 117)}  # 0.299 and 0.587 of 200
