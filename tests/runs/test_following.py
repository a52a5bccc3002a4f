"""A run as it is seen from its files while it goes on."""

from __future__ import annotations

import pytest

from coral_cli.registry.events import Event
from coral_cli.runs import following as module
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.following import Following, fitting
from coral_cli.runs.metrics import to_line


@pytest.fixture
def run(tmp_path):
    return RunDirectory.create(tmp_path / "run", "")


def write(run, *events, ending="\n"):
    with run.metrics.open("a") as file:
        file.write("".join(to_line(event) + ending for event in events))


def start(step=0, seconds=0.0, resumed=False):
    return Event("start", step, seconds, {"name": "x", "budget": 100, "resumed": resumed})


def episode(step, seconds=None):
    values = {"episode": step, "return": 1.0}
    return Event("episode", step, float(step if seconds is None else seconds), values)


def note(step, message):
    return Event("note", step, float(step), {"message": message})


def end(step, status="done"):
    return Event("end", step, float(step), {"status": status, "seconds": float(step), "best_return": None})


def test_a_file_that_grows_is_followed_line_by_line(run):
    following = Following(run)
    assert following.so_far() == [] and following.news() == []
    write(run, start())
    assert following.news() is None, "it begins"
    assert following.so_far() == [start()]
    write(run, episode(1))
    write(run, episode(2), ending="")
    assert following.news() == [episode(1)], "the second is still being written"
    write(run, ending="")
    with run.metrics.open("a") as file:
        file.write("\n")
    assert following.news() == [episode(2)]
    assert following.news() == []
    assert not following.ended
    write(run, end(3))
    assert following.news() == [end(3)] and following.ended


def test_what_has_been_told_so_far_is_in_the_order_in_which_it_went(run):
    """Of notes the last one since the last start; what was repeated once."""
    write(run, start(), note(1, "old"), episode(10), episode(20), end(20, "interrupted"))
    resumed = start(10, 10.0, resumed=True)
    write(run, resumed, note(11, "a"), episode(12), note(13, "b"), episode(14))
    following = Following(run)
    assert following.so_far() == [episode(10), resumed, episode(12), note(13, "b"), episode(14)]
    assert not following.ended


def test_a_run_that_goes_on_from_earlier_or_begins_anew_is_told_again(run):
    write(run, start(), episode(10), end(10, "interrupted"))
    following = Following(run)
    following.so_far()
    assert following.ended
    resumed = start(10, 10.0, resumed=True)
    write(run, resumed, episode(11))
    assert following.news() is None
    assert following.so_far() == [episode(10), resumed, episode(11)] and not following.ended
    run.metrics.unlink()
    write(run, start())
    assert following.news() is None
    assert following.so_far() == [start()]


def test_it_is_over_when_nobody_trains_there(run):
    following = Following(run)
    with run.held():
        assert not following.over
    assert following.over


def test_without_locks_it_is_over_with_its_end_or_after_a_long_silence(run, monkeypatch):
    monkeypatch.setattr(RunDirectory, "is_held", lambda self: None)
    write(run, start())
    following = Following(run)
    following.so_far()
    assert not following.over
    write(run, end(1))
    following.news()
    assert following.over
    monkeypatch.setattr(module, "speaks", lambda run: False)
    following.ended = False
    assert following.over


def test_every_line_from_the_beginning_for_other_programs(run):
    write(run, start(), episode(10))
    with run.metrics.open("a") as file:
        file.write("nonsense\n")
    following = Following(run)
    assert list(following.lines()) == [start(), episode(10)]
    write(run, end(20))
    assert list(following.lines()) == [end(20)]


def test_a_line_without_end_takes_no_memory(run, monkeypatch):
    monkeypatch.setattr(module, "DOCUMENT_BYTES", 1000)
    run.metrics.write_text("x" * 5000 + "\n")
    write(run, episode(1))
    assert list(Following(run).lines()) == [episode(1)]


@pytest.mark.parametrize(
    ("kind", "values", "shown"),
    [
        ("start", {"budget": "many"}, None),
        ("start", {"budget": 5, "anything": [1]}, {"budget": 5, "anything": [1]}),
        ("episode", {"return": 1.0}, None),
        ("episode", {"episode": 1, "return": 1e300, "random": True}, {"episode": 1, "return": None, "random": True}),
        ("update", {"updates": None}, None),
        ("checkpoint", {}, None),
        ("note", {"message": 3}, None),
        ("end", {"status": "lost", "seconds": 1.0}, None),
        ("end", {"status": "done", "seconds": 1.0}, {"status": "done", "seconds": 1.0}),
    ],
)
def test_what_no_display_could_show_is_left_out(kind, values, shown):
    event = fitting(Event(kind, 1, 1.0, values))
    assert (event and event.values) == shown
