"""``coral watch``, beside a file that grows."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from coral_cli.commands import watch
from coral_cli.registry.events import Event
from coral_cli.runs.metrics import to_line


def lines(out: str) -> list[str]:
    """Plain lines without their clock."""
    return [line.split("  ", 1)[1] for line in out.splitlines()]


def test_a_finished_run_is_its_start_and_its_end(make_run, told, coral) -> None:
    run = make_run("runs/a", told.began(), told.evaluated(500, 3.0), told.ended(1000, best=3.0))
    run.latest.touch()
    outcome = coral("watch", "a")
    assert (outcome.code, outcome.err) == (0, "")
    first, last = lines(outcome.out)
    assert first.startswith("started a  env maze  seed 0") and first.endswith("in runs/a")
    assert last == "done at step 1,000 after 0:16:40  best return 3.00  evaluate with: coral eval runs/a --video"
    assert "rm -r" not in outcome.out, "what the file advises is not repeated"


def test_a_run_that_was_killed_is_saidso(make_run, told, coral) -> None:
    make_run("runs/a", told.began(), told.evaluated(500, 3.0)).latest.touch()
    out = coral("watch", "a").out
    assert lines(out)[-1] == "stopped at step 500 after 0:08:20  go on with: coral train --resume runs/a"


def test_a_run_without_metrics(make_run, coral) -> None:
    make_run("runs/a")
    outcome = coral("watch", "a")
    assert outcome.code == 0 and lines(outcome.out) == ["stopped at step 0 after 0:00:00"]


@pytest.fixture
def while_training(coral, monkeypatch):
    """``coral watch``, while somebody holds the run and writes one of ``pieces`` between two looks, then lets it go."""

    def looked(run, pieces: list[str], *words: str):
        left = iter(pieces)

        def sleep(seconds: float) -> None:
            if (piece := next(left, None)) is None:
                holding.close()
            else:
                with run.metrics.open("a") as file:
                    file.write(piece)

        with ExitStack() as holding:
            holding.enter_context(run.held())
            monkeypatch.setattr(watch, "time", SimpleNamespace(sleep=sleep))
            return coral("watch", "a", *words)

    return looked


def line(event: Event) -> str:
    return to_line(event) + "\n"


def test_a_growing_file_is_followed_to_its_end(make_run, told, while_training) -> None:
    run = make_run("runs/a", told.began())
    half = line(told.evaluated(500, 3.0))
    pieces = [half[:30], half[30:], line(told.evaluated(700, 4.0)), "nonsense\n", line(told.ended(1000, best=4.0))]
    outcome = while_training(run, pieces)
    assert outcome.code == 0
    said = lines(outcome.out)
    assert [text.split("  ")[0].split()[0] for text in said] == ["started", "steps", "steps", "done"]
    assert "steps 500/1,000 (50%)" in said[1] and "eval 3.00" in said[1]
    assert "eval 4.00" in said[2] and said[3].startswith("done at step 1,000")


def test_a_run_that_is_resumed_meanwhile_is_shown_anew(make_run, told, while_training) -> None:
    run = make_run("runs/a", told.began(), told.evaluated(300, 2.0), told.ended(400, "interrupted", 2.0))
    resumed = Event("start", 400, 400.0, {"name": "x", "env": "maze", "budget": 1000, "resumed": True})
    pieces = [line(resumed), line(told.evaluated(600, 5.0)), line(told.ended(1000, best=5.0))]
    said = lines(while_training(run, pieces).out)
    assert said[-2].startswith("steps 600/1,000") and said[-1].startswith("done at step 1,000")
    assert any(text.startswith("resumed a") for text in said)


def test_a_trainer_that_dies_ends_it(make_run, told, while_training) -> None:
    run = make_run("runs/a", told.began())
    said = lines(while_training(run, [line(told.evaluated(500, 3.0))]).out)
    assert said[-1].startswith("stopped at step 500")


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_metrics_that_cannot_be_read(words, make_run, coral) -> None:
    make_run("runs/a").metrics.mkdir()
    outcome = coral("watch", "a", *words)
    assert outcome.code == 4 and "a/metrics.jsonl cannot be read" in outcome.err


def test_json_lines_are_all_events(make_run, told, while_training) -> None:
    run = make_run("runs/a", told.began())
    pieces = [line(told.evaluated(500, 3.0)), line(told.ended(1000))]
    outcome = while_training(run, pieces, "--json")
    documents = [json.loads(text) for text in outcome.out.splitlines()]
    assert [document["kind"] for document in documents] == ["start", "evaluation", "end"]
    assert documents[1] == json.loads(line(told.evaluated(500, 3.0)))


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [(("q",), 4, "there is no run 'q'."), ((), 2, "missing argument"), (("runs",), 4, "is not a run")],
)
def test_errors(words, code, message, make_run, coral) -> None:
    make_run("runs/a")
    outcome = coral("watch", *words)
    assert outcome.code == code and message in outcome.err.lower()


def test_ctrl_c_ends_the_watching_and_not_the_run(make_run, told) -> None:
    """On a terminal, where the dashboard stays as it was seen last."""
    run = make_run("runs/a", told.began(), told.evaluated(500, 3.0))
    before = run.metrics.read_bytes()
    master, terminal = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    with run.held():
        process = subprocess.Popen(
            [sys.executable, "-m", "coral_cli", "watch", str(run.path)],
            stdout=terminal,
            stderr=subprocess.PIPE,
            env=environ,
        )
        os.close(terminal)
        shown = b""
        while b"500/1,000" not in shown:
            shown += os.read(master, 1 << 16)
        process.send_signal(signal.SIGINT)
        try:
            while more := os.read(master, 1 << 16):
                shown += more
        except OSError:  # the other end is closed
            pass
        err = process.communicate()[1].decode()
    os.close(master)
    assert (process.returncode, err) == (130, "stopped by Ctrl-C while watching: the run goes on.\n")
    assert b"eval" in shown and b"stopped" not in shown
    assert run.metrics.read_bytes() == before
