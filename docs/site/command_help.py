"""The directive ``command-help``: what ``coral COMMAND --help`` prints, for every command, with what is built in."""

import io
import os
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any
from unittest.mock import patch

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from coral_cli import builtin
from coral_cli.app import application, main
from coral_cli.assembly.typer_surface import whole
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.discovery import discover

WIDTH = 80


class CommandHelp(SphinxDirective):
    """A directive that writes a section for ``coral`` itself and one for each command."""

    def run(self) -> list[nodes.Node]:
        """Return the sections, when Sphinx asks for them."""
        catalog = discover(builtin, {"CORAL_PLUGINS": ""})
        return [self._section(words, catalog) for words in _commands(whole(application(catalog)), [])]

    def _section(self, words: list[str], catalog: Catalog) -> nodes.section:
        title = " ".join(["coral", *words])
        shown = nodes.literal_block("", _help(words, catalog), language="none")
        section = nodes.section("", nodes.title("", title), shown, names=[nodes.fully_normalize_name(title)])
        self.state.document.note_implicit_target(section, section)
        return section


def _commands(command: Any, words: list[str]) -> Iterator[list[str]]:
    yield words
    for name, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, [*words, name])


def _help(words: list[str], catalog: Catalog) -> str:
    printed = io.StringIO()
    with redirect_stdout(printed), patch.dict(os.environ, COLUMNS=str(WIDTH), TERM="dumb"):
        code = main([*words, "--help"], catalog)
    if code:
        raise RuntimeError(f"coral {' '.join(words)} --help: exit code {code}")
    return printed.getvalue().strip()


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directive."""
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True}
