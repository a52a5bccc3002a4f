"""What plugins may rely on: a name, field or method that goes away is a new major version.

``CORAL_WRITE_SURFACE=1`` writes the list anew.
"""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections.abc import Iterator
from pathlib import Path

import coral_cli
from coral_cli import plugin, plugin_agents, plugin_recordings, plugin_simulation, plugin_tensors, testing
from coral_cli.registry.hooks import HOOK_KINDS

LIST = Path(__file__).with_name("public_surface.txt")


def surface() -> list[str]:
    doors = (coral_cli, plugin, plugin_agents, plugin_recordings, plugin_simulation, plugin_tensors, testing)
    modules = {module.__name__: module for module in doors}
    named = [line for module, found in modules.items() for name in found.__all__ for line in lines(module, found, name)]
    return sorted({*named, *(f"hook {hook}" for hook in HOOK_KINDS)})


def lines(module: str, found: object, name: str) -> Iterator[str]:
    """A line per name, and one per field, parameter or method of it."""
    yield f"{module}.{name}"
    public = getattr(found, name)
    if dataclasses.is_dataclass(public) and isinstance(public, type):
        yield from (f"{module}.{name}.{field.name}" for field in dataclasses.fields(public))
    elif inspect.isfunction(public):
        yield from (f"{module}.{name}({parameter})" for parameter in inspect.signature(public).parameters)
    if isinstance(public, type):
        own = {*vars(public), *getattr(public, "__annotations__", {})}
        yield from (f"{module}.{name}.{member}" for member in own if not member.startswith("_") and member != "kind")


def test_the_public_surface_does_not_shrink() -> None:
    now = surface()
    if os.environ.get("CORAL_WRITE_SURFACE"):
        LIST.write_text("\n".join(now) + "\n")
    listed = LIST.read_text().splitlines()
    gone, new = sorted(set(listed) - set(now)), sorted(set(now) - set(listed))
    assert not gone, f"plugins rely on {', '.join(gone)}"
    assert not new, f"{', '.join(new)}: list what is public now, with CORAL_WRITE_SURFACE=1"


def test_the_list_knows_fields_and_methods() -> None:
    listed = LIST.read_text().splitlines()
    assert {"coral_cli.plugin.Loss.crop", "coral_cli.plugin.RssmModule.scan", "hook coral_losses"} <= set(listed)
    assert "coral_cli.testing.check(record)" in listed
