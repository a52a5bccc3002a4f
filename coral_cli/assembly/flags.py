"""Flags of a command: typed options turned into a signature for Typer, and what the user wrote into values.

Every flag reaches Typer as text without a default, so that what was written can be told from what was
left out, and one grammar (``values.parse``) holds for all commands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

import typer

from coral_cli.assembly.values import negative, parse, text_of
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Field, Help, Json, fields_of, with_values

Given: TypeAlias = Mapping[str, Json]
"""What the user wrote: values by flag name."""

Body: TypeAlias = Callable[[typer.Context, Given], int]
"""A command's function, which returns the exit code."""

T = TypeVar("T")

_METAVARS = {int: "INT", float: "FLOAT", str: "TEXT"}


@dataclass(frozen=True)
class Flag:
    """An option ``--NAME`` as the command line and its help show it."""

    field: Field
    """The option, named as the flag is; its default is what leaving the flag out means."""
    group: str = "Options"
    metavar: str = ""
    candidates: Mapping[str, str] | None = None
    """What the shell may complete, with a sentence each (default: the field's choices)."""
    negatable: bool = False
    """Whether a boolean can be turned off again by ``--no-x``."""

    @property
    def name(self) -> str:
        """The flag without its dashes."""
        return self.field.flag


PLUGIN = Flag(
    Field("plugin", str, False, (), Help("Also load the plugin at PATH, not installed. May be repeated."), None),
    metavar="PATH",
)
"""A flag of every command. What follows it is read before all else, for it decides which other flags there are."""


def split_plugins(args: Sequence[str]) -> tuple[list[str], list[Path]]:
    """Split a command line from its ``--plugin PATH``, wherever it stands. Raises UsageError without a path."""
    rest: list[str] = []
    paths: list[Path] = []
    words = iter(args)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word == f"--{PLUGIN.name}" or word.startswith(f"--{PLUGIN.name}="):
            path = word.partition("=")[2] if "=" in word else next(words, "")
            if not path:
                raise UsageError(f"--{PLUGIN.name} needs a path.", "Name the directory of a package, or a .py file.")
            paths.append(Path(path))
        else:
            rest.append(word)
    return rest, paths


def flags_from(options: object, group: str = "Options", metavars: Mapping[str, str] | None = None) -> tuple[Flag, ...]:
    """Return a command's own flags, one per field of a dataclass; ``metavars`` are by field name."""
    return tuple(Flag(field, group, (metavars or {}).get(field.name, "")) for field in fields_of(options))


def taken(options: T, given: Given) -> tuple[T, dict[str, Json]]:
    """Return ``options`` with what the user wrote of them, and the rest of ``given``."""
    own = {field.flag: field.name for field in fields_of(options)}
    written = {own[flag]: value for flag, value in given.items() if flag in own}
    return with_values(options, written), {flag: value for flag, value in given.items() if flag not in own}


def signed(
    body: Body,
    flags: Iterable[Flag],
    argument: tuple[str, str] | None = None,
    many: bool = False,
    optional: bool = False,
    second: tuple[str, str] | None = None,
) -> Callable[..., int]:
    """Return ``body`` as a function whose signature Typer reads: flags, and a positional ``argument`` (name, help).

    With ``many`` there may be several, which ``body`` gets as a list, and with ``optional`` none; a ``second`` argument
    stands behind the first. Calling it raises UsageError for a value that does not fit its flag.
    """
    numbered = {f"flag{number}": flag for number, flag in enumerate((*flags, PLUGIN))}

    def call(context: typer.Context, **written: Any) -> int:
        values = {key: value for key, value in written.items() if value is not None}
        return body(context, {_name(numbered, key): _value(numbered.get(key), value) for key, value in values.items()})

    parameters = [Parameter("context", Parameter.KEYWORD_ONLY, annotation=typer.Context)]
    for name, text in filter(None, (argument, second)):
        kind: Any = list[str] if many else str
        default = None if optional else Parameter.empty
        kind = kind | None if optional else kind
        hint = Annotated[kind, typer.Argument(metavar=name.upper(), help=text)]
        parameters.append(Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=hint))
    parameters += [_parameter(key, flag) for key, flag in numbered.items()]
    call.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {}
    call.__doc__ = body.__doc__
    return call


def _name(flags: Mapping[str, Flag], key: str) -> str:
    return flags[key].name if key in flags else key


def _value(flag: Flag | None, written: Any) -> Json:
    return written if flag is None or flag.field.type is bool else parse(flag.field, written)


def _parameter(key: str, flag: Flag) -> Parameter:
    field = flag.field
    candidates = dict.fromkeys(field.choices, "") if flag.candidates is None else flag.candidates
    option = typer.Option(
        f"--{flag.name}/--{negative(flag.name)}" if flag.negatable and field.type is bool else f"--{flag.name}",
        help=field.help.text,
        metavar=flag.metavar or _metavar(field),
        show_default=_default(field),
        rich_help_panel=flag.group,
        autocompletion=(lambda: list(candidates.items())) if candidates else None,
    )
    kind = bool if field.type is bool else str
    return Parameter(key, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option])


def _metavar(field: Field) -> str | None:
    if field.type is tuple:
        return "INT,..." if field.item is int else "NAME,..."
    return "|".join(field.choices) or _METAVARS.get(field.type)


def _default(field: Field) -> str:
    """Return the default as the help shows it; a flag that is off by default needs no word."""
    if field.default is None or field.default is False:
        return ""
    if isinstance(field.default, (list, tuple)):
        return ", ".join(map(str, field.default))
    return "on" if field.default is True else text_of(field.default)
