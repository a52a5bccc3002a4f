"""The catalog: an immutable answer to "what is installed?"."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Literal, TypeAlias

from coral_cli.registry.arguments import MARK
from coral_cli.registry.errors import PluginError, UsageError, frames_of
from coral_cli.registry.hooks import HOOK_KINDS
from coral_cli.registry.nearest import meant
from coral_cli.registry.records import RECORDING, Environment, Record
from coral_cli.registry.sources import Source, current, required
from coral_cli.version import CORE, FORMER, __version__

GYMNASIUM = "gym:"


def module_in(name: str) -> str:
    """Return the module that an environment's name has imported: ``package.module:callable``, ``gym:module:ID``.

    Others have none: "". What ``gym:ID`` names is registered by what is installed.
    """
    module, colon, _ = name.partition(MARK)[0].removeprefix(GYMNASIUM).partition(":")
    return module if colon else ""


def is_code(name: str) -> bool:
    """Return whether an environment's name runs code of its own choice: a module, or a maker with its arguments."""
    return bool(module_in(name)) or (MARK in name and not name.startswith(RECORDING))


def is_foreign(name: str) -> bool:
    """Return whether an environment's name is that of Gymnasium's or a callable's, which no plugin lists."""
    return name.startswith(GYMNASIUM) or is_code(name)


Status: TypeAlias = Literal["active", "broken", "disabled", "incompatible", "shadowed"]


@dataclass(frozen=True)
class Entry:
    """One component and who offers it; ``path`` is where it lies if it was loaded by ``--plugin``."""

    record: Record
    distribution: str
    version: str
    path: str = ""

    @property
    def qualified(self) -> str:
        return f"{self.distribution}/{self.record.name}"


@dataclass(frozen=True)
class Plugin:
    """One entry point and what became of it.

    ``error`` says in one line why it is not active, ``traceback`` is the whole story. ``module`` names its
    source, ``printed`` is what it wrote on standard output when it was loaded.
    """

    name: str
    distribution: str
    version: str
    status: Status
    error: str = ""
    traceback: str = ""
    path: str = ""
    requires: tuple[str, ...] = ()
    module: str = ""
    printed: str = ""

    @classmethod
    def of(cls, source: Source, status: Status) -> Plugin:
        return cls(source.name, source.distribution, source.version, status, path=source.path, requires=source.requires)

    @property
    def file(self) -> str:
        """The file of the plugin's source; "" where it could not be loaded."""
        return getattr(sys.modules.get(self.module), "__file__", None) or ""

    @property
    def warning(self) -> str:
        """What a user must know of the plugin, in one line; mostly nothing."""
        who = f"plugin {self.name} ({self.distribution} {self.version})"
        if self.status == "broken":
            return f"{who} is broken: {self.error}"
        if self.status == "incompatible":
            return f"{who} is left out: {self.error}"
        if self.status == "active" and FORMER in map(required, self.requires):
            return f"{who} requires {FORMER}, which is another project today: its author must write {CORE} instead"
        return f"{who} prints when it is loaded: {self.printed}" if self.printed else ""


