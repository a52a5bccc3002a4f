"""What TensorBoard reads back is what was heard."""

import io
import math
import sys
from dataclasses import replace

import av
import numpy as np
import pytest
from PIL import Image

from coral_cli.plugin import Event
from coral_cli.testing import check_observer, run
from coral_observer_tensorboard import coral_observers

(RECORD,) = coral_observers()


@pytest.fixture
def read():
    """What TensorBoard finds in a folder."""
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def load(folder):
        found = EventAccumulator(str(folder), size_guidance={"images": 0})
        found.Reload()
        return found

    return load


def test_the_contract_holds():
    pytest.importorskip("tensorboard")
    check_observer(RECORD)


def test_numbers_are_scalars_over_steps_and_the_rest_is_text(read, tmp_path):
    observer = RECORD.build(RECORD.options, tmp_path)
    observer(Event("start", 0, 0.0, {"command": "coral train", "seed": 3}))
    observer(Event("episode", 10, 1.0, {"episode": 1, "return": 2.5, "random": True, "metrics/success": 1.0}))
    for step, loss in ((20, 0.5), (30, math.nan)):
        observer(Event("update", step, 2.0, {"loss/image": loss, "updates_per_s": 4}))
    observer(Event("evaluation", 30, 3.0, {"return/mean": 7.0}))
    observer(Event("warning", 30, 3.0, {"message": "odd"}))
    observer(Event("end", 30, 4.0, {"status": "done", "best_return": None, "message": ""}))
    observer.close()
    found = read(tmp_path / "tensorboard")
    points = {tag: [(point.step, point.value) for point in found.Scalars(tag)] for tag in found.Tags()["scalars"]}
    assert math.isnan(points["loss/image"].pop()[1])
    assert points == {
        "episode/episode": [(10, 1)],
        "episode/return": [(10, 2.5)],
        "episode/metrics/success": [(10, 1)],
        "loss/image": [(20, 0.5)],
        "update/updates_per_s": [(20, 4), (30, 4)],
        "evaluation/return/mean": [(30, 7)],
    }
    assert found.Tags()["tensors"] == ["start/command/text_summary", "warning/message/text_summary"]


