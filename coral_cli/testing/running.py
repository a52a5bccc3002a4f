"""Command lines in this process, with nothing installed but coral, the toys and what a test brings."""

from __future__ import annotations

import contextlib
import io
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from coral_cli import builtin
from coral_cli.registry.catalog import Catalog, Entry
from coral_cli.registry.discovery import discover
from coral_cli.registry.records import Record
from coral_cli.testing.toys import TOYS
from coral_cli.version import CORE, __version__

DISTRIBUTION = "under-test"
"""The distribution that the components of a test come from."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a command line: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str


def catalog_of(components: Iterable[Record] = ()) -> Catalog:
    """Return the built-in components, the toys, and ``components``; nothing else that is installed."""
    base = discover(builtin, {"CORAL_PLUGINS": ""})
    toys = [Entry(record, CORE, __version__) for record in TOYS]
    own = [Entry(record, DISTRIBUTION, "0") for record in components]
    return Catalog((*base, *toys, *own), find=builtin.find)


def run(line: str, components: Iterable[Record] = ()) -> Outcome:
    """Run ``coral LINE`` (such as ``"train --env toy --steps 50 --out DIR"``) with ``components`` added."""
    from coral_cli.app import main

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(shlex.split(line), catalog_of(components))
    return Outcome(code, out.getvalue(), err.getvalue())
