"""What a run that goes on shows of what it has measured before."""

from __future__ import annotations

import pytest

from coral_cli.registry.events import Event
from coral_cli.runs import history as module
from coral_cli.runs.history import history
from coral_cli.runs.metrics import MetricsWriter, read_metrics


def write(path, *events):
    with MetricsWriter(path) as writer:
        for event in events:
            writer(event)


def episode(step, seconds, value=1.0):
    return Event("episode", step, float(seconds), {"return": value})


def start(step, seconds, resumed=True):
    return Event("start", step, float(seconds), {"name": "x", "resumed": resumed})


def test_only_what_was_measured_comes_back(tmp_path):
    events = [
        start(0, 0, resumed=False),
        episode(100, 1),
        Event("note", 100, 1.0, {"message": "a"}),
        Event("update", 100, 2.0, {"loss/kl": 3.0, "policy/alpha": None}, "2026-01-02T03:04:05.678+00:00"),
        Event("evaluation", 100, 3.0, {"return/mean": 2.0, "return/stderr": None}),
        Event("end", 100, 4.0, {"status": "done"}),
    ]
    write(tmp_path / "m", *events)
    assert list(history(tmp_path / "m")) == [events[1], events[3], events[4]]


def test_what_was_repeated_counts_once(tmp_path):
    """Saved at 100 steps after 10 s; then 150 and 200 were lost; then at 300 a second time, to go on from 100 again."""
    kept, late = episode(100, 9), episode(100, 11)  # at the same step, but after the checkpoint
    lost = [late, episode(150, 15), episode(200, 20)]
    write(tmp_path / "m", start(0, 0, False), kept, *lost, start(100, 10), episode(150, 14), episode(300, 30))
    write(tmp_path / "m", start(100, 10), episode(150, 16), start(150, 17))
    assert list(history(tmp_path / "m")) == [kept, episode(150, 16)]


def test_events_come_back_as_from_the_whole_file(tmp_path):
    events = [episode(100 * number, number) for number in range(20)]
    write(tmp_path / "m", start(0, 0, False), *events[:12], start(800, 8), *events[9:])
    assert list(history(tmp_path / "m")) == [event for event in read_metrics(tmp_path / "m") if event.kind == "episode"]


@pytest.mark.parametrize(("updates", "kept"), [(4, [0, 1, 2, 3]), (5, [0, 2, 4]), (9, [2, 5, 8]), (1, [0])])
def test_of_many_updates_some_are_read_and_the_last(tmp_path, monkeypatch, updates, kept):
    monkeypatch.setattr(module, "ENOUGH", 4)
    told = [Event("update", number, float(number), {"loss/kl": 1.0}) for number in range(updates)]
    write(tmp_path / "m", episode(0, 0), *told)
    assert [event.step for event in history(tmp_path / "m")] == [0, *kept]


def test_what_cannot_be_read_is_left_out(tmp_path):
    assert list(history(tmp_path / "nothing")) == []
    write(tmp_path / "m", episode(1, 1))
    with (tmp_path / "m").open("ab") as file:
        file.write(
            b'{"kind": "episode", "step": 2\n{"kind": "update", "step": 3, "seconds": 2, "values": {"a": "b"}}\n'
        )
        file.write(
            b'{"kind": "episode", "step": "x", "seconds": 2, "values": {}}\n\xff\n{"kind": "start", "step": 0}\n'
        )
    write(tmp_path / "m", episode(4, 4))
    assert [event.step for event in history(tmp_path / "m")] == [1, 4]


def test_lines_without_a_time_are_read(tmp_path):
    (tmp_path / "m").write_text('{"kind": "episode", "step": 7, "seconds": 1.5, "values": {"return": 2.0}}\n')
    assert list(history(tmp_path / "m")) == read_metrics(tmp_path / "m") == [Event("episode", 7, 1.5, {"return": 2.0})]
