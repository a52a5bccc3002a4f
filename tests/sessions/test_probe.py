"""``coral probe``: from a saved run to a table, a film and a sheet."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from coral_cli.plugin import Rendering
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.tables import probed
from coral_cli.testing.running import Outcome, run
from coral_cli.testing.toys import TOY_ENVIRONMENT, ToyEnvironment

SIZES = "--size tiny --image-size 32 --image-encoder.depth 2 --rssm.gru 8 --rssm.hidden 8"
QUICK = "--random-episodes 1 --updates-per-step 0.1 --eval-every 0 --batch-size 2 --batch-length 4 --steps 30 --quiet"
SHORT = "--episodes 4 --updates 3"


class Silent(ToyEnvironment):
    """A toy that tells nothing of its state."""

    hidden_state = property()  # type: ignore[assignment]


class Dice(ToyEnvironment):
    """A toy whose rewards no seed determines."""

    def step(self, action):
        observation, reward, *rest = super().step(action)
        return observation, reward + np.random.default_rng().random(), *rest


def _silent(options: object, rendering: Rendering) -> Silent:
    return Silent(rendering)


def _dice(options: object, rendering: Rendering) -> Dice:
    return Dice(rendering)


OTHERS = (replace(TOY_ENVIRONMENT, name="silent", build=_silent), replace(TOY_ENVIRONMENT, name="dice", build=_dice))


def trained(out: Path, words: str) -> Path:
    outcome = run(f"train {words} {QUICK} --out {out}", OTHERS)
    assert outcome.code == 0, outcome.err
    return out


def probe(words: str) -> Outcome:
    return run(f"probe {words}", OTHERS)


def told(words: str) -> dict:
    outcome = probe(f"{words} --json")
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


@pytest.fixture(scope="module")
def disks(tmp_path_factory) -> Path:
    """A run that was distracted."""
    return trained(tmp_path_factory.mktemp("runs") / "disks", f"--env toy {SIZES} --distraction disks")


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Path:
    """A run that was not."""
    return trained(tmp_path_factory.mktemp("runs") / "plain", f"--env toy {SIZES} --image-loss recon --fusion concat")


def test_a_document_says_everything(disks: Path) -> None:
    document = told(f"{disks} {SHORT} --embeddings --seed 5")
    assert document["seed"] == 5 and document["episodes"] == {"training": 2, "validation": 1, "unseen": 1}
    (agent,) = document["agents"]
    assert (agent["name"], agent["env"], agent["camera"]) == ("disks", "toy", "image")
    names = ["place", "speed", "mean colour", "picture of 8x8"]
    for source in ("latent", "embeddings"):
        assert [reading["name"] for reading in agent[source]] == names
        assert [reading["kind"] for reading in agent[source]] == ["state"] * 2 + ["distraction"] * 2
        assert all(reading["linear"] <= 1 and reading["two_layers"] <= 1 for reading in agent[source])
    assert list(agent["pictures"]) == ["0", "1", "5"] and agent["notes"] == []
    assert document == told(f"{disks} {SHORT} --embeddings --seed 5"), "a seed decides"
    kept = probed(RunDirectory(disks))
    assert kept is not None and (kept.step, kept.seed, kept.unseen) == (36, 5, 1)
    for source, found in (("latent", kept.latent), ("embeddings", kept.embeddings)):
        assert [asdict(one) for one in found] == agent[source]
    assert {str(ahead): share for ahead, share in kept.pictures} == agent["pictures"]


def test_speed_is_read_off_embeddings_that_hold_it(disks: Path) -> None:
    """The vector sensor gives the speed, and hardly any of it is lost in a random network."""
    (agent,) = told(f"{disks} --episodes 20 --updates 0 --embeddings")["agents"]
    speed = next(reading for reading in agent["embeddings"] if reading["name"] == "speed")
    assert speed["linear"] > 0.95


def test_returns_are_those_of_an_evaluation(disks: Path) -> None:
    evaluated = json.loads(run(f"eval {disks} --episodes 4 --json", OTHERS).out)
    assert told(f"{disks} {SHORT}")["agents"][0]["return"] == pytest.approx(evaluated["statistics"]["return/mean"])
    exploring = told(f"{disks} --episodes 4 --updates 0 --explore")["agents"][0]["return"]
    assert exploring != evaluated["statistics"]["return/mean"]


def test_film_and_sheet_are_written_into_the_run(disks: Path) -> None:
    document = told(f"{disks} {SHORT} --seed 8")
    film, sheet = Path(document["film"]), Path(document["sheet"])
    assert film == disks / "videos" / "probe-latest-seed8.mp4" and sheet == film.with_suffix(".png")
    with av.open(str(film)) as opened, Image.open(sheet) as picture:
        frames = list(opened.decode(video=0))
        assert len(frames) == 13 and frames[0].width == 5 * 192 + 4 * 4 and frames[0].height == 192 + 16
        assert opened.streams.video[0].average_rate == ToyEnvironment.metadata["render_fps"]
        assert picture.size[1] == 2 * 22 + 6 * 132


@pytest.mark.slow
def test_several_agents_side_by_side(disks: Path, plain: Path, tmp_path: Path) -> None:
    document = told(f"{disks} {plain} {disks} {SHORT} --out {tmp_path / 'new' / 'folder'}")
    assert [agent["name"] for agent in document["agents"]] == ["disks", "plain"]
    assert len(document["agents"][1]["latent"]) == 2, "what is not distracted has no distraction"
    film = Path(document["film"])
    assert film == tmp_path / "new" / "folder" / "probe-2-agents-seed0.mp4" and film.with_suffix(".png").is_file()
    with av.open(str(film)) as opened:
        assert next(opened.decode(video=0)).height == 2 * (192 + 16 + 22)
    outcome = probe(f"{disks} {plain} --episodes 3 --updates 0")
    lines = outcome.out.splitlines()
    assert lines[0].split("  ")[0] == "in the latent" and "plain, two layers" in lines[0]
    assert next(line for line in lines if line.startswith("distraction: mean colour")).split()[-2:] == ["-", "-"]
    assert "disks: episode 3/3" in outcome.err and "plain: readers of the latents" in outcome.err


@pytest.mark.slow
def test_two_checkpoints_of_one_run_are_told_apart(plain: Path) -> None:
    latest = plain / "checkpoints" / "latest.pt"
    other = shutil.copy(latest, latest.with_name("other.pt"))
    document = told(f"{latest} {other} --episodes 3 --updates 0")
    assert [agent["name"] for agent in document["agents"]] == ["plain latest", "plain other"]
    first, second = document["agents"]
    assert first["latent"] == second["latent"]


def test_what_a_reader_of_the_terminal_gets(disks: Path) -> None:
    outcome = probe(f"{disks} {SHORT} --seed 9")
    lines = outcome.out.splitlines()
    assert lines[0].split() == ["in", "the", "latent", "linear", "two", "layers"]
    assert [line.split("  ")[0] for line in lines[1:5]] == [
        "place", "speed", "distraction: mean colour", "distraction: picture of 8x8",
    ]  # fmt: skip
    assert lines[6].split() == ["the", "picture", "decoded"]
    assert lines[8].startswith("foreseen 1 step before")
    assert lines[-3] == "shares of the variance on 1 unseen episode (R2): 1 is all, 0 none"
    assert lines[-1].endswith("probe-latest-seed9.png")
    assert outcome.err.splitlines()[0].startswith("episode 1/4  return ")
    assert "decoder 3/3  error " in outcome.err
    assert probe(f"{disks} {SHORT} --quiet").err == ""


def test_without_updates_nothing_is_drawn(disks: Path, tmp_path: Path) -> None:
    document = told(f"{disks} --episodes 3 --updates 0 --out {tmp_path / 'none'}")
    assert (document["film"], document["sheet"], document["agents"][0]["pictures"]) == (None, None, {})
    assert not (tmp_path / "none").exists()


def test_a_lone_checkpoint_has_them_beside_it(plain: Path, tmp_path: Path) -> None:
    lone = shutil.copy(plain / "checkpoints" / "latest.pt", tmp_path / "lone.pt")
    document = told(f"{lone} {SHORT}")
    assert Path(document["film"]) == tmp_path / "probe-lone-seed0.mp4"
    assert document["agents"][0]["name"] == "lone"


def test_without_a_camera_there_are_readers_alone(tmp_path: Path) -> None:
    blind = trained(tmp_path / "blind", "--env toy --size tiny --sensors proprio")
    document = told(f"{blind} {SHORT}")
    assert document["agents"][0]["camera"] is None and document["film"] is None
    assert document["agents"][0]["notes"] == ["no camera reaches the latent, so there are no pictures"]
    assert probe(f"{blind} --camera image").code == 2


def test_an_environment_that_tells_no_state_has_pictures_alone(tmp_path: Path) -> None:
    silent = trained(tmp_path / "silent", f"--env silent {SIZES} --rssm categorical")
    document = told(f"{silent} {SHORT}")
    assert document["agents"][0]["latent"] == [] and Path(document["film"]).is_file()
    outcome = probe(f"{silent} {SHORT}")
    assert "note: silent: the environment tells no hidden state, so nothing is asked of it." in outcome.err
    assert outcome.out.startswith("the picture ")
    refused = probe(f"{silent} --episodes 3 --updates 0")
    assert refused.code == 1
    assert "latest.pt: the environment tells no hidden state, so nothing is asked of it." in refused.err


def test_undistracted_pictures_that_nobody_knows(tmp_path: Path) -> None:
    dice = trained(tmp_path / "dice", f"--env dice {SIZES} --distraction noise")
    (agent,) = told(f"{dice} {SHORT}")["agents"]
    assert agent["notes"] == ["seed and actions do not determine its episodes, so undistracted pictures are unknown"]
    assert [reading["kind"] for reading in agent["latent"]] == ["state", "state"] and agent["pictures"]


def test_a_pretrained_representation_acts_at_random(tmp_path: Path) -> None:
    assert run(f"rollout --env toy --image-size 32 --episodes 3 --out {tmp_path / 'data'} --quiet").code == 0
    sizes = SIZES.replace("--image-size 32", "--batch-size 2 --batch-length 4")
    outcome = run(f"pretrain --data {tmp_path / 'data'} {sizes} --updates 2 --out {tmp_path / 'pretrained'} --quiet")
    assert outcome.code == 0, outcome.err
    (agent,) = told(f"{tmp_path / 'pretrained'} {SHORT}")["agents"]
    assert agent["notes"] == ["it was pretrained and has no policy, so its actions are random"]


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        ("", 2, "error: missing argument 'CHECKPOINT'."),
        ("{run} --episodes 2", 2, "error: --episodes"),
        ("{run} --updates -1", 2, "error: --updates"),
        ("{run} --camera imag", 2, "error: the latent of {run}/checkpoints/latest.pt hears of no camera 'imag'."),
        ("{run} --device cpu:3", 2, "error: device 'cpu:3' is not supported."),
        ("{run} --env silent", 2, "error: --env is silent, but {run} was trained in toy."),
        ("{run}/nowhere", 4, "error: "),
        ("{run} --episodes 3 --updates 1 --out {run}/run.json", 1, "error: {run}/run.json cannot be written"),
    ],
)
def test_one_sentence_and_a_hint(words: str, code: int, error: str, plain: Path) -> None:
    outcome = probe(words.format(run=plain) + " --quiet")
    assert outcome.code == code
    assert outcome.err.startswith(error.format(run=plain)), outcome.err


def test_without_a_representation_there_is_no_latent(plain: Path, tmp_path: Path) -> None:
    proprio = trained(tmp_path / "proprio", "--env toy --method proprio-sac --size tiny")
    outcome = probe(str(proprio))
    assert outcome.code == 2
    assert outcome.err.startswith(f"error: {proprio}/checkpoints/latest.pt learned no representation: ")
    assert probe(f"{plain} {proprio}").err == outcome.err, "before anything is played"


@pytest.mark.slow
def test_an_interruption_leaves_nothing_behind(plain: Path, tmp_path: Path) -> None:
    code = "import sys; from coral_cli.testing.running import catalog_of; from coral_cli.registry.stopping import *\n"
    code += "from coral_cli.app import main\ntry:\n    with listening(): sys.exit(main(sys.argv[1:], catalog_of()))\n"
    code += "except Stopped as stopped: sys.exit(report(stopped))\n"
    words = [sys.executable, "-c", code, "probe", str(plain), "--episodes", "5000", "--out", str(tmp_path / "out")]
    heard = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, preexec_fn=heard, env=os.environ) as probing:
        assert probing.stderr is not None
        assert probing.stderr.readline().startswith("episode 1/5000")
        probing.send_signal(signal.SIGINT)
        _, errors = probing.communicate(timeout=200)
    assert probing.returncode == 130 and errors.splitlines()[-1] == "stopped by Ctrl-C."
    assert not (tmp_path / "out").exists()
