"""Runs whose files are whole, and not what coral writes: each is told as damaged, or shown without what is wrong."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest

from coral_cli.assembly.names import Names
from coral_cli.commands.compare import flags_of_all
from coral_cli.commands.runs_show import lines
from coral_cli.display.plain import PlainLines
from coral_cli.display.progress import Progress
from coral_cli.display.rows import live_rows, summary_rows
from coral_cli.display.runs import Listed, document
from coral_cli.registry.console import Terminal
from coral_cli.registry.errors import UnreadableError
from coral_cli.report.comparing import read
from coral_cli.runs.following import Following
from coral_cli.runs.overview import overview

from ..runs.malformed import variants

NOW = datetime(2026, 1, 3, tzinfo=UTC)
UPDATE = {"updates": 5, "pending": 3, "loss/kl": 1.0, "share/kl": 0.5, "memory_mb": 5.0, "env_steps_per_s": 2.0}
EPISODE = {"episode": 1, "return": 2.0, "random": False, "pending": 3}


@pytest.fixture
def console():
    return Terminal(file=io.StringIO(), width=100, height=30)


def test_any_metadata_is_a_row_and_can_be_looked_at(make_run, told, toy_catalog, console) -> None:
    run = make_run("runs/a", told.began(), told.evaluated(10, 2.0, 1.0))
    sound = read(run.path, "return")
    whole = json.loads(run.metadata.read_text())
    for choice in whole["assembly"]["choices"].values():  # one option of each will do
        choice["options"] = dict([*choice["options"].items()][:1])
    settings = whole["assembly"]["settings"]
    whole["assembly"]["settings"] = {name: settings[name] for name in ("sensors", "distraction", "steps", "seed")}
    whole |= {
        "command": "coral train",
        "device": "cpu",
        "starts": [{"time": "2026-01-02T03:04:05+00:00", "coral": "1", "commit": "abc", "machine": {"gpus": ["x"]}}],
    }
    names, states = Names(toy_catalog, listed=True), set()
    for path, value, metadata in variants(whole):
        run.metadata.write_text(json.dumps(metadata))
        looked = overview(run.path)
        listed = Listed(looked, "a")
        if looked.flags:
            sized = names.with_size(looked.flags, metadata["assembly"]) or {}
            listed = Listed(looked, "a", names.with_method(looked.flags).get("method"), sized.get("size"))
            runs = [sound, read(run.path, "return")]
            flags_of_all(runs, names)
            list(lines(listed, run, console))
        listed.cells(NOW)
        json.dumps(document(listed))
        states.add((looked.state, bool(looked.damage)))
        assert path, value
    assert states == {("stopped", False), ("damaged", True)}


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("start", {"name": "x", "budget": 5, "pending": 0, "updates_per_env_step": 0.5, "replay_bytes": 5}),
        ("episode", EPISODE),
        ("update", UPDATE),
        ("evaluation", {"episodes": 5, "return/mean": 2.0, "return/stderr": None, "success/mean": 0.5}),
        ("checkpoint", {"path": "x"}),
        ("warning", {"message": "x"}),
        ("end", {"status": "done", "seconds": 5.0, "best_return": 3.0, "message": "x"}),
    ],
)
def test_any_event_is_shown_or_passed_over(kind, values, make_run, told, console) -> None:
    run = make_run("runs/a", told.began(), told.evaluated(10, 2.0, 1.0))
    before = run.metrics.read_bytes()
    after = "".join(
        json.dumps({"kind": kind, "step": step, "seconds": float(step), "values": values}) + "\n"
        for step, kind, values in ((40, "episode", EPISODE), (50, "update", UPDATE))
    )
    sound = {"kind": kind, "step": 30, "seconds": 30.0, "time": "2026-01-02T03:04:05+00:00", "values": values}
    for path, value, event in variants(sound):
        run.metrics.write_bytes(before + json.dumps(event).encode() + b"\n" + after.encode())
        events = Following(run).so_far()
        try:
            plain, progress = PlainLines(console, watching=True), Progress(here=False)
            for seen in events:
                plain(seen)
            plain.recall(events, 1.0)
            progress.recall(events)
            for rows in (live_rows, summary_rows):
                rows(progress, 1.0, 80)
            overview(run.path)
            read(run.path, "return")
        except UnreadableError:
            pass
        except Exception as error:
            raise AssertionError(f"{path} as {value!r}: {error!r}") from error