class Catalog:
    """Components by kind and name, and the plugins they came from.

    ``find`` makes records for names that no plugin lists, such as ``gym:Pendulum-v1``. ``paths`` are those of plugins
    that are not installed. ``own`` makes the built-in components of a kind, when these are first asked for: help and
    completion need few. ``loaded`` are the plugins as discovery left them; in ``plugins``, one is marked ``shadowed``
    when all its components have a built-in's name, so that ``distribution/name`` alone reaches these.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        plugins: Iterable[Plugin] = (),
        find: Callable[[str, str], Record | None] = lambda kind, name: None,
        paths: Iterable[str] = (),
        own: Callable[[str], tuple[Entry, ...]] = lambda kind: (),
    ) -> None:
        self.loaded = tuple(plugins)
        self.paths = tuple(paths)
        self._find = find
        self._own = cache(own)
        self._found: dict[tuple[str, str], Entry] = {}
        self._sought: set[str] = set()
        self._entries = tuple(entries)

    @cached_property
    def plugins(self) -> tuple[Plugin, ...]:
        core = {(entry.record.kind, entry.record.name) for entry in self if entry.distribution == CORE}
        return tuple(self._marked(plugin, core) for plugin in self.loaded)

    def _marked(self, plugin: Plugin, core: Set[tuple[str, str]]) -> Plugin:
        own = {(e.record.kind, e.record.name) for e in self._entries if e.distribution == plugin.distribution}
        shadowed = plugin.status == "active" and bool(own) and own <= core
        return replace(plugin, status="shadowed") if shadowed else plugin

    def __iter__(self) -> Iterator[Entry]:
        own = [entry for kind in HOOK_KINDS.values() for entry in self._own(kind)]
        return iter((*own, *self._entries))

    def including(self, entry: Entry) -> Catalog:
        """Return this catalog with one component more."""
        return Catalog([*self._entries, entry], self.loaded, self._find, self.paths, self._own)

    def entries(self, kind: str) -> tuple[Entry, ...]:
        """Return all components of a kind, the built-in ones first, each under the name that selects it."""
        return (*self._own(kind), *(entry for entry in self._entries if entry.record.kind == kind))

    def name(self, entry: Entry) -> str:
        """Return the shortest name that selects ``entry``: bare, or ``distribution/name`` where two would share it."""
        if entry.distribution == CORE:
            return entry.record.name
        rivals = [other for other in self.entries(entry.record.kind) if other.record.name == entry.record.name]
        return entry.record.name if len(rivals) <= 1 else entry.qualified

    def names(self, kind: str) -> tuple[str, ...]:
        return tuple(self.name(entry) for entry in self.entries(kind))

    def get(self, kind: str, name: str) -> Entry:
        """Return the component called ``name`` (bare, or ``distribution/name``); ``_`` and ``-`` are the same.

        Raises UsageError when there is none, or when two distributions share the bare name; PluginError when there is
        none, but a plugin that ``--plugin`` named is broken.
        """
        wanted = current(name).replace("_", "-")
        found = [
            entry
            for entry in self.entries(kind)
            if wanted in (entry.record.name.replace("_", "-"), entry.qualified.replace("_", "-"))
        ]
        found = [entry for entry in found if entry.distribution == CORE] or found
        if len(found) == 1:
            return found[0]
        if found:
            choices = " or ".join(entry.qualified for entry in found)
            raise UsageError(f"{kind} {name!r} is offered by several plugins.", f"Write {choices}.")
        return self._foreign(kind, name) or self._unknown(kind, name)

    def locate(self, kind: str, name: str, distribution: str, version: str, path: str = "") -> Entry:
        """Return the component that a checkpoint names. Raises PluginError when its distribution does not offer it.

        Code that is named by an import path, or lies at ``path``, is only run where the user has named it, too.
        """
        for entry in self.entries(kind):
            if entry.record.name == name and entry.distribution == distribution:
                return entry
        if distribution == CORE and name.startswith((GYMNASIUM, RECORDING)) and not is_code(name):
            self._foreign(kind, name)
        if (kind, name) in self._found:
            return self._found[kind, name]
        if distribution == CORE and is_code(name):
            hint = f"Add --env {shlex.quote(name)} to train, eval or rollout. Elsewhere it has to be a plugin."
            what = "is Python code, which" if module_in(name) else "is made with arguments, which"
            raise PluginError(f"{kind} {name!r} {what} only you can allow to run.", hint)
        raise self._missing(f"{kind} {name!r}", distribution, version, path)

    def origin(self, error: BaseException) -> str:
        """Return the innermost line in the traceback that a plugin, or an environment's module, has; "" without one."""
        modules = {plugin.module for plugin in self.loaded} | set(map(module_in, self._sought))
        packages = {module.partition(".")[0] for module in modules if module}
        place = ""
        for module, file, line in frames_of(error):
            if module.partition(".")[0] in packages:
                place = f"{'/'.join(Path(file).parts[-2:])}, line {line}"
        return place

    def _missing(self, what: str, distribution: str, version: str, path: str) -> PluginError:
        """Return the error that says why ``distribution`` does not offer ``what``, and what to do."""
        for plugin in self.loaded:
            if plugin.distribution == distribution and plugin.status == "disabled":
                hint = "Change CORAL_PLUGINS or CORAL_DISABLE_PLUGINS."
                return PluginError(f"{what} needs {distribution}, which is disabled.", hint)
            if plugin.distribution == distribution and plugin.error:
                return PluginError(f"{what} needs {distribution}, which is {plugin.status}: {plugin.error}")
            if plugin.distribution == distribution:
                offer = f"{distribution} {plugin.version}, which does not offer it"
                return PluginError(f"{what} comes from {distribution} {version}; installed is {offer}.")
        if path:
            hint = f"If you know that plugin, add --plugin {shlex.quote(path)}."
            return PluginError(f"its metadata says that {what} came from {path}, a plugin that is not installed.", hint)
        return _absent(what, distribution, version)

    def _foreign(self, kind: str, name: str) -> Entry | None:
        if (kind, name) not in self._found:
            self._sought.add(name)
            record = self._find(kind, name)
            if record is None:
                return None
            entry = Entry(record, CORE, __version__)
            self._found |= {(kind, name): entry, (kind, record.name): entry}
        return self._found[kind, name]

    def _unknown(self, kind: str, name: str) -> Entry:
        missing = f"there is no {kind} named {name!r}"
        for plugin in self.loaded:
            if plugin.path and plugin.status in ("broken", "incompatible"):  # it was named to be used, so this is why
                why = f"plugin {plugin.name}, which may offer it, is {plugin.status}: {plugin.error}"
                raise PluginError(f"{missing}; {why}", f"See `coral plugins check {shlex.quote(plugin.path)}`.")
        if kind == Environment.kind and _ID.fullmatch(name):
            raise UsageError(f"{missing}.", f"For an id of Gymnasium, write {GYMNASIUM}{name}.")
        raise UsageError(f"{missing}.", self._hint(kind, name.replace("_", "-")))

    def _hint(self, kind: str, name: str) -> str:
        names = self.names(kind)
        if not names:
            return "None is installed: see `coral plugins list`."
        command = "coral envs" if kind == Environment.kind else f"coral plugins list --kind {kind}"
        listed = ", ".join(names) if len(names) <= 12 else f"see `{command}`"
        return f"{meant(name, names, '', '{!r}', cutoff=0.5)} Installed: {listed}.".lstrip()


_ID = re.compile(r"([\w.-]+/)?[\w.-]+-v\d+")
"""The form of an id of Gymnasium."""
_PLAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
"""A package's name as PEP 508 has it; nothing that pip could take for an address or a shell for a command."""
_NUMBER = re.compile(r"[A-Za-z0-9.!+_-]+")


def _absent(what: str, distribution: str, version: str) -> PluginError:
    """Return the error where nothing here comes from ``distribution``, which is no more than what metadata says."""
    if not (_PLAIN.fullmatch(distribution) and _NUMBER.fullmatch(str(version))):
        named = f"{distribution!r} of version {version!r}"
        return PluginError(f"its metadata says that {what} comes from {named}, which no package can be called.")
    if distribution == CORE:
        offer = f"this is {CORE} {__version__}, which does not offer it"
        return PluginError(f"{what} comes from {CORE} {version}; {offer}.", "Use the version of coral that wrote it.")
    return PluginError(
        f"its metadata says that {what} comes from {distribution} {version}, which is not installed.",
        f"If you know that package: pip install '{distribution}=={version}'",
    )
