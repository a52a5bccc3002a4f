"""What reaches a terminal: text of others is text alone."""

from __future__ import annotations

import ast
import fcntl
import io
import os
import re
import struct
import termios
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text

import coral_cli
from coral_cli.registry.console import Terminal
from coral_cli.registry.terminal import flowing, say, sentence, visible

ROOT = Path(coral_cli.__file__).parent
NOT_TEXT = {"commands/output.py", "display/selection.py"}
"""They print JSON, which escapes what is not ASCII."""
SCRIPTS = {"testing/records.py", "environments/rendering/speed.py"}
"""Their print is in a process of its own, which another one reads."""


@pytest.mark.parametrize("number", [*range(32), *range(0x7F, 0xA0), 0x200E, 0x202E, 0x2028, 0x2066])
def test_control_characters_are_question_marks(number: int) -> None:
    kept = chr(number) in "\t\n"
    assert visible(f"a{chr(number)}b") == (f"a{chr(number)}b" if kept else "a?b")


def test_other_text_stays() -> None:
    text = "läuft [bold]fett[/] :smile: 方 \u00a0é 🙂"
    assert visible(text) == text


def test_a_sentence_is_one_line_and_ends() -> None:
    assert sentence("there is no run a\nhint: b") == "there is no run a hint: b"
    assert sentence("a" * 399) == "a" * 399
    assert sentence(f"no {'a' * 5000}b here") == f"no {'a' * 100}...{'a' * 19}b here"


def test_what_is_said_is_visible() -> None:
    out = io.StringIO()
    say("\x1b]0;title\x07 \x1b[2Jgone\r", out)
    assert out.getvalue() == "?]0;title? ?[2Jgone?\n"


TOLD = "hint: Train one: coral train --init-from a/run --env.make 'tasks=[1, 2]', then it's evaluated with coral eval."


@pytest.mark.parametrize("columns", [*range(20, 70), 200])
def test_no_word_lies_across_the_ends_of_a_terminals_lines(columns: int) -> None:
    flown = flowing(TOLD, columns)
    lines = [flown[start : start + columns] for start in range(0, len(flown), columns)]
    words = re.sub("(?<==.1,) ", "_", TOLD).split()  # what is quoted is one
    assert [word for line in lines for word in line.replace("[1, 2]", "[1,_2]").split()] == words
    assert " ".join(flown.replace("[1, 2]", "[1,_2]").split()) == " ".join(words)  # to copy, it is one line


def test_words_longer_than_a_line_and_wide_letters_stay() -> None:
    assert flowing(f"note: {'a' * 30} b cc", 10) == f"note: {'a' * 30} b  cc"
    assert flowing("note: 方方 方 a", 10) == "note:     方方 方 a"
    assert flowing("note: aaaaaaaaa b", 10) == "note:     aaaaaaaaa b"


def test_only_what_is_told_on_a_terminal_flows(monkeypatch) -> None:
    leader, follower = os.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 20, 0, 0))
    with os.fdopen(follower, "w") as terminal, open(leader, encoding="utf-8") as screen:
        for text in ("error: there is no such sensor.", "a table: there is no such sensor."):
            say(text, terminal)
            out = io.StringIO()
            say(text, out)
            assert out.getvalue() == f"{text}\n"
        assert screen.readline() == "error: there is no  such sensor.\n"
        assert screen.readline() == "a table: there is no such sensor.\n"


@pytest.mark.parametrize("terminal", [False, True])
def test_a_console_shows_strangers_text_as_it_is(terminal: bool) -> None:
    console = Terminal(file=io.StringIO(), width=60, force_terminal=terminal, color_system=None)
    evil = "\x1b[31m[red]:smile:[/red]\x9b1m"
    table = Table(evil, title=evil, caption=evil)
    table.add_row(evil)
    for shown in (evil, Text(evil), table):
        console.print(shown)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b[31m" not in said and "\x9b" not in said
    assert said.count("[31m[red]:smile:[/red]1m") == 6


def test_its_own_colours_stay() -> None:
    console = Terminal(file=io.StringIO(), width=60, force_terminal=True, color_system="standard")
    console.print(Text("a\x1bb", "red"))
    assert console.file.getvalue() == "\x1b[31mab\x1b[0m\n"  # type: ignore[attr-defined]


def test_nothing_is_printed_past_it() -> None:
    found = set()
    for path in ROOT.rglob("*.py"):
        place = path.relative_to(ROOT).as_posix()
        if place.startswith("templates/") or place in NOT_TEXT | SCRIPTS | {"registry/terminal.py"}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in ("print", "Console", "typer.echo", "typer.secho", "traceback.print_exc"):
                    found.add(f"{place}: {called}")
                if called in ("sys.stdout.write", "sys.stderr.write", "Text.from_markup", "Text.from_ansi"):
                    found.add(f"{place}: {called}")
    assert not found
