"""From the flags of planned runs to assemblies: all of them are checked before the first run begins."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from coral_cli.assembly.arguments import with_arguments
from coral_cli.assembly.assembly import Assembly
from coral_cli.assembly.resolve import resolve
from coral_cli.assembly.settings import BUDGET, Settings
from coral_cli.assembly.slots import ENV
from coral_cli.assembly.values import parse
from coral_cli.assembly.words import Word, joined, split, values
from coral_cli.registry.catalog import Catalog, is_code
from coral_cli.registry.errors import CoralError, PluginError, UsageError
from coral_cli.registry.options import Json, fields_of, with_values
from coral_cli.registry.records import Environment
from coral_cli.study.grid import SEED, Axis, differing, names, points, unfolded
from coral_cli.study.plan import Plan, Planned
from coral_cli.study.refusing import refusal


@dataclass(frozen=True)
class Run:
    """A planned run, and what its flags stand for."""

    planned: Planned
    assembly: Assembly

    @property
    def name(self) -> str:
        """The run's name."""
        return self.planned.name

    @property
    def steps(self) -> int:
        """The environment steps that it trains for."""
        return self.assembly.settings.steps

    @cached_property
    def agent(self) -> str:
        """A text that runs share which are the same but for the seed."""
        return _text(_seeded(self.assembly, 0))


def planned(spanned: Sequence[Axis], fixed: Sequence[Word], catalog: Catalog, others: Collection[str]) -> list[Run]:
    """Return the runs of all combinations. Raises CoralError, naming the combinations, where some cannot be.

    ``others`` are flags of the command itself, which an unknown one may have been meant for.
    """
    found = points(spanned)
    lines = [with_arguments(joined((*unfolded(point), *fixed))) for point in found]
    own = [differing(spanned, point) for point in found]
    plan = [
        Planned(name, tuple(line), differs)
        for name, line, differs in zip(names(spanned, fixed, found), lines, own, strict=True)
    ]
    return checked(plan, catalog, others, fixed)


def require_different(runs: Sequence[Run]) -> None:
    """Raise UsageError for two runs that are the same."""
    seen: dict[str, Run] = {}
    for run in runs:
        twin = seen.setdefault(f"{run.planned.after} {_text(run.assembly)}", run)
        if twin is not run:
            raise UsageError(f"{twin.name} and {run.name} are the same run.", "Leave one of the two values out.")


def checked(
    plan: Sequence[Planned], catalog: Catalog, others: Collection[str] = (), fixed: Sequence[Word] = ()
) -> list[Run]:
    """Return planned runs with their assemblies. Raises CoralError as ``planned`` does; ``fixed`` hold for all."""
    known: dict[str, Assembly | CoralError] = {}
    runs: list[Run] = []
    errors: list[tuple[Planned, CoralError]] = []
    for one in plan:
        words = split(one.flags)
        key = json.dumps([word for word in words if word[0] != SEED])
        if key not in known:
            known[key] = _resolved(words, catalog, others)
        found = known[key]
        if isinstance(found, CoralError):
            errors.append((one, found))
        else:
            runs.append(Run(one, _seeded(found, _seed(words))))
    if errors:
        raise refusal(errors, [run.planned for run in runs], fixed)
    return runs


def _resolved(words: Sequence[Word], catalog: Catalog, others: Collection[str]) -> Assembly | CoralError:
    try:
        assembly = resolve(values(words, catalog, others), catalog)
        record = catalog.locate(*assembly.choices[ENV.name].identity).record
        assert isinstance(record, Environment)
        try:
            record.require()
        except UsageError as error:
            return type(error)(f"{record.name} cannot be made here: {error.message}", error.hint)
    except CoralError as error:
        return error
    return assembly


def _seed(words: Sequence[Word]) -> int:
    field = next(field for field in fields_of(Settings()) if field.name == SEED)
    text = dict(words).get(SEED)
    if text is None:
        raise UsageError(f"--{SEED} has no value.", "Write --seed 0, or --seeds 5 for five of them.")
    return int(parse(field, text))


def _seeded(assembly: Assembly, seed: Json) -> Assembly:
    return replace(assembly, settings=with_values(assembly.settings, {SEED: seed}))


def _text(assembly: Assembly) -> str:
    return json.dumps(assembly.to_json(), sort_keys=True)


def require_grown(old: Plan, runs: Sequence[Run], folder: Path, catalog: Catalog) -> None:
    """Raise UsageError unless ``runs`` are all those of the ``old`` plan, but for their budgets, and maybe more."""
    now = {run.name: run for run in runs}
    awaited = {run.after for run in old.runs}
    for before in old.runs:
        why = "" if before.name in now else "which is not asked for now"
        if not why and not _same(before, now[before.name], catalog):
            why = "with other flags"
        if not why and before.name in awaited and before.flags != now[before.name].planned.flags:
            why = "whose weights others have begun with, with other flags"
        if why:
            raise UsageError(
                f"{folder} holds another sweep: it has {before.name}, {why}.",
                "Choose another --out. A sweep may only grow: more values, more seeds, more --steps.",
            )


def _same(before: Planned, now: Run, catalog: Catalog) -> bool:
    if before.after != now.planned.after:
        return False
    if before.flags == now.planned.flags:
        return True
    if _env(before) != _env(now.planned):  # which may be code that nobody has allowed to run
        return False
    try:
        (earlier,) = checked([before], catalog)
    except CoralError:
        return False
    return _lasting(earlier.assembly) == _lasting(now.assembly)


def _lasting(assembly: Assembly) -> Assembly:
    """Return what of an assembly cannot change when a run goes on."""
    bare = assembly.unobserved()
    return replace(bare, settings=replace(bare.settings, **{name: getattr(Settings(), name) for name in BUDGET}))


def require_allowed(plan: Plan, allowed: Collection[str], catalog: Catalog) -> None:
    """Raise PluginError where a plan read from a file names code that the command line has not named."""
    for path in plan.plugins:
        if path not in catalog.paths:
            hint = f"If you know that plugin, add --plugin {shlex.quote(path)}."
            raise PluginError(f"the plan needs {path}, a plugin that is not installed.", hint)
    unknown = [env for env in codes(plan.runs) if env not in allowed]
    if unknown:
        what = f"environment {unknown[0]!r} is" if len(unknown) == 1 else f"{len(unknown)} environments are"
        flags = " ".join(f"--env {shlex.quote(env)}" for env in unknown)
        hint = f"If you know {'it' if len(unknown) == 1 else 'them'}, add {flags}."
        raise PluginError(f"{what} Python code, which only you can allow to run.", hint)


def codes(runs: Sequence[Planned]) -> list[str]:
    """Return the environments of runs that are Python code."""
    return [env for env in dict.fromkeys(map(_env, runs)) if is_code(env)]


def _env(run: Planned) -> str:
    try:
        return str(dict(split(run.flags)).get(ENV.flag) or ENV.default)
    except UsageError:  # which whoever resolves the flags will say
        return str(ENV.default)
