"""What the help of a command says. Importing this does not import rich, which shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One flag, argument or command: its name, what follows it, a sentence, and a default."""

    name: str
    metavar: str
    text: str
    default: str = ""
    argument: bool = False


@dataclass(frozen=True)
class Sheet:
    """The help of one command: its path and what follows that, a text, and rows by heading."""

    path: str
    usage: str
    text: str
    groups: Mapping[str, Sequence[Row]]
