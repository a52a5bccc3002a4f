"""An environment built in a process that knows nothing yet; what it imports is light, for every copy pays for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coral_cli.assembly.assembly import Assembly
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.options import Json
from coral_cli.registry.places import start, started
from coral_cli.registry.records import Split
from coral_cli.registry.sensors import Backend

if TYPE_CHECKING:
    import gymnasium


def copies_of(
    assembly: Assembly, catalog: Catalog, backend: Backend, split: Split
) -> Callable[[], gymnasium.Env[dict[str, Any], Any]]:
    """Return a function that other processes can be given, and that builds the environment of ``assembly`` there."""
    return partial(_build, assembly.unobserved().to_json(), catalog.paths, backend, split, start())


def _build(
    metadata: Json, paths: Sequence[str], backend: Backend, split: Split, place: Path
) -> gymnasium.Env[dict[str, Any], Any]:
    """Build the environment where the command was started: the first environment may have gone elsewhere since."""
    from coral_cli import builtin
    from coral_cli.assembly.assemble import Assembler
    from coral_cli.assembly.slots import ENV
    from coral_cli.environments.rendering.backend import select_backend
    from coral_cli.registry.discovery import discover

    with suppress(OSError):
        os.chdir(place)
    with started(place):
        select_backend(backend)
        catalog, assembly = discover(builtin, paths=map(Path, paths)), Assembly.from_json(metadata)
        catalog.get(ENV.kind, assembly.choices[ENV.name].component)  # the parent has it, so it may run
        return Assembler(assembly, catalog).environment(backend, split)
