"""Flags that several commands share, and how they print."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Help, Json
from coral_cli.registry.places import absolute
from coral_cli.registry.streams import aside

JsonFlag = Annotated[bool, Help("Print one JSON document on standard output.")]
QuietFlag = Annotated[bool, Help("Print nothing but results and errors.")]
DebugFlag = Annotated[bool, Help("Show the traceback of an error.")]


def print_json(document: Json) -> None:
    """Print one indented JSON document on standard output."""
    json.dump(document, sys.stdout, indent=2)
    print()


def csv_file(text: str | None) -> Path | None:
    """Return the absolute path of a table's file. Raises UsageError for a name that does not end so."""
    if text is not None and Path(text).suffix.lower() != ".csv":
        raise UsageError(f"--csv is {text!r}, but tables are .csv files.", f"Write --csv {shlex.quote(text + '.csv')}.")
    return None if text is None else absolute(text)


@contextmanager
def documents(json: bool) -> Iterator[TextIO]:
    """Give standard output, with ``json`` for documents alone.

    What else is printed meanwhile, by an environment, a library or a process of theirs, then goes to standard error.
    """
    if not json:
        yield sys.stdout
        return
    with aside() as out:
        yield out
