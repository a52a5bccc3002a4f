"""What coral relies on in Typer: where one of these fails, ``typer_surface`` has to follow a new Typer."""

import ast
from pathlib import Path
from typing import Annotated

import pytest
import typer

import coral_cli
from coral_cli.assembly import typer_surface
from coral_cli.assembly.typer_surface import Command, Group, Reading, run, usage_error
from coral_cli.registry.errors import UsageError

ROOT = Path(coral_cli.__file__).parent


def push(name: str, far: Annotated[bool, typer.Option("--far/--near", help="How far.")] = False) -> int:
    """Push it."""
    return len(name) + 10 * far


def pull(force: Annotated[str, typer.Option("--force", metavar="N")] = "1") -> int:
    return int(force)


class Either(Command):
    """Parsed by ``push``, or by ``pull`` after the word ``pull``."""

    def reading(self, words, given, completing):
        assert (given, completing) == ("given", False)
        if words[0] == "pull":
            return Reading(words[1:], pull, lambda unknown: UsageError(f"no {unknown}"))
        return Reading(words)


def app():
    made = typer.Typer(cls=Group, add_completion=False)
    made.callback()(lambda: None)
    made.command("either", cls=Either)(push)
    return made


@pytest.mark.parametrize(
    ("line", "code"), [("either box", 3), ("either box --far", 13), ("either pull", 1), ("either pull --force 7", 7)]
)
def test_a_command_reads_its_line_or_has_it_read_by_another(line, code):
    assert run(app(), line.split(), "toy", "given") == code


def test_errors_tell_what_is_unknown_and_what_is_near():
    with pytest.raises(UsageError, match="no froce"):
        run(app(), ["either", "pull", "--froce", "7"], "toy", "given")
    with pytest.raises(typer.TyperException) as unknown:
        run(app(), ["either", "box", "--fra"], "toy", "given")
    assert usage_error(unknown.value).message == "there is no option --fra."
    assert usage_error(unknown.value).hint == "Did you mean --far?"
    with pytest.raises(typer.TyperException) as missing:
        run(app(), ["either", "--far"], "toy", "given")
    assert usage_error(missing.value).message == "missing argument 'name'."
    assert usage_error(missing.value).hint == "See `toy either --help`."
    with pytest.raises(UsageError, match="there is no command 'eiter'") as near:
        run(app(), ["eiter"], "toy", "given")
    assert near.value.hint == "Did you mean 'either'?"


def test_help_shows_names_metavars_and_both_sides_of_a_switch(capsys):
    run(app(), ["either", "box", "--help"], "toy", "given")
    out = capsys.readouterr().out
    assert "Usage: toy either [OPTIONS] NAME" in out and "Push it." in out and "--far / --near" in out
    run(app(), ["either", "pull", "--help"], "toy", "given")
    assert "--force N" in capsys.readouterr().out
    run(app(), [], "toy", "given")
    assert "Usage: toy [OPTIONS] COMMAND [ARGS]..." in (listed := capsys.readouterr().out) and "either" in listed


def test_nothing_else_reaches_into_typer():
    """Elsewhere only names that ``typer`` itself exports are used."""
    for path in ROOT.rglob("*.py"):
        if path == Path(typer_surface.__file__):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("typer"), path
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "typer":
                assert node.attr in vars(typer) and not node.attr.startswith("_"), path
