"""The named methods and sizes that saved flags stand for."""

from __future__ import annotations

import json
from collections.abc import Mapping

from coral_cli.assembly.assembly import Assembly
from coral_cli.assembly.shorthands import recognised
from coral_cli.assembly.sizes import size_of, sized_flags
from coral_cli.assembly.slots import kind_of
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.errors import CoralError
from coral_cli.registry.options import Json
from coral_cli.registry.records import Environment

Flags = Mapping[str, Json]


class Names:
    """Names of methods and sizes, as ``catalog`` knows them; it remembers those of agents that it has met.

    With ``listed``, agents in environments that no plugin lists have no named size: to look one up may import much.
    """

    def __init__(self, catalog: Catalog, listed: bool = False) -> None:
        self._catalog = catalog
        self._listed = listed
        records = {catalog.name(entry): entry.record for entry in catalog.entries("environment")}
        self._sensors = {name: record.sensors for name, record in records.items() if isinstance(record, Environment)}
        self._explained: dict[str, frozenset[str]] = {}
        self._sizes: dict[str, str | None] = {}

    def with_method(self, flags: Flags) -> dict[str, Json]:
        """Return ``flags``, with ``method`` in place of those that make it one, in an environment that is known."""
        sensors = self._sensors.get(flags["env"])
        return dict(flags) if sensors is None else recognised(flags, sensors)

    def with_size(self, flags: Flags, assembly: Json) -> dict[str, Json] | None:
        """Return ``flags``, with ``size`` in place of those that it explains; None where ``assembly`` has no named one.

        Neither has one that was made with plugins that are not installed, or by another version.
        """
        if self._listed and flags["env"] not in self._sensors:
            return None
        place = json.dumps(assembly["choices"]["env"], sort_keys=True)
        try:
            if place not in self._explained:
                self._explained[place] = sized_flags(Assembly.from_json(assembly), self._catalog)
            explained = self._explained[place]
            parts = {flag: value for flag, value in flags.items() if flag in explained or kind_of(flag)}
            key = json.dumps([place, parts, *(flags.get(name) for name in ("method", "sensors", "fusion"))])
            if key not in self._sizes:
                self._sizes[key] = size_of(Assembly.from_json(assembly), self._catalog)
            size = self._sizes[key]
        except CoralError:
            return None
        return {"size": size, **{flag: flags[flag] for flag in flags if flag not in explained}} if size else None
