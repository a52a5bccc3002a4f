"""How commands show their help, in which no name is ever cut off, and what a group says about an unknown command."""

from __future__ import annotations

import difflib
import inspect
import textwrap
from typing import Any

from rich.console import Console
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

from coral_cli.registry.errors import UsageError

_TIED = "\u00a0"
"""Stands for a space where no line may end."""
_INDENT = 2
_COLUMN = 32
"""Where explanations start. A longer name has its explanation below it."""
_NARROW = 60
"""On a terminal narrower than this, every explanation stands below its name."""


class Command(TyperCommand):
    """A command with this help."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Prints the help."""
        _print_help(self, ctx, [])

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """For completion, values are not checked."""
        return _split(self, ctx, args) if ctx.resilient_parsing else super().parse_args(ctx, args)


class Group(TyperGroup):
    """A group of commands with this help."""

    ALONE = ("--help",)
    """What a call without arguments stands for."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Prints the help."""
        rows = [(Text(name, "green"), command.get_short_help_str(200)) for name, command in self.commands.items()]
        _print_help(self, ctx, rows)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """For completion, values are not checked."""
        return _split(self, ctx, args) if ctx.resilient_parsing else super().parse_args(ctx, args or [*self.ALONE])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Raises UsageError for an unknown command."""
        name = args[0]
        if name in self.commands or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        near = difflib.get_close_matches(name, self.commands, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Commands: {', '.join(self.commands)}."
        raise UsageError(f"there is no command {name!r}.", hint)


def _split(command: TyperCommand | TyperGroup, context: Any, args: list[str]) -> list[str]:
    """Parses a line that is to be completed. Its values are not read: importing what checks them takes 0.1 s."""
    parser = command.make_parser(context)
    given, rest, _ = parser.parse_args(args=args)
    for parameter in command.get_params(context):
        context.set_parameter_source(parameter.name, parameter.consume_value(context, given)[1])
    context.args = rest
    context._opt_prefixes.update(parser._opt_prefixes)
    return rest


def _print_help(command: TyperCommand | TyperGroup, context: Any, commands: list[tuple[Text, str]]) -> None:
    groups: dict[str, list[tuple[Text, str]]] = {"Commands": commands} if commands else {}
    for parameter in command.get_params(context):
        title = getattr(parameter, "rich_help_panel", None)
        title = title or ("Arguments" if parameter.param_type_name == "argument" else "Options")
        groups.setdefault(title, []).append((_name(parameter), _explanation(parameter)))
    console = Console(highlight=False, markup=False, emoji=False)
    usage = " ".join(command.collect_usage_pieces(context)).translate({ord("{"): None, ord("}"): None})
    console.print(Text.assemble("Usage: ", (context.command_path, "bold"), f" {usage}"), soft_wrap=True)
    _print_paragraphs(console, command.help)
    for title, rows in groups.items():
        console.print()
        console.print(Text(title, "bold cyan"), soft_wrap=True)
        for name, explanation in rows:
            _print_row(console, name, explanation)


def _name(parameter: Any) -> Text:
    if parameter.param_type_name == "argument":
        return Text(parameter.metavar or parameter.name.upper(), "yellow")
    names = " / ".join([", ".join(sorted(parameter.opts, key=len)), *parameter.secondary_opts])
    metavar = "" if parameter.is_flag or not parameter.metavar else f" {parameter.metavar}"
    return Text.assemble((names, "green"), (metavar, "yellow"))


def _explanation(parameter: Any) -> str:
    text, default = parameter.help or "", parameter.show_default
    return f"{text} [default:{_TIED}{default}]" if default and isinstance(default, str) else text


def _print_row(console: Console, name: Text, explanation: str) -> None:
    column = _COLUMN if console.width >= _NARROW else 3 * _INDENT
    line = Text(" " * _INDENT) + name
    rest = _lines(explanation, console.width - column)
    if rest and line.cell_len + _INDENT <= column:
        line.append(" " * (column - line.cell_len) + rest.pop(0))
    for part in (line, *(" " * column + other for other in rest)):
        console.print(part, soft_wrap=True)


def _print_paragraphs(console: Console, text: str | None) -> None:
    for paragraph in inspect.cleandoc(text or "").split("\n\n"):
        if paragraph:
            console.print()
            console.print("\n".join(_lines(paragraph, console.width)), soft_wrap=True)


def _lines(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` columns, or of one longer word; broken at no no-break space."""
    lines = textwrap.wrap(text, max(width, 12), break_long_words=False, break_on_hyphens=False)
    return [line.replace(_TIED, " ") for line in lines]
