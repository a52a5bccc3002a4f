"""Docstrings can be understood without the name above them. That a function's is in the imperative, ruff sees to."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import coral_cli

ROOT = Path(coral_cli.__file__).parents[1]
SOURCES = [*(ROOT / "coral_cli").rglob("*.py"), *ROOT.glob("plugins/*/src/**/*.py")]
FRAGMENTS = {
    *("And", "As", "At", "Before", "Behind", "By", "During", "For", "From", "In", "Into", "Of", "On", "Or", "Per"),
    *("That", "To", "Until", "Where", "While", "Whose", "With", "Within"),
}
"""Words with which a docstring only goes on from the name: ``rows_of`` "Of this program"."""


def constants(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the assignments that a string follows, with it."""
    for node in ast.walk(tree):
        body = node.body if isinstance(node, ast.Module | ast.ClassDef) else []
        for before, after in itertools.pairwise(body):
            text = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else None
            if isinstance(before, ast.Assign | ast.AnnAssign) and isinstance(text, str):
                yield ast.unparse(before), text


def faults(code: str) -> Iterator[str]:
    """Yield the docstrings of classes, functions and constants that say nothing alone."""
    tree = ast.parse(code)
    yield from (f"{name}: {text}" for name, text in constants(tree) if text.split()[0] in ("Of", "By", "Where"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
            marks = {ast.unparse(mark).rpartition(".")[2] for mark in node.decorator_list}
            does = isinstance(node, ast.FunctionDef) and not marks & {"property", "cached_property"}
            first = text.split()[0]
            if first in FRAGMENTS or (does and not re.fullmatch(r"[A-Z][a-z]+\W?", first)):
                yield f"{node.name}: {text}"


def test_docstrings_do_not_go_on_from_the_name_above_them() -> None:
    found = [f"{path}: {fault}" for path in SOURCES for fault in faults(path.read_text(encoding="utf-8"))]
    assert not found, "\n".join(found)


def test_a_docstring_that_does_is_found() -> None:
    code = '''
class Row:
    """In a table."""
    def cells(self):
        """(N,) by column."""
    @property
    def wide(self):
        """``WIDTH`` columns or more."""
WIDTH = 3
"""Of a row."""
'''
    assert [fault.partition(":")[0].strip() for fault in faults(code)] == ["WIDTH = 3", "Row", "cells"]
