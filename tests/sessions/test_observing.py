"""Observers hear what metrics.jsonl keeps, and can stop nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest

from coral_cli.plugin import Event, Help, Observer
from coral_cli.runs.checkpoint import read_metadata
from coral_cli.runs.metrics import read_metrics, to_line
from coral_cli.testing import Outcome, run

TOY = "--env toy --image-encoder toy --proprio-encoder toy --rssm toy --image-loss infonce --size tiny"
PACE = "--random-episodes 2 --updates-per-step 0.1 --eval-every 3 --eval-episodes 1 --batch-length 4 --quiet"


@dataclass(frozen=True)
class DiaryOptions:
    file: Annotated[str, Help("Where to write.")] = "diary.jsonl"


class Diary:
    """Writes down what it hears, and then spoils it for others."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a")

    def __call__(self, event: Event) -> None:
        self._file.write(to_line(event) + "\n")
        event.values.clear()

    def close(self) -> None:
        self._file.write("closed\n")
        self._file.close()


class Fails:
    """Raises at the event ``kind``, or when closed."""

    closed = 0

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __call__(self, event: Event) -> None:
        if event.kind == self._kind:
            raise SystemExit(3) if self._kind == "episode" else ValueError("no\nnet")

    def close(self) -> None:
        Fails.closed += 1
        if self._kind == "close":
            raise OSError("disk")


def _unbuilt(options: object, run: Path) -> Fails:
    raise ImportError("No module named 'wandb'")


DIARY = Observer("diary", "Writes.", lambda options, run: Diary(run / options.file), DiaryOptions())
SECOND = Observer("second", "Writes, too.", lambda options, run: Diary(run / "second.jsonl"))
FAILING = {
    kind: Observer(kind, "Fails.", lambda options, run, kind=kind: Fails(kind)) for kind in ("update", "episode")
}
CLOSES = Observer("closes", "Fails at the end.", lambda options, run: Fails("close"))
UNBUILT = Observer("unbuilt", "Fails at once.", _unbuilt)
ALL = (DIARY, SECOND, *FAILING.values(), CLOSES, UNBUILT)


def train(words: str, steps: int = 40) -> Outcome:
    return run(f"train {TOY} {PACE} --steps {steps} {words}", ALL)


@pytest.fixture(scope="module")
def observed(tmp_path_factory) -> Path:
    """A run with two diaries, and everything that can go wrong."""
    path = tmp_path_factory.mktemp("observed") / "run"
    Fails.closed = 0
    names = "--observer diary --observer update --observer=episode --observer unbuilt --observer closes"
    outcome = train(f"{names} --observer second --observer.diary.file mine.jsonl --out {path}")
    assert (outcome.code, outcome.out) == (0, ""), outcome.err
    return path


def test_it_hears_every_event_as_it_is_in_the_metrics(observed: Path) -> None:
    metrics = (observed / "metrics.jsonl").read_text().splitlines()
    heard = (observed / "mine.jsonl").read_text().splitlines()
    assert heard[-1] == "closed"
    assert heard[:-1] == metrics[: len(heard) - 1], "also what another observer has cleared"
    late = [json.loads(line)["values"]["message"] for line in metrics[len(heard) - 1 :]]
    assert late == ["observer closes hears no more, because it raised OSError: disk"]
    assert (observed / "second.jsonl").read_text().splitlines() == heard


def test_one_that_raises_is_named_once_and_dropped(observed: Path) -> None:
    warnings = [e.values["message"] for e in read_metrics(observed / "metrics.jsonl") if e.kind == "warning"]
    assert warnings == [
        "observer unbuilt hears no more, because it raised ImportError: No module named 'wandb'",
        "observer episode hears no more, because it raised SystemExit: 3",
        "observer update hears no more, because it raised ValueError: no",
        "observer closes hears no more, because it raised OSError: disk",
    ]
    assert Fails.closed == 3


def test_the_run_knows_its_observers_and_the_checkpoint_does_not(observed: Path) -> None:
    metadata = json.loads((observed / "run.json").read_text())
    assert "--observer diary,update,episode,unbuilt,closes,second" in metadata["command"]
    assert "--observer.diary.file mine.jsonl" in metadata["command"]
    assembly = read_metadata(observed / "checkpoints" / "latest.pt")["assembly"]
    assert not [slot for slot in assembly["choices"] if slot.startswith("observer")]
    assert run(f"eval {observed} --episodes 1").code == 0, "without any of them"


def test_a_resumed_run_keeps_its_observers_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "run"
    assert train(f"--observer diary --out {path}").code == 0
    before = len((path / "diary.jsonl").read_text().splitlines())
    assert run(f"train --resume {path} --steps 60 --quiet", ALL).code == 0
    after = (path / "diary.jsonl").read_text().splitlines()
    assert len(after) > before and json.loads(after[before])["values"]["resumed"] is True
    words = "--observer second --observer diary --observer.diary.file other.jsonl"
    assert run(f"train --resume {path} --steps 80 --quiet {words}", ALL).code == 0
    assert (path / "diary.jsonl").read_text().splitlines() == after
    assert (path / "second.jsonl").exists() and (path / "other.jsonl").exists()
    assert run(f"train --resume {path} --steps 90 --quiet --observer ''", ALL).code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--observer dairy", "there is no observer named 'dairy'."),
        ("--observer diary --observer.diary.fil x", "observer 'diary' has no option 'fil' (--observer.diary.fil)."),
        ("--observer.diary.file x", "observer 'diary' is not in use (--observer.diary.file)."),
    ],
)
def test_what_cannot_be_is_said(words: str, message: str) -> None:
    outcome = train(words)
    assert outcome.code == 2 and f"error: {message}" in outcome.err


def test_its_options_are_in_the_help() -> None:
    lines = run("train --observer diary --help", ALL).out
    assert "--observer diary (under-test 0)" in lines and "--observer.diary.file" in lines


def test_pretraining_is_observed_too(tmp_path: Path) -> None:
    data, path = tmp_path / "data", tmp_path / "run"
    assert run(f"rollout --env toy --episodes 2 --out {data} --crop-margin 12 --quiet").code == 0
    words = "--image-encoder toy --proprio-encoder toy --rssm toy --image-loss infonce --size tiny --batch-length 4"
    outcome = run(f"pretrain --data {data} {words} --updates 2 --observer diary --out {path} --quiet", ALL)
    assert outcome.code == 0, outcome.err
    assert "--observer diary" in json.loads((path / "run.json").read_text())["command"]
    first = (path / "diary.jsonl").read_text().splitlines()[0]
    assert json.loads(first)["kind"] == "start"
