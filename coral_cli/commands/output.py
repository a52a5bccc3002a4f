"""Flags that several commands share, and how they print."""

from __future__ import annotations

import json
import sys
from typing import Annotated

from coral_cli.registry.options import Help, Json

JsonFlag = Annotated[bool, Help("Print one JSON document on standard output.")]
QuietFlag = Annotated[bool, Help("Print nothing but results and errors.")]
DebugFlag = Annotated[bool, Help("Show the traceback of an error.")]


def print_json(document: Json) -> None:
    """One indented JSON document on standard output."""
    json.dump(document, sys.stdout, indent=2)
    print()
