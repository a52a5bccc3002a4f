"""Discovery: entry points to a catalog, so that one broken plugin never hides the others.

Environment variables: ``CORAL_PLUGINS=a,b`` loads only these (empty: none), ``CORAL_DISABLE_PLUGINS=a``
leaves some out, ``CORAL_STRICT_PLUGINS=1`` raises instead of noting the error (for authors and CI).
"""

from __future__ import annotations

import contextlib
import functools
import io
import operator
import os
import re
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pluggy

from coral_cli.registry.catalog import Catalog, Entry, Plugin
from coral_cli.registry.errors import PluginError, described
from coral_cli.registry.hooks import HOOK_KINDS, PROJECT, Hooks
from coral_cli.registry.options import fields_of
from coral_cli.registry.records import KINDS, Environment, Record
from coral_cli.registry.sources import Source, at, canonical, current, installed, required
from coral_cli.registry.stopping import Stopped
from coral_cli.version import CORE, __version__

_RELEASE = r"[0-9]+(?:\.[0-9]+)*"
_BOUND = rf"(?:==|[<>!]=|[<>])\s*{_RELEASE}"
_PLAIN = re.compile(rf"[\w.-]+\s*({_BOUND}(?:\s*,\s*{_BOUND})*)")
"""What nearly every plugin writes: the name, and versions from and to."""
_HOLDS = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet


def discover(builtin: object, environ: Mapping[str, str] = os.environ, paths: Iterable[Path] = ()) -> Catalog:
    """Find the components of ``builtin`` (a module), of plugins at ``paths``, and of entry points of group ``coral``.

    A plugin at a path is loaded whatever ``environ`` says, and an installed one of the same distribution is not. Raises
    UsageError when there is no plugin at one of ``paths``.
    """
    strict = environ.get("CORAL_STRICT_PLUGINS", "") not in ("", "0")
    tried = [source for path in paths for source in at(path)]
    entries: list[Entry] = []
    plugins = []
    for source in [*tried, *installed()]:
        plugin, found = _load(source, _unwanted(source, tried, environ), strict)
        plugins.append(plugin)
        entries.extend(found)
    find = getattr(builtin, "find", lambda kind, name: None)
    return Catalog(entries, plugins, find, dict.fromkeys(source.path for source in tried), _own(builtin))


def _unwanted(source: Source, tried: Iterable[Source], environ: Mapping[str, str]) -> Plugin | None:
    """Return what becomes of a plugin that is not even loaded; None for one that is to be loaded."""
    plugin = Plugin.of(source, "disabled")
    stand_in = [other for other in tried if canonical(other.distribution) == canonical(source.distribution)]
    if not source.path and stand_in:
        return replace(plugin, status="shadowed", error=f"--plugin {stand_in[0].path} stands in for it")
    if not source.path and not _wanted(source.distribution, source.name, environ):
        return plugin
    wish = _wish(source)
    if wish:
        return replace(plugin, status="incompatible", error=f"it is made for {wish}, and this is {CORE} {__version__}")
    return None


def _wish(source: Source) -> str:
    """Return the versions of coral that a plugin requires, if this is none of them; else ""."""
    for line in source.requires:
        wanted = None if allowed_plainly(line, __version__) else versions_allowed(line)
        if wanted is not None and not wanted.contains(__version__, prereleases=True):
            return f"{CORE}{wanted}"
    return ""


def allowed_plainly(line: str, version: str) -> bool:
    """Return whether a requirement allows a version of coral, where both are plain enough to tell; else False.

    ``versions_allowed`` tells for all; but the package that it imports takes long.
    """
    plain = _PLAIN.fullmatch(line)
    if plain is None or current(required(line)) != CORE or not re.fullmatch(_RELEASE, version):
        return False
    bounds = re.findall(rf"([<>=!]+)\s*({_RELEASE})", plain[1])
    return all(_HOLDS[sign](_release(version), _release(bound)) for sign, bound in bounds)


def _release(version: str) -> list[int]:
    """Return a release's numbers without zeros at the end, which say nothing."""
    return [int(number) for number in re.sub(r"(?:\.0+)+$", "", version).split(".")]


