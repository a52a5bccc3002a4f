"""All that coral uses of Typer beyond its public names: a Typer that changes any of it breaks this file alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from coral_cli.assembly.elsewhere import of_flag
from coral_cli.assembly.sheet import Row, Sheet
from coral_cli.registry.errors import UsageError
from coral_cli.registry.nearest import meant, one_of


@dataclass(frozen=True)
class Reading:
    """How a command line is read: its words, and by whom.

    ``body``, where there is one, is a function whose signature says which flags there are, instead of the command's
    own; ``explain`` makes the error for a flag that there is not.
    """

    words: list[str]
    body: Callable[..., int] | None = None
    explain: Callable[[str], Exception] | None = None


@dataclass(frozen=True)
class Part:
    """A command, or a group of them, that is made when it is asked for: ``add`` then adds it to an app.

    ``summary`` is what lists say of it: the first sentence of its help.
    """

    name: str
    summary: str
    add: Callable[[typer.Typer], None]


class Command(TyperCommand):
    """A command with coral's help."""

    def reading(self, words: list[str], given: Any, completing: bool) -> Reading:
        """Say how ``words`` are read; for subclasses.

        ``given`` is what the program was started with; ``completing`` says that the shell wants a line completed.
        """
        return Reading(words)

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Parse a command line."""
        given = None if parent is None else parent.obj
        reading = self.reading(list(args), given, extra.get("resilient_parsing", False))
        command = self if reading.body is None else _compiled(reading.body, self.name, self.help)
        try:
            return TyperCommand.make_context(command, info_name, reading.words, parent=parent, **extra)
        except typer.TyperException as error:
            if reading.explain is None or not hasattr(error, "possibilities"):  # only an unknown option's has it
                raise
            raise reading.explain(error.option_name.lstrip("-")) from None  # type: ignore[attr-defined]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help."""
        _print(_sheet(self, ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; for completion, values are not checked."""
        return _split(self, ctx, args) if ctx.resilient_parsing else super().parse_args(ctx, args)


class Group(TyperGroup):
    """A group of commands with coral's help, which says what is near an unknown command."""

    ALONE: tuple[str, ...] = ("--help",)
    """The words that a call without arguments stands for."""

    def arranged(self, words: list[str]) -> list[str]:
        """Return the words of a command line in the order in which they are parsed; for subclasses."""
        return words

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help."""
        commands = [Row(name, "", command.get_short_help_str(200)) for name, command in self.commands.items()]
        _print(_sheet(self, ctx, commands))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; for completion, values are not checked.

        Raises UsageError for a command's flag that stands before it.
        """
        words = self.arranged(args)
        if ctx.resilient_parsing:
            return _split(self, ctx, words)
        named = next((word for word in words if word in self.commands), None)
        try:
            return super().parse_args(ctx, words or [*self.ALONE])
        except typer.TyperException as error:
            if named is None or not hasattr(error, "possibilities"):  # only an unknown option's has it
                raise
            flag = error.option_name  # type: ignore[attr-defined]
            hint = f"Write it behind the command: {ctx.command_path} {named} {flag}."
            raise UsageError(f"{flag} stands before the command.", hint) from None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that a line names. Raises UsageError for an unknown one."""
        if args[0] in self.commands or ctx.resilient_parsing:
            name, command, rest = super().resolve_command(ctx, args)
            return name, command.made() if isinstance(command, _Later) else command, rest
        hint = meant(args[0], self.commands, f"Commands: {', '.join(self.commands)}.", "{!r}")
        raise UsageError(f"there is no command {args[0]!r}.", hint)


class _Later(TyperCommand):
    """A stand-in for a part."""

    def __init__(self, part: Part) -> None:
        super().__init__(part.name, callback=None, help=part.summary)
        self._part = part

    def made(self) -> Any:
        """Make the command that this stands for."""
        app = typer.Typer(add_completion=False)
        app.callback()(lambda: None)  # so that it is a group, whatever is added
        self._part.add(app)
        return _group(app).commands[self._part.name]


def group_of(parts: Sequence[Part]) -> type[Group]:
    """Return the class of a group of ``parts``, none of which is made before a command line names it."""

    class Whole(Group):
        def __init__(self, *, commands: Any = None, **settings: Any) -> None:
            super().__init__(commands={**{part.name: _Later(part) for part in parts}, **(commands or {})}, **settings)

    return Whole


def whole(app: typer.Typer) -> TyperGroup:
    """Return an app's commands, each of its parts made: what documentation is written of."""
    group = _group(app)
    group.commands = {
        name: command.made() if isinstance(command, _Later) else command for name, command in group.commands.items()
    }
    return group


def run(app: typer.Typer, words: Iterable[str], program: str, given: object) -> int:
    """Run a command line and return its exit code. Raises what its command raises, and typer.TyperException."""
    return int(get_command(app).main(list(words), prog_name=program, standalone_mode=False, obj=given) or 0)


def read(words: Iterable[str], body: Callable[..., int], path: str, explain: Callable[[str], Exception]) -> None:
    """Read ``words`` that stand inside another command line, called ``path`` in hints, and call ``body`` with them.

    Raises what ``explain`` makes of a flag that there is not, and UsageError for all else that is wrong with them.
    """
    try:
        _compiled(body, None, None).main(list(words), prog_name=path, standalone_mode=False)
    except typer.TyperException as error:
        if hasattr(error, "possibilities"):  # only an unknown option's has it
            raise explain(error.option_name.lstrip("-")) from None  # type: ignore[attr-defined]
        raise usage_error(error) from None


def usage_error(error: typer.TyperException) -> UsageError:
    """Say in our words what Typer found wrong. Its error classes are private, so they are told by their attributes."""
    context = getattr(error, "ctx", None)
    hint = f"See `{context.command_path} --help`." if context else "`--help` says what each option takes."
    if hasattr(error, "possibilities"):
        hint = one_of(error.possibilities[:1], hint)
        name = error.option_name  # type: ignore[attr-defined]
        return UsageError(f"there is no option {name}.", of_flag(name.lstrip("-"), ()) or hint)
    message = error.format_message()
    return UsageError(f"{message[:1].lower()}{message[1:].rstrip('.')}.", hint)


def _group(app: typer.Typer) -> TyperGroup:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    return group


def _compiled(body: Callable[..., int], name: str | None, text: str | None) -> Any:
    app = typer.Typer(add_completion=False)
    app.command(name, cls=Command, help=text)(body)
    return get_command(app)


def _split(command: TyperCommand | TyperGroup, context: Any, args: list[str]) -> list[str]:
    """Parse a line that is to be completed. Its values are not read: importing what checks them takes 0.1 s."""
    parser = command.make_parser(context)
    given, rest, _ = parser.parse_args(args=args)
    for parameter in command.get_params(context):
        context.set_parameter_source(parameter.name, parameter.consume_value(context, given)[1])
    context.args = rest
    context._opt_prefixes.update(parser._opt_prefixes)
    return rest


def _print(sheet: Sheet) -> None:
    from coral_cli.assembly.help import print_sheet  # with rich, which completion does without

    print_sheet(sheet)


def _sheet(command: TyperCommand | TyperGroup, context: Any, commands: Iterable[Row] = ()) -> Sheet:
    groups: dict[str, list[Row]] = {"Commands": [*commands]} if commands else {}
    words = ["[OPTIONS]"]
    for parameter in command.get_params(context):
        argument = parameter.param_type_name == "argument"
        title = getattr(parameter, "rich_help_panel", None) or ("Arguments" if argument else "Options")
        groups.setdefault(title, []).append(_row(parameter, argument))
        if argument:
            name = groups[title][-1].name
            words.append((name if parameter.required else f"[{name}]") + ("..." if parameter.nargs != 1 else ""))
    if commands:
        words += ["COMMAND", "[ARGS]..."]
    return Sheet(context.command_path, " ".join(words), command.help or "", groups)


def _row(parameter: Any, argument: bool) -> Row:
    default = parameter.show_default if isinstance(parameter.show_default, str) else ""
    if argument:
        return Row(parameter.metavar or parameter.name.upper(), "", parameter.help or "", default, argument=True)
    names = " / ".join([", ".join(sorted(parameter.opts, key=len)), *parameter.secondary_opts])
    return Row(names, "" if parameter.is_flag else parameter.metavar or "", parameter.help or "", default)
