"""Clips behind the agent: which play when, and what happens with broken ones."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from coral_cli.environments.distractions import clip_cache
from coral_cli.environments.distractions.clips import Clip, clips_of, find_clips
from coral_cli.environments.distractions.decoding import BrokenClipError, decode
from coral_cli.environments.distractions.records import DISTRACTIONS
from coral_cli.plugin import Sensor
from coral_cli.registry.errors import CoralError, UsageError
from coral_cli.registry.options import with_values

from .clip_files import SIZE, play, video, write_folder, write_images, write_video

VIDEO = next(record for record in DISTRACTIONS if record.name == "video")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "coral" / "clips"


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
