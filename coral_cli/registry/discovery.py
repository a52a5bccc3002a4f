"""Discovery: entry points to a catalog, so that one broken plugin never hides the others.

Environment variables: ``CORAL_PLUGINS=a,b`` loads only these (empty: none), ``CORAL_DISABLE_PLUGINS=a``
leaves some out, ``CORAL_STRICT_PLUGINS=1`` raises instead of noting the error (for authors and CI).
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable, Mapping
from importlib import metadata

import pluggy

from coral_cli import __version__
from coral_cli.registry.catalog import CORE, Catalog, Entry, Plugin
from coral_cli.registry.errors import PluginError
from coral_cli.registry.hooks import HOOK_KINDS, PROJECT, Hooks
from coral_cli.registry.options import fields_of
from coral_cli.registry.records import KINDS, Record


def discover(builtin: object, environ: Mapping[str, str] = os.environ) -> Catalog:
    """Everything installed: the components of ``builtin`` (a module), then each entry point of group ``coral``."""
    strict = environ.get("CORAL_STRICT_PLUGINS", "") not in ("", "0")
    entries = list(_components(builtin, CORE, __version__))
    plugins = []
    for distribution, point in _entry_points():
        plugin, found = _load(distribution, point, environ, strict)
        plugins.append(plugin)
        entries.extend(found)
    return Catalog(entries, _mark_shadowed(plugins, entries), getattr(builtin, "find", lambda kind, name: None))


def _entry_points() -> Iterable[tuple[metadata.Distribution, metadata.EntryPoint]]:
    seen = set()
    for distribution in metadata.distributions():
        for point in distribution.entry_points.select(group=PROJECT):
            key = (distribution.name, point.name)
            if key not in seen:  # an editable install can be listed twice
                seen.add(key)
                yield distribution, point


def _load(
    distribution: metadata.Distribution, point: metadata.EntryPoint, environ: Mapping[str, str], strict: bool
) -> tuple[Plugin, list[Entry]]:
    identity = (point.name, distribution.name, distribution.version)
    if not _wanted(distribution.name, point.name, environ):
        return Plugin(*identity, status="disabled"), []
    try:
        return Plugin(*identity, status="active"), _components(point.load(), distribution.name, distribution.version)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may even call sys.exit at import
        line = f"{type(error).__name__}: {error}".splitlines()[0]
        if strict:
            raise PluginError(f"plugin {point.name} of {distribution.name} is broken: {line}") from error
        return Plugin(*identity, status="broken", error=line, traceback=traceback.format_exc()), []


def _wanted(distribution: str, point: str, environ: Mapping[str, str]) -> bool:
    only, without = environ.get("CORAL_PLUGINS"), environ.get("CORAL_DISABLE_PLUGINS", "")
    names = {distribution, point, f"{distribution}:{point}"}
    allowed = only is None or not names.isdisjoint(only.split(","))
    return allowed and names.isdisjoint(without.split(","))


def _components(module: object, distribution: str, version: str) -> list[Entry]:
    """Calls each hook that ``module`` implements. Raises whatever the plugin raises, and TypeError on nonsense."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    manager.register(module, distribution)
    manager.check_pending()
    return [
        Entry(_checked(record, hook, kind), distribution, version)
        for hook, kind in HOOK_KINDS.items()
        for implementation in getattr(manager.hook, hook).get_hookimpls()
        for record in implementation.function()
    ]


def _checked(record: object, hook: str, kind: str) -> Record:
    if not isinstance(record, KINDS[kind]):
        raise TypeError(f"{hook} yielded {record!r}, which is no {KINDS[kind].__name__}")
    fields_of(record.options)
    return record


def _mark_shadowed(plugins: list[Plugin], entries: list[Entry]) -> list[Plugin]:
    """A plugin all of whose components have a built-in's name can only be reached as ``distribution/name``."""
    core = {(e.record.kind, e.record.name) for e in entries if e.distribution == CORE}
    marked = []
    for plugin in plugins:
        own = {(e.record.kind, e.record.name) for e in entries if e.distribution == plugin.distribution}
        shadowed = plugin.status == "active" and bool(own) and own <= core
        marked.append(Plugin(plugin.name, plugin.distribution, plugin.version, "shadowed") if shadowed else plugin)
    return marked
