"""What holds for a plugin as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from coral_cli.registry.catalog import Plugin
from coral_cli.registry.records import Record
from coral_cli.registry.sources import current, required
from coral_cli.testing.failures import Check, require
from coral_cli.testing.records import require_light
from coral_cli.version import CORE, FORMER


def _status(plugin: Plugin) -> None:
    """Require that the plugin loads."""
    hint = "See `coral plugins info`, which shows the traceback."
    require(plugin.status in ("active", "shadowed"), f"it is {plugin.status}: {plugin.error}.", hint)
    require(
        plugin.status == "active",
        "every component has the name of a built-in one.",
        "Choose names of your own: these can only be selected as DISTRIBUTION/NAME.",
    )
    require(not plugin.printed, f"it prints when it is loaded: {plugin.printed}.", "Print nothing at import.")


def _import(plugin: Plugin) -> None:
    if plugin.status == "active":
        require_light(plugin.module)


def _version(plugin: Plugin) -> None:
    """Require that a package says for which versions of coral it is made."""
    mine = [line for line in plugin.requires if current(required(line)) == CORE and "<" in line]
    require(
        bool(mine) or plugin.path.endswith(".py"),
        f"it does not say up to which version of {CORE} it works.",
        f'Add "{CORE}>=X,<Y" to its dependencies, Y being the next major version.',
    )


def _name(plugin: Plugin) -> None:
    """Require coral by its own name: pip, left to itself, would install what has its former name today."""
    require(
        FORMER not in map(required, plugin.requires),
        f"it requires {FORMER}, which is another project today.",
        f"Write {CORE} in its dependencies.",
    )


PLUGIN: tuple[Check[Plugin], ...] = (_status, _import, _version, _name)


def names(records: Sequence[Record]) -> None:
    """Require that there is something, and that each name is used once."""
    require(bool(records), "no hook yields a component.", "Mark hooks with @hookimpl, and yield records from them.")
    kind, name = Counter((record.kind, record.name) for record in records).most_common(1)[0][0]
    count = sum((record.kind, record.name) == (kind, name) for record in records)
    require(count == 1, f"{kind} {name!r} is offered {count} times.", "Give each its own name.")