def versions_allowed(line: str) -> SpecifierSet | None:
    """Return the versions of coral that a requirement allows; None where it is about something else, or is none."""
    if current(required(line)) != CORE:
        return None
    plain = _PLAIN.fullmatch(line)
    if plain is not None:
        from packaging.specifiers import SpecifierSet

        return SpecifierSet(plain[1])
    from packaging.requirements import InvalidRequirement, Requirement  # takes far longer to import

    try:
        wanted = Requirement(line)
    except InvalidRequirement:
        return None
    applies = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
    return wanted.specifier if applies else None


def _load(source: Source, unwanted: Plugin | None, strict: bool) -> tuple[Plugin, list[Entry]]:
    if unwanted is not None:
        if strict and unwanted.status == "incompatible":
            raise PluginError(f"plugin {source.name} of {source.distribution} is incompatible: {unwanted.error}")
        return unwanted, []
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):  # which belongs to the command
            module = source.load()
            found = _components(module, source)
    except (KeyboardInterrupt, Stopped):
        raise
    except BaseException as error:  # a plugin may even call sys.exit at import
        line = described(error).splitlines()[0]
        if strict:
            raise PluginError(f"plugin {source.name} of {source.distribution} is broken: {line}") from error
        return replace(Plugin.of(source, "broken"), error=line, traceback=traceback.format_exc()), []
    said = " ".join(printed.getvalue().split())
    return replace(Plugin.of(source, "active"), module=getattr(module, "__name__", ""), printed=said), found


def _wanted(distribution: str, point: str, environ: Mapping[str, str]) -> bool:
    only, without = environ.get("CORAL_PLUGINS"), environ.get("CORAL_DISABLE_PLUGINS", "")
    names = {distribution, point, f"{distribution}:{point}"}
    allowed = only is None or not names.isdisjoint(only.split(","))
    return allowed and names.isdisjoint(without.split(","))


def _components(module: object, source: Source) -> list[Entry]:
    """Call each hook that ``module`` implements. Raises whatever the plugin raises, and TypeError on nonsense."""
    hooks = _implemented(module, source)
    return [entry for hook in HOOK_KINDS for entry in _yielded(hook, hooks[hook], source)]


def _implemented(module: object, source: Source) -> dict[str, list[Callable[[], Iterable[object]]]]:
    """Return what ``module`` implements of each hook. Raises PluginValidationError for a hook that there is not."""
    manager = _manager()
    try:
        manager.register(module, source.distribution)
        manager.check_pending()
        return {hook: [one.function for one in getattr(manager.hook, hook).get_hookimpls()] for hook in HOOK_KINDS}
    finally:
        if manager.is_registered(module):
            manager.unregister(module)


def _yielded(hook: str, implementations: Iterable[Callable[[], Iterable[object]]], source: Source) -> list[Entry]:
    return [
        Entry(_checked(record, hook, HOOK_KINDS[hook]), source.distribution, source.version, source.path)
        for implementation in implementations
        for record in implementation()
    ]


def _own(builtin: object) -> Callable[[str], tuple[Entry, ...]]:
    """Return what makes the components of a kind that ``builtin`` offers."""
    source = Source("", CORE, __version__, (), lambda: builtin)
    hooks = _implemented(builtin, source)
    of_kind = {kind: hook for hook, kind in HOOK_KINDS.items()}
    return lambda kind: tuple(_yielded(of_kind[kind], hooks[of_kind[kind]], source)) if kind in of_kind else ()


@functools.cache
def _manager() -> pluggy.PluginManager:
    """Return what finds the hooks of one module after another: to read their specifications anew takes long."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    return manager


def _checked(record: object, hook: str, kind: str) -> Record:
    """Return ``record`` if it is one, down to what lists, help and choice read. Raises TypeError if it is not."""
    if not isinstance(record, KINDS[kind]):
        raise TypeError(f"{hook} yielded {record!r}, which is no {KINDS[kind].__name__}")
    wanted = {"name": str, "summary": str, "defaults": Mapping}
    wanted["sensors"] = Mapping if isinstance(record, Environment) else Collection
    for attribute, shape in wanted.items():
        if hasattr(record, attribute) and not isinstance(value := getattr(record, attribute), shape):
            raise TypeError(f"{hook} yielded a record whose {attribute} cannot be {value!r}")
    fields_of(record.options)
    return record
