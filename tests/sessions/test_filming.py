"""``--film-every N``: evaluations as films and pictures in the run, and events that say so."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from coral_cli.app import main
from coral_cli.plugin import Rendering
from coral_cli.runs.metrics import read_metrics
from coral_cli.testing import run
from coral_cli.testing.toys import ToyEnvironment
from coral_cli.training.collection import episode_seed
from coral_cli.training.filming import FRAMES

TOY = "--env toy --image-encoder toy --proprio-encoder toy --rssm toy --image-loss infonce --size tiny --batch-length 4"
PACE = "--random-episodes 1 --updates-per-step 0.1 --eval-every 2 --eval-episodes 2 --quiet"
LENGTH = 12


def trained(path: Path, words: str, episodes: int = 5) -> list:
    outcome = run(f"train {TOY} {PACE} --steps {episodes * LENGTH} {words} --out {path}")
    assert outcome.code == 0, outcome.err
    return read_metrics(path / "metrics.jsonl")


@pytest.fixture(scope="module")
def filmed(tmp_path_factory) -> Path:
    """Five episodes, evaluated after the second, the fourth and the last, filmed with the second and third of these."""
    path = tmp_path_factory.mktemp("filmed") / "run"
    trained(path, "--film-every 3")
    return path


def test_a_film_is_due_with_the_next_evaluation_and_at_the_end(filmed: Path) -> None:
    events = read_metrics(filmed / "metrics.jsonl")
    assert [event.step for event in events if event.kind == "evaluation"] == [24, 48, 60]
    films = [event for event in events if event.kind == "film"]
    assert [event.step for event in films] == [48, 60]
    assert [event.values["path"] for event in films] == ["videos/step-000000048.mp4", "videos/step-000000060.mp4"]
    assert films[0].values["cameras"] == "image"
    for event in films:
        assert all((filmed / event.values[key]).is_file() for key in ("path", "picture"))
        [evaluation] = [one for one in events if one.kind == "evaluation" and one.step == event.step]
        assert evaluation.values["return/min"] <= event.values["return"] <= evaluation.values["return/max"]


def test_it_shows_what_the_agent_saw(filmed: Path) -> None:
    """The first frame is what the environment shows when it begins as the evaluation's first episode does."""
    settings = json.loads((filmed / "run.json").read_text())["assembly"]["settings"]
    margin, side = settings["crop_margin"], settings["image_size"][0]
    environment = ToyEnvironment(Rendering(side + margin, side + margin))
    observation, _ = environment.reset(seed=episode_seed(0, "evaluation", 0))
    first = observation["image"][margin // 2 :, margin // 2 :][:side, :side]
    with Image.open(filmed / "videos" / "step-000000048.png") as image:
        picture = np.asarray(image)
    factor = 128 // side
    assert picture.shape == (side * factor, FRAMES * (side * factor + 4) - 4, 3)
    np.testing.assert_array_equal(picture[::factor, : side * factor : factor], first)
    with av.open(str(filmed / "videos" / "step-000000048.mp4")) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
        assert film.streams.video[0].average_rate == ToyEnvironment.metadata["render_fps"]
    assert len(frames) == LENGTH + 1
    scale = 192 // side
    small = frames[0][16:][scale // 2 :: scale, scale // 2 :: scale][:side, :side].astype(int)
    assert np.abs(small - first).mean() < 12, "H.264 loses little"


def evaluations(run: Path) -> list:
    return [event.values for event in read_metrics(run / "metrics.jsonl") if event.kind == "evaluation"]


def test_filming_changes_nothing_else(filmed: Path, tmp_path: Path) -> None:
    trained(tmp_path / "run", "")
    assert evaluations(filmed) == evaluations(tmp_path / "run")
    assert not list((tmp_path / "run" / "videos").iterdir())


@pytest.mark.slow
def test_copies_side_by_side_are_filmed_too(tmp_path: Path) -> None:
    task = "--env cartpole-swingup --env.action-repeat 50 --renderer raycast --image-size 32 --size tiny --envs 2"
    sizes = "--image-encoder.depth 2 --rssm.gru 8 --batch-size 2"
    flags = f"{task} {sizes} {PACE} --batch-length 4 --random-episodes 2 --steps 2000"
    for name, more in (("a", "--film-every 1"), ("b", "")):
        assert main(["train", *flags.split(), *more.split(), "--out", str(tmp_path / name)]) == 0
    assert evaluations(tmp_path / "a") == evaluations(tmp_path / "b") != []
    with av.open(str(tmp_path / "a" / "videos" / "step-000002000.mp4")) as film:
        assert len(list(film.decode(video=0))) == 20 + 1


def test_a_resumed_run_goes_on_filming(tmp_path: Path) -> None:
    trained(tmp_path / "run", "--film-every 4", episodes=4)
    assert run(f"train --resume {tmp_path / 'run'} --steps {8 * LENGTH} --quiet").code == 0
    events = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert [event.step for event in events if event.kind == "film"] == [48, 96]
    assert run(f"train --resume {tmp_path / 'run'} --steps {9 * LENGTH} --film-every 0 --quiet").code == 0
    assert len(list((tmp_path / "run" / "videos").iterdir())) == 2 * 2


def test_training_goes_on_without_films(tmp_path: Path, monkeypatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no\ncodec")

    monkeypatch.setattr("coral_cli.training.filming.write_video", broken)
    events = trained(tmp_path / "run", "--film-every 1")
    warnings = [event.values["message"] for event in events if event.kind == "warning"]
    assert warnings == ["evaluations are filmed no more: RuntimeError: no"], "said once"
    assert events[-1].values["status"] == "done"
    assert not [event for event in events if event.kind == "film"]


def test_an_agent_without_a_camera_cannot_be_filmed(tmp_path: Path) -> None:
    words = f"--env toy --proprio-encoder toy --rssm toy --size tiny --batch-length 4 --sensors proprio {PACE}"
    outcome = run(f"train {words} --steps {2 * LENGTH} --film-every 1 --out {tmp_path / 'run'}")
    assert outcome.code == 0, outcome.err
    events = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert "evaluations are filmed no more: the agent has no camera." in [
        event.values.get("message") for event in events
    ]


def test_the_start_says_every_flag(filmed: Path) -> None:
    start = read_metrics(filmed / "metrics.jsonl")[0].values
    flags = {name.removeprefix("flag/"): value for name, value in start.items() if name.startswith("flag/")}
    expected = {
        "image-loss": "infonce",
        "policy": "sac",
        "film-every": 3,
        "seed": 0,
        "distraction": "",
        "image-size": "64",
    }
    assert expected.items() <= flags.items()
    assert isinstance(flags["policy.hidden"], int) and flags["sensors"] == "image,proprio"
    assert all(value is None or isinstance(value, str | int | float) for value in start.values())
    assert "observer" not in flags
