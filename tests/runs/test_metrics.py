from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from coral_cli.registry.errors import CoralError, UnreadableError
from coral_cli.registry.events import Event
from coral_cli.runs.metrics import MetricsWriter, curve, read_metrics, to_line


def write(path, *events):
    with MetricsWriter(path) as writer:
        for event in events:
            writer(event)


def test_events_come_back(tmp_path):
    events = [
        Event("start", 0, 0.0, {"name": "x", "resumed": False}),
        Event("episode", 1000, 2.5, {"episode": 1, "return": 12.5, "random": True}),
    ]
    write(tmp_path / "m", *events)
    assert read_metrics(tmp_path / "m") == events


def test_the_time_of_an_event_comes_back(tmp_path):
    event = Event("warning", 1, 0.5, {"message": "a"}, "2026-01-02T03:04:05.678+00:00")
    write(tmp_path / "m", event)
    assert read_metrics(tmp_path / "m") == [event]
    assert json.loads((tmp_path / "m").read_text())["time"] == "2026-01-02T03:04:05.678+00:00"


def test_each_line_is_there_at_once(tmp_path):
    writer = MetricsWriter(tmp_path / "m")
    writer(Event("warning", 1, 0.0, {"message": "a"}))
    assert len(read_metrics(tmp_path / "m")) == 1
    writer.close()


def test_what_is_not_finite_is_null_and_strict_json():
    line = to_line(Event("update", 1, 0.0, {"a": math.nan, "b": -math.inf, "c": np.float64("nan"), "d": 1.0}))

    def refuse(constant):
        raise AssertionError(constant)

    assert json.loads(line, parse_constant=refuse)["values"] == {"a": None, "b": None, "c": None, "d": 1.0}


@pytest.mark.parametrize("value", ["null", "NaN", "Infinity", "-Infinity"])
def test_what_was_not_finite_is_none_however_it_is_written(tmp_path, value):
    line = f'{{"kind": "evaluation", "step": 1, "seconds": 0, "values": {{"return/mean": {value}, "length/mean": 3}}}}'
    (tmp_path / "m").write_text(f"{line}\n")
    (event,) = read_metrics(tmp_path / "m")
    assert event.values == {"return/mean": None, "length/mean": 3}


def test_a_last_line_without_its_end_is_left_out(tmp_path):
    write(tmp_path / "m", Event("warning", 1, 0.0, {"message": "a"}))
    with (tmp_path / "m").open("a") as file:
        file.write('{"kind": "warning", "step": 2')
    assert [event.step for event in read_metrics(tmp_path / "m")] == [1]


def test_the_next_line_is_not_glued_to_a_partial_one(tmp_path):
    write(tmp_path / "m", Event("warning", 1, 0.0, {"message": "a"}))
    with (tmp_path / "m").open("a") as file:
        file.write('{"kind": "warning", "step": 2')
    write(tmp_path / "m", Event("warning", 3, 0.0, {"message": "b"}))
    assert [event.step for event in read_metrics(tmp_path / "m")] == [1, 3]


def test_a_damaged_line_in_the_middle_is_named(tmp_path):
    (tmp_path / "m").write_text('{"kind": "warning", "step": 1, "seconds": 0, "values": {}}\nnonsense\n')
    with pytest.raises(UnreadableError, match=r"line 2 of .* is damaged"):
        read_metrics(tmp_path / "m")
    (tmp_path / "m").write_text('{"kind": "start", "step": 1, "seconds": 0, "values": null}\n')
    with pytest.raises(UnreadableError, match="line 1"):
        read_metrics(tmp_path / "m")
    (tmp_path / "m").write_text('{"kind": "warning"}\n')
    with pytest.raises(UnreadableError, match="line 1"):
        read_metrics(tmp_path / "m")


def test_missing_metrics_are_unreadable_and_a_missing_place_unwritable(tmp_path):
    with pytest.raises(UnreadableError, match="cannot be read"):
        read_metrics(tmp_path / "m")
    with pytest.raises(CoralError, match="cannot be written"):
        MetricsWriter(tmp_path / "missing" / "m")


def test_a_resumed_run_drops_what_it_repeats(tmp_path):
    def episode(step, value):
        return Event("episode", step, 0.0, {"return": value})

    start, again = Event("start", 0, 0.0, {"resumed": False}), Event("start", 200, 0.0, {"resumed": True})
    write(tmp_path / "m", start, episode(100, 1.0), episode(200, 2.0), episode(300, 3.0), episode(400, 4.0))
    write(tmp_path / "m", again, episode(300, 30.0))
    events = read_metrics(tmp_path / "m")
    assert curve(events, "episode", "return") == ([100, 200, 300], [1.0, 2.0, 30.0])
    assert len((tmp_path / "m").read_text().splitlines()) == 7, "the file keeps everything"


def test_a_curve_takes_one_key_of_one_kind():
    events = [
        Event("update", 1, 0.0, {"loss/kl": 3}),
        Event("episode", 2, 0.0, {"loss/kl": 9.0}),
        Event("update", 3, 0.0, {"loss/image": 1.0}),
        Event("update", 4, 0.0, {"loss/kl": None}),
    ]
    steps, values = curve(events, "update", "loss/kl")
    assert steps == [1, 4]
    assert values[0] == 3.0 and math.isnan(values[1])


def test_a_line_that_finds_no_room_is_one_sentence(tmp_path, monkeypatch):
    """Closing the file must not try to write it again."""
    opened = Path.open
    full = Path("/dev/full")
    monkeypatch.setattr(Path, "open", lambda path, mode="r", *rest: opened(full if "a" in mode else path, mode, *rest))
    (tmp_path / "m").touch()
    with pytest.raises(CoralError, match="no room left"), MetricsWriter(tmp_path / "m") as writer:
        writer(Event("warning", 1, 0.0, {"message": "a"}))
