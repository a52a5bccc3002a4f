"""The author's guide says what is so: the hook reference is that of the code, and nothing in it lacks a word."""

from __future__ import annotations

import importlib.util
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coral_cli import builtin
from coral_cli.app import application
from coral_cli.assembly.selection import choose
from coral_cli.assembly.two_phase import assembly_flags
from coral_cli.assembly.typer_surface import whole
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.discovery import discover
from coral_cli.registry.hooks import HOOK_KINDS, Hooks
from coral_cli.registry.options import fields_of
from coral_cli.registry.records import KINDS

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "plugins"
OF_EVERY_RECORD = {"name", "summary", "build", "options", "run"}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return discover(builtin, {"CORAL_PLUGINS": ""})


@pytest.fixture(scope="module")
def reference() -> Any:
    spec = importlib.util.spec_from_file_location("hook_reference", ROOT / "docs" / "hook_reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_hook_reference_is_up_to_date(reference) -> None:
    written = (GUIDE / "hooks.md").read_text(encoding="utf-8")
    assert written == reference.page(), "run python docs/hook_reference.py"


def test_every_hook_is_documented(reference) -> None:
    page = reference.page()
    for hook in [name for name in vars(Hooks) if name.startswith("coral_")]:
        assert f"## {hook}\n" in page and inspect.getdoc(getattr(Hooks, hook))
        assert hook in HOOK_KINDS
    linked = (GUIDE / "README.md").read_text()
    for kind in set(KINDS) - {"command", "check"}:
        assert f"]({kind}.md)" in linked and (GUIDE / f"{kind}.md").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_a_record_is_explained(kind: str) -> None:
    record = KINDS[kind]
    for field in set(inspect.signature(record).parameters) - OF_EVERY_RECORD:
        assert f"``{field}``" in (record.__doc__ or ""), f"{record.__name__}.{field}"


def test_every_option_of_a_component_is_explained(catalog: Catalog) -> None:
    for entry in catalog:
        assert entry.record.summary.endswith("."), entry.qualified
        for field in fields_of(entry.record.options):
            assert len(field.help.text) > 5, f"{entry.qualified}.{field.name}"


def parameters(command: Any, path: str = "coral") -> Iterator[tuple[str, Any]]:
    """Every parameter of every command."""
    yield from ((path, parameter) for parameter in command.params)
    for name, inner in getattr(command, "commands", {}).items():
        yield from parameters(inner, f"{path} {name}")


def test_every_flag_is_explained(catalog: Catalog) -> None:
    shown = list(parameters(whole(application(catalog))))
    for path, parameter in shown:
        assert parameter.help, f"{path} {parameter.name}"
    assert {"coral report", "coral plugins new", "coral doctor"} <= {path for path, _ in shown}
    for flag in assembly_flags(choose({}, catalog), catalog):
        assert flag.field.help.text, flag.name


def test_every_command_is_in_the_reference(catalog: Catalog) -> None:
    page = (ROOT / "docs" / "reference" / "command-line.md").read_text()
    root: Any = whole(application(catalog))
    for name, command in root.commands.items():
        words = [name, *(f"{name} {inner}" for inner in getattr(command, "commands", {}))]
        for word in words if len(words) == 1 else words[1:]:
            assert re.search(rf"^\|.*`{word}`.*\|", page, re.MULTILINE), word


def test_the_tutorial_is_what_new_makes(tmp_path) -> None:
    """The loss that the tutorial writes, in the package that it begins with, keeps its contract."""
    from coral_cli.app import main

    package = tmp_path / "coral-loss-smooth"
    assert main(["plugins", "new", "smooth", "--kind", "loss", "--out", str(package)]) == 0
    loss, options = re.findall(r"^```python\n(.*?)^```$", (GUIDE / "your-first-loss.md").read_text(), re.M | re.S)
    source = package / "src" / "coral_loss_smooth"
    (source / "loss.py").write_text(loss)
    made = (source / "__init__.py").read_text()
    record = made[made.index("LOSS = Loss(") :]
    head = "from collections.abc import Iterable\nfrom coral_cli.plugin import Loss, hookimpl\n"
    (source / "__init__.py").write_text(f"from __future__ import annotations\n{head}{options}\n\n{record}")
    assert main(["plugins", "check", str(package)]) == 0
