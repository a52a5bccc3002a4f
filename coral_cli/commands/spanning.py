"""Commands that span a grid: every flag of a run may stand before the ``--``, as often as it has values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import typer

from coral_cli.assembly.flags import Flag, Given, signed
from coral_cli.assembly.selection import choose
from coral_cli.assembly.two_phase import assembly_flags, scan
from coral_cli.assembly.typer_surface import Command, Reading
from coral_cli.assembly.words import Word, split
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.errors import CoralError, UsageError
from coral_cli.registry.options import fields_of
from coral_cli.registry.records import Engine

LOCAL = "local"
"""The engine that is used unless another one is asked for."""

Spanned: TypeAlias = tuple[list[Word], list[Word]]
"""The flags before and behind the ``--``."""

Sweeping: TypeAlias = Callable[[typer.Context, Given, Spanned], int]


def spanning(body: Sweeping, own: Sequence[Flag], argument: tuple[str, str] | None = None) -> type[Command]:
    """Return the class of a command that has its ``own`` flags, those of an engine, and every flag of a run, repeated.

    ``argument`` is a name and a help; it may be left out.
    """

    class Spanning(Command):
        def reading(self, words: list[str], given: Any, completing: bool) -> Reading:
            catalog: Catalog = given
            cut = words.index("--") if "--" in words else len(words)
            before, behind = words[:cut], words[cut + 1 :]
            flags = [*own, *_engine_flags(scan(before).get("on"), catalog, completing)]
            if completing:
                return Reading(
                    words,
                    signed(lambda *_: 0, [*flags, *_train_flags(catalog, flags)], argument, many=True, optional=True),
                )
            mine, theirs = _parted(before, flags)

            def call(context: typer.Context, given: Given) -> int:
                return body(context, given, (split(theirs), split(behind)))

            return Reading(mine, signed(call, flags, argument, many=True, optional=True))

    return Spanning


def _parted(words: Sequence[str], own: Sequence[Flag]) -> tuple[list[str], list[str]]:
    """Part the command's own words from the flags of runs and their values."""
    alone = {flag.name: flag.field.type is bool for flag in own} | {"help": True}
    mine: list[str] = []
    theirs: list[str] = []
    rest = list(reversed(words))
    while rest:
        word = rest.pop()
        name, equals, _ = word.removeprefix("--").partition("=")
        flag = word.startswith("--")
        side = theirs if flag and name not in alone else mine
        side.append(word)
        if flag and not equals and rest and not alone.get(name, rest[-1].startswith("--")):
            side.append(rest.pop())
    return mine, theirs


def _engine_flags(name: str | None, catalog: Catalog, tolerant: bool) -> list[Flag]:
    try:
        record = catalog.get(Engine.kind, name or LOCAL).record
    except CoralError:
        if not tolerant:
            raise
        return []
    return [
        Flag(replace(field, name=f"{record.name}.{field.flag}"), f"--on {record.name}")
        for field in fields_of(record.options)
    ]


def _train_flags(catalog: Catalog, own: Sequence[Flag]) -> list[Flag]:
    """Return the flags of runs that the shell may complete."""
    taken_names = {flag.name for flag in own}
    return [flag for flag in assembly_flags(choose({}, catalog), catalog) if flag.name not in taken_names]


def require_engine(words: Iterable[Word], engine: str, catalog: Catalog) -> None:
    """Raise UsageError for an option of an engine that is not in use."""
    for name, _ in words:
        slot = name.partition(".")[0]
        if "." in name and slot in catalog.names(Engine.kind) and slot != engine:
            raise UsageError(f"the engine {slot!r} is not in use (--{name}).", f"Add --on {slot}.")
