"""Errors to exit codes and to ``error:`` and ``hint:``."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from coral_cli.registry.catalog import Catalog
from coral_cli.registry.errors import CoralError, PluginError, UnreadableError, UsageError


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(request: object) -> int:
        raise error

    monkeypatch.setattr("coral_cli.commands.train.run_session", fail)


@pytest.mark.parametrize(("kind", "code"), [(CoralError, 1), (UsageError, 2), (PluginError, 3), (UnreadableError, 4)])
def test_errors(kind: type[CoralError], code: int, coral, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, kind("it broke.", "Mend it."))
    outcome = coral("train")
    assert (outcome.code, outcome.out, outcome.err) == (code, "", "error: it broke.\nhint: Mend it.\n")


def test_the_unexpected_shows_a_traceback_only_when_asked(coral, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, ZeroDivisionError("by zero"))
    outcome = coral("train")
    assert outcome.code == 1
    assert outcome.err.splitlines()[0] == "error: unexpected ZeroDivisionError: by zero"
    assert "--debug" in outcome.err
    assert "Traceback" not in outcome.err
    assert "Traceback" in coral("train", "--debug").err


def test_interruption(coral, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, KeyboardInterrupt())
    assert coral("train").code == 130


def test_a_sessions_code_is_the_exit_code(coral, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coral_cli.commands.train.run_session", lambda request: 143)
    assert coral("train").code == 143


def test_a_broken_plugin_is_one_line_and_stops_nothing(coral, toy_catalog: Catalog) -> None:
    warning = "warning: plugin bad (coral-bad 0.1) is broken: ImportError: no module named 'jax'\n"
    for words in (["--version"], ["--help"], ["plugins", "list"]):
        outcome = coral(*words, catalog=toy_catalog)
        assert (outcome.code, outcome.err) == (0, warning)
    assert "coral-bad 0.1" in coral("plugins", "list", catalog=toy_catalog).out


def test_a_reader_that_goes_away_is_no_error() -> None:
    program = "import sys; from coral_cli.app import main; sys.exit(main(['plugins', 'list', '--json']))"
    command = [sys.executable, "-c", f"import os; os.close(1); os.open('/dev/full', os.O_WRONLY); {program}"]
    full = subprocess.run(command, capture_output=True, text=True, check=False)
    assert full.returncode == 1
    assert full.stderr.startswith("error: ")
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", program]
    gone = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (gone.returncode, gone.stderr) == (1, "")
