"""``coral data import``."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest

from coral_cli.plugin import Help, Reader
from coral_cli.testing import run

from ..recordings.recorded import Recorded, reader


@dataclass(frozen=True)
class Options:
    """Options of a reader."""

    rain: Annotated[bool, Help("Whether it rains.")] = False
    note: Annotated[str, Help("A note.")] = "dry."


def test_it_says_what_it_has_made(tmp_path: Path) -> None:
    outcome = run(f"data import made-up {tmp_path} --out {tmp_path / 'data'} --size 8", [reader()])
    assert outcome.code == 0, outcome.err
    assert outcome.out.splitlines()[0].split() == ["rgb", "image", "8x8x3", "eye.rgb"]
    assert outcome.out.splitlines()[1].split() == ["hand", "vector", "2", "hand"]
    assert outcome.out.splitlines()[2].startswith("6 rows, 10 a second, ")
    assert f"coral pretrain --data {tmp_path / 'data'}" in outcome.out
    assert outcome.err.splitlines()[:2] == ["episode 1/2  rows 4", "episode 2/2  rows 2"]
    assert "note: it was raining." in outcome.err


def test_as_one_document(tmp_path: Path) -> None:
    outcome = run(f"data import made-up {tmp_path} --out {tmp_path / 'data'} --json", [reader()])
    document = json.loads(outcome.out)
    assert document["dataset"] == str(tmp_path / "data") and document["rows"] == 6
    assert document["notes"][0] == "it was raining."


def test_quietly(tmp_path: Path) -> None:
    outcome = run(f"data import made-up {tmp_path} --out {tmp_path / 'data'} --quiet", [reader()])
    assert outcome.code == 0 and not outcome.err and "6 rows" in outcome.out


def test_a_format_has_options_of_its_own_and_the_source_is_found(tmp_path: Path, monkeypatch) -> None:
    built = []

    def build(options, source):
        built.append((options, source))
        return Recorded(notes=[options.note])

    record = Reader("made-up", "Made up.", build, Options())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    outcome = run("data import made-up here --out data --made-up.note wet. --made-up.rain", [record])
    assert outcome.code == 0 and "note: wet." in outcome.err
    assert run("data import made-up some/id --out other --made-up.rain", [record]).code == 0
    assert built == [(Options(True, "wet."), str(tmp_path / "here")), (Options(True), "some/id")]
    about = json.loads((tmp_path / "data" / "dataset.json").read_text())["source"]
    assert (
        about["bytes"] == 0 and about["path"] == "here" and about["reader"]["options"] == {"rain": True, "note": "wet."}
    )
    told = run("data import made-up --help", [record]).out
    assert "--made-up.note TEXT" in told and "A file or a directory." in told


def test_sensors_may_be_named_one_by_one(tmp_path: Path) -> None:
    line = f"data import made-up x --out {tmp_path / 'data'} --json --sensor hand --sensor front=eye.rgb --episodes 1"
    document = json.loads(run(line, [reader()]).out)
    assert list(document["sensors"]) == ["hand", "front"] and document["episodes"] == 1


@pytest.mark.parametrize(
    "words, code, told",
    [
        ("lerobot x --out data", 3, "lerobot is read by coral-data-lerobot, which is not installed"),
        ("minari x --out data", 3, "pip install ./plugins/coral-data-minari"),
        ("robomimic x --out data", 3, "pip install ./plugins/coral-data-robomimic"),
        ("maniskill x --out data", 3, "pip install ./plugins/coral-data-robomimic"),
        ("rlds x --out data", 3, "rlds is read by coral-data-rlds, which is not installed"),
        ("lerobt x --out data", 2, "Did you mean 'lerobot'?"),
        ("rosbag x --out data", 2, "Formats: lerobot, minari, robomimic, maniskill, rlds, made-up"),
        ("made-up x", 2, "--out is missing"),
        ("made-up", 2, "missing argument"),
        ("", 2, "missing argument"),
        ("made-up x --out data --size 1,2,3", 2, "--size has 3 numbers"),
        ("made-up x --out data --episodes 3:2", 2, "--episodes cannot be '3:2'"),
        ("made-up x --out data --episodes many", 2, "--episodes cannot be 'many'"),
        ("made-up x --out data --episodes 0", 2, "--episodes cannot be '0'"),
        ("made-up x --out data --episodes 0:1,", 2, "--episodes cannot be '0:1,'"),
        ("made-up x --out data --fit bent", 2, "fit cannot be 'bent'"),
        ("made-up x --out data --sensor foot", 2, "no sensor 'foot'"),
        ("made-up x --out data --made-up.rain", 2, "there is no option --made-up.rain"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, monkeypatch, words: str, code: int, told: str) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run(f"data import {words}", [reader()])
    assert outcome.code == code and told in outcome.err.replace("\n", " ") and not list(tmp_path.iterdir())


@pytest.mark.parametrize("error, code", [(KeyError("episode_0"), 4), (OSError("truncated"), 4), (TypeError("odd"), 1)])
def test_a_reader_that_stumbles_leaves_nothing(tmp_path: Path, error: Exception, code: int) -> None:
    class Stumbling(Recorded):
        def episode(self, number, sensors):
            if sensors:
                raise error
            return super().episode(number, sensors)

    record = Reader("made-up", "Made up.", lambda options, source: Stumbling())
    outcome = run(f"data import made-up x --out {tmp_path / 'data'}", [record])
    assert outcome.code == code and not list(tmp_path.iterdir())
    assert code == 1 or "x cannot be read as made-up" in outcome.err
