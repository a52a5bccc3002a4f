"""The rooms know each other one way only, and heavy imports stay where they belong."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import coral_cli

ROOT = Path(coral_cli.__file__).parent
ROOMS = {
    "registry": set(),
    "plugin": {"registry"},
    "plugin_tensors": {"parallel", "representation"},
    "plugin_simulation": {"environments"},
    "plugin_recordings": {"recordings", "runs"},
    "plugin_agents": {"runs"},
    "fast": set(),
    "parallel": {"registry"},
    "environments": {"registry"},
    "representation": {"registry", "fast", "parallel"},
    "policies": {"registry", "fast", "parallel", "representation"},
    "builtin": {"registry", "environments", "representation", "policies", "engines"},
    "runs": {"registry"},
    "recordings": {"registry", "environments", "runs"},
    "display": {"registry", "runs"},
    "report": {"registry", "runs"},
    "engines": set(),
    "study": {"registry", "assembly", "runs", "display", "training"},
    "training": {"registry", "fast", "parallel", "environments", "representation", "runs"},
    "measuring": {"registry", "parallel", "environments", "representation", "runs", "training"},
    "inside": {"registry", "representation", "runs", "training"},
    "exporting": {"registry", "representation", "runs", "training"},
    "assembly": {"builtin", "registry", "environments", "representation", "runs", "training"},
    "sessions": {
        "registry",
        "parallel",
        "environments",
        "runs",
        "training",
        "assembly",
        "display",
        "measuring",
        "inside",
        "exporting",
    },
}
"""What each room may import of the others, at any level.

``plugin`` and ``version`` are open to all; ``commands`` see everything.
"""

TORCH = {
    "fast",
    "parallel",
    "representation",
    "policies",
    "training",
    "measuring",
    "inside",
    "exporting",
    "sessions",
    "testing",
}
TORCH |= {"plugin_tensors"}
HEAVY = {"mujoco", "dm_control", "av", "PIL"}
FILES = sorted(ROOT.rglob("*.py"))


def room(path: Path) -> str:
    """The package a file lies in, or its own name when it lies at the top."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(tree: ast.AST, nested: bool) -> Iterator[str]:
    """The modules that a tree imports when it is run; ``nested``: inside functions and for types as well."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "write imports in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) and not nested:
            continue
        elif nested or not isinstance(node, ast.FunctionDef | ast.Lambda):
            yield from imports(node, nested)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_layers(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = room(path)
    if own in ROOMS:
        seen = {module.split(".")[1] for module in imports(tree, nested=True) if module.startswith("coral_cli.")}
        assert seen - {own, "plugin", "version"} <= ROOMS[own]
    if own not in ("commands", "app", "__main__"):
        assert not any(module.startswith("coral_cli.commands") for module in imports(tree, nested=True))
    if own != "testing" and path != ROOT / "commands" / "plugin_check.py":
        assert not any(module.startswith("coral_cli.testing") for module in imports(tree, nested=True))
    heavy = {module.split(".")[0] for module in imports(tree, nested=False)}
    assert own in TORCH or "torch" not in heavy
    assert own == "environments" or not heavy & HEAVY


def test_the_table_of_rooms_says_the_same() -> None:
    """``plugin_tensors`` and its neighbours share a row; ``plugin`` and ``version`` are open to all."""
    page = (ROOT.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `coral_cli/(\w+)(?:\.py)?`[^|]*\|[^|]*\| ([^|]*) \|$", page, re.MULTILINE)
    said = {name: set(re.findall(r"\w+", known.replace("what is built in", "builtin"))) for name, known in rows}
    beside = {f"plugin_{name}" for name in ("tensors", "simulation", "recordings", "agents")}
    for name in ROOMS.keys() - beside:
        assert said[name] - {"nothing", "else", "plugin"} == ROOMS[name], name


def test_no_room_may_know_more_than_it_does() -> None:
    for name, known in ROOMS.items():
        trees = [ast.parse(path.read_text(encoding="utf-8")) for path in FILES if room(path) == name]
        modules = {module for tree in trees for module in imports(tree, nested=True)}
        assert known <= {module.split(".")[1] for module in modules if module.startswith("coral_cli.")}, name


def test_the_version_knows_nothing_else() -> None:
    assert not list(imports(ast.parse((ROOT / "version.py").read_text()), nested=True))


def test_every_room_is_known() -> None:
    rooms = {path.name for path in ROOT.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert rooms <= ROOMS.keys() | {"commands", "testing"}