@pytest.fixture
def filmed(tmp_path):
    """A run's folder with a film of 150 frames at 25 a second, a white bar that moves right, and a picture."""
    (tmp_path / "videos").mkdir()
    picture = np.zeros((32, 64, 3), np.uint8)
    picture[:, 10:20] = (250, 0, 0)
    Image.fromarray(picture).save(tmp_path / "videos" / "a.png")
    with av.open(str(tmp_path / "videos" / "a.mp4"), "w") as film:
        stream = film.add_stream("h264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 32, "yuv420p"
        for number in range(150):
            frame = np.zeros((32, 160, 3), np.uint8)
            frame[:, number : number + 8] = 255
            film.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        film.mux(stream.encode(None))
    values = {"path": "videos/a.mp4", "picture": "videos/a.png", "cameras": "image", "return": 2.5}
    return tmp_path, picture, Event("film", 40, 1.0, values)


def images(found, tag):
    return [(image.step, Image.open(io.BytesIO(image.encoded_image_string))) for image in found.Images(tag)]


def test_a_film_is_a_picture_and_a_gif_that_lasts_as_long(read, filmed):
    folder, picture, event = filmed
    observer = RECORD.build(RECORD.options, folder)
    observer(event)
    observer.close()
    found = read(folder / "tensorboard")
    [(step, seen)] = images(found, "film/seen")
    assert step == 40
    np.testing.assert_array_equal(np.asarray(seen), picture)
    [(step, gif)] = images(found, "film/film")
    assert (step, gif.format, gif.n_frames, gif.size) == (40, "GIF", 50, (160, 32))
    assert gif.info["duration"] * gif.n_frames == 6000
    for number in (0, 20, 49):  # every third frame of the film
        gif.seek(number)
        bright = np.asarray(gif.convert("L")).mean(0) > 127
        assert abs(np.flatnonzero(bright).mean() - (3 * number + 3.5)) < 1
    assert [(point.step, point.value) for point in found.Scalars("film/return")] == [(40, 2.5)]


def test_films_can_be_left_out(read, filmed):
    folder, _, event = filmed
    observer = RECORD.build(replace(RECORD.options, films=False), folder)
    observer(event)
    observer.close()
    assert read(folder / "tensorboard").Tags()["images"] == ["film/seen"]


def test_flags_are_hyperparameters(read, tmp_path):
    observer = RECORD.build(RECORD.options, tmp_path)
    flags = {"flag/policy": "sac", "flag/policy.hidden": 128, "flag/model-lr": 0.5, "flag/init-from": None}
    observer(Event("start", 0, 0.0, {"command": "coral train", **flags}))
    observer(Event("end", 9, 1.0, {"status": "done"}))
    observer.close()
    content = read(tmp_path / "tensorboard").summary_metadata
    from tensorboard.plugins.hparams import metadata

    start = metadata.parse_session_start_info_plugin_data(content["_hparams_/session_start_info"].plugin_data.content)
    told = {name: value.string_value or value.number_value for name, value in start.hparams.items()}
    assert told == {"policy": "sac", "policy.hidden": 128, "model-lr": 0.5, "init-from": "none"}
    experiment = metadata.parse_experiment_plugin_data(content["_hparams_/experiment"].plugin_data.content)
    assert [metric.name.tag for metric in experiment.metric_infos] == ["evaluation/return/mean"]
    assert "_hparams_/session_end_info" in content


def test_what_is_wrong_with_pictures_costs_no_scalars(read, tmp_path, capsys):
    observer = RECORD.build(RECORD.options, tmp_path)
    lost = {"path": "videos/none.mp4", "picture": "videos/none.png", "return": 2.5}
    for step in (10, 20):
        observer(Event("film", step, 1.0, lost))
    observer(Event("evaluation", 30, 3.0, {"return/mean": 7.0}))
    observer.close()
    found = read(tmp_path / "tensorboard")
    assert [point.step for point in found.Scalars("film/return")] == [10, 20]
    assert [point.value for point in found.Scalars("evaluation/return/mean")] == [7]
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("TensorBoard gets no more pictures and flags: FileNotFoundError") == 1


TOY = "--env toy --image-encoder toy --proprio-encoder toy --rssm toy --size tiny --batch-length 4 --quiet"


def test_a_tensorboard_that_breaks_is_a_warning(monkeypatch, tmp_path):
    """When it is imported, by something other than its absence, and in the middle of a run."""
    pytest.importorskip("tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    def broken(*_, **__):
        raise TypeError("descriptors\ncannot be created")

    for name in ("__init__", "add_scalar"):
        with monkeypatch.context() as patched:
            patched.setattr(SummaryWriter, name, broken)
            path = tmp_path / name
            line = f"train {TOY} --random-episodes 1 --updates-per-step 0.2 --steps 40 --observer tensorboard"
            outcome = run(f"{line} --out {path}", [RECORD])
        assert outcome.code == 0, outcome.err
        said = "observer tensorboard hears no more, because it raised TypeError: descriptors"
        metrics = (path / "metrics.jsonl").read_text()
        assert metrics.count(said) == 1 and '"status": "done"' in metrics


def test_a_real_run_is_filmed(read, tmp_path):
    line = f"train {TOY} --random-episodes 1 --updates-per-step 0.2 --steps 40 --eval-every 2 --eval-episodes 1"
    outcome = run(f"{line} --film-every 2 --observer tensorboard --out {tmp_path / 'run'}", [RECORD])
    assert outcome.code == 0 and "no more" not in outcome.err, outcome.err
    found = read(tmp_path / "run" / "tensorboard")
    assert [step for step, _ in images(found, "film/seen")] == [24, 48]
    assert [gif.n_frames for _, gif in images(found, "film/film")] == [13, 13]
    assert "_hparams_/session_start_info" in found.summary_metadata


def test_a_run_is_observed_and_so_is_its_resumption(read, tmp_path):
    toy = "--env toy --image-encoder toy --proprio-encoder toy --rssm toy --size tiny --batch-length 4 --quiet"
    line = f"train {toy} --random-episodes 1 --updates-per-step 0.2 --steps 40 --observer tensorboard"
    outcome = run(f"{line} --observer.tensorboard.folder curves --out {tmp_path / 'run'}", [RECORD])
    assert outcome.code == 0, outcome.err
    assert run(f"train --resume {tmp_path / 'run'} --steps 80 --quiet", [RECORD]).code == 0
    losses = read(tmp_path / "run" / "curves").Scalars("loss/total")
    assert losses[0].step < 40 < losses[-1].step and all(math.isfinite(point.value) for point in losses)


def test_without_tensorboard_it_says_so_before_training(monkeypatch, tmp_path):
    for name in ("tensorboard", "torch.utils.tensorboard", "coral_observer_tensorboard.observer"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    toy = "--env toy --image-encoder toy --proprio-encoder toy --rssm toy --size tiny"
    outcome = run(f"train {toy} --observer tensorboard --steps 40 --out {tmp_path / 'run'}", [RECORD])
    assert outcome.code == 2
    assert "error: the observer tensorboard needs tensorboard, which cannot be imported" in outcome.err
    assert "hint: pip install tensorboard, or leave out --observer tensorboard." in outcome.err
