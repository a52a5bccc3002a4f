"""Errors to exit codes and to ``error:`` and ``hint:``."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from coral_cli.registry.catalog import Catalog, Entry
from coral_cli.registry.errors import CoralError, PluginError, UnreadableError, UsageError
from coral_cli.registry.records import Command


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
    program = (
        "import sys; sys.argv[1:] = 'plugins list --json'.split(); from coral_cli.__main__ import run; sys.exit(run())"
    )
    command = [sys.executable, "-c", f"import os; os.close(1); os.open('/dev/full', os.O_WRONLY); {program}"]
    full = subprocess.run(command, capture_output=True, text=True, check=False)
    assert full.returncode == 1
    assert full.stderr.startswith("error: ")
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", program]
    gone = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (gone.returncode, gone.stderr) == (128 + signal.SIGPIPE, "")


@pytest.mark.parametrize(
    ("stop", "code", "err"), [(7, 7, ""), (None, 0, ""), ("no such thing.", 1, "error: no such thing.\n")]
)
def test_a_command_may_end_by_exit(stop: object, code: int, err: str, coral, toy_catalog: Catalog) -> None:
    def run(options: object) -> int:
        raise SystemExit(stop)

    entry = Entry(Command("leave", "Leaves.", run), "pack-a", "1.0")
    outcome = coral("leave", catalog=Catalog([*toy_catalog, entry]))
    assert (outcome.code, outcome.out, outcome.err) == (code, "", err)


def test_closed_streams_lose_what_is_written() -> None:
    command = shlex.join([sys.executable, "-m", "coral_cli", "plugins", "list", "--kind", "rssm"])
    for streams in (">&-", ">&- 2>&-"):
        ended = subprocess.run(f"{command} {streams}", shell=True, stderr=subprocess.PIPE, text=True, check=False)
        assert (ended.returncode, ended.stderr) == (0, "")


def test_what_an_encoding_lacks_is_escaped(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "coral_cli", "plugins", "new", "mine", "--kind", "loss", "--out", "bäse"]
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ended = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.startswith(b"b\\xe4se holds the loss mine.")


def test_interruption_while_it_starts() -> None:
    program = """
import os, signal, sys
class Interrupted:
    def find_spec(self, name, *_):
        if name == "coral_cli.app":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupted())
from coral_cli.__main__ import run
sys.exit(run())
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (130, "stopped by Ctrl-C.\n")
