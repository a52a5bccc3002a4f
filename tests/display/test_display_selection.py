from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from coral_cli.display.dashboard import Dashboard
from coral_cli.display.plain import PlainLines
from coral_cli.display.selection import is_live, make_display


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_INTERACTIVE", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


class Latin(io.StringIO):
    encoding = "iso-8859-1"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def console(file=None, **options):
    return Console(file=file or io.StringIO(), **options)


def display(err, **options):
    return make_display(io.StringIO(), err, json=False, quiet=False, **options)


def test_a_terminal_gets_the_dashboard_and_a_pipe_plain_lines():
    assert isinstance(display(console(force_terminal=True)), Dashboard)
    assert isinstance(display(console(Terminal())), Dashboard)
    assert isinstance(display(console()), PlainLines)


def test_a_dumb_terminal_gets_plain_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert not is_live(console(Terminal()))


def test_a_terminal_without_block_characters_gets_plain_lines():
    assert not is_live(console(Latin(), force_terminal=True))


def test_forced_colour_makes_no_dashboard_in_a_log(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert not is_live(console())
    assert is_live(console(Terminal()))


def test_no_color_keeps_the_dashboard(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert is_live(console(Terminal()))


def test_json_prints_one_document_per_event_on_stdout_alone(run):
    out, err = io.StringIO(), console(Terminal())
    with make_display(out, err, json=True, quiet=False) as display:
        for event in run:
            display(event)
    documents = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [document["kind"] for document in documents] == [event.kind for event in run]
    assert documents[2]["values"]["policy/alpha"] is None
    assert err.file.getvalue() == ""


def test_quiet_prints_nothing(run):
    out, err = io.StringIO(), console(Terminal())
    with make_display(out, err, json=False, quiet=True) as display:
        for event in run:
            display(event)
    assert out.getvalue() == err.file.getvalue() == ""
