"""Which named size an assembly has."""

from __future__ import annotations

from coral_cli.assembly.assembly import Assembly
from coral_cli.assembly.resolve import flags_of
from coral_cli.assembly.selection import choose
from coral_cli.assembly.shorthands import SIZES, expand
from coral_cli.assembly.slots import ENV
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.records import Environment


def sized_flags(assembly: Assembly, catalog: Catalog) -> frozenset[str]:
    """Return the flags that any size speaks of."""
    environment = catalog.locate(*assembly.choices[ENV.name].identity).record
    assert isinstance(environment, Environment)
    return frozenset(flag for size in SIZES.values() for flag in expand(size, environment.sensors))


def size_of(assembly: Assembly, catalog: Catalog) -> str | None:
    """Return the size that gives ``assembly`` all of its sizes beside its other flags; None for sizes of its own.

    Raises PluginError when a component is not installed, UsageError when its parts no longer go together.
    """
    flags, sized = flags_of(assembly, catalog), sized_flags(assembly, catalog)
    others = {flag: value for flag, value in flags.items() if flag not in sized}
    for name in SIZES:
        selection = choose({**others, "size": name}, catalog)
        given = {flag: field.default for flag, field in selection.fields().items()} | dict(selection.defaults)
        if all(flag in given and given[flag] == flags[flag] for flag in sized & flags.keys()):
            return name
    return None
