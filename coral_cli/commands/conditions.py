"""What the command line of ``coral eval`` says of conditions, which its checkpoints decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from coral_cli.assembly.assembly import Assembly
from coral_cli.assembly.conditions import (
    OWN,
    SCOPE,
    Condition,
    condition_flags,
    condition_of,
    read_condition,
    selected,
    under,
    unknown_condition,
)
from coral_cli.assembly.flags import PLUGIN, Flag, Given
from coral_cli.assembly.selection import Selection, choose
from coral_cli.assembly.slots import DISTRACTION, ENV
from coral_cli.assembly.two_phase import scan
from coral_cli.registry.catalog import Catalog, is_code
from coral_cli.registry.errors import CoralError, UsageError
from coral_cli.registry.places import absolute
from coral_cli.runs.checkpoint import read_metadata
from coral_cli.runs.directory import PACKAGED, find_checkpoint
from coral_cli.runs.finding import agents_in
from coral_cli.runs.safetensors import SUFFIX

BETWEEN = "\0"
"""Stands between several values of ``--under``; no word of a command line has it."""


@dataclass(frozen=True)
class Surroundings:
    """The environment and the distractions that a command line speaks of; ``env`` is false without a checkpoint."""

    selection: Selection
    env: bool

    def flags(self, catalog: Catalog) -> list[Flag]:
        """Return the flags of a condition; without a checkpoint, those of distractions alone."""
        flags = condition_flags(self.selection, catalog)
        return [flag for flag in flags if self.env or not flag.name.startswith(f"{ENV.flag}.")]

    def unknown(self, flag: str, own: Sequence[Flag], catalog: Catalog) -> UsageError:
        """Return the error for a flag that neither a condition nor the command, which has its ``own``, knows."""
        if not self.env and flag.startswith(f"{ENV.flag}."):
            return UsageError(f"which options there are is not known (--{flag}).", "Name the checkpoint, too.")
        return unknown_condition(flag, self.selection, catalog, [known.name for known in own])


def surroundings(words: Sequence[str], own: Sequence[Flag], catalog: Catalog, tolerant: bool) -> Surroundings:
    """Return those of the first checkpoint, with the distractions that the ``words`` name.

    Where no flag of theirs is to be understood, or ``tolerant``, a checkpoint that cannot be read counts as none; else
    this raises what is wrong with it.
    """
    written = scan(words)
    given = {DISTRACTION: written[DISTRACTION]} if DISTRACTION in written else {}
    flags = any(word.startswith((f"--{ENV.flag}.", f"--{DISTRACTION}")) for word in words)
    try:
        for word in _checkpoints(words, own):
            first = agents_in([absolute(word)])[0]
            if ENV.flag in written:
                allow(written[ENV.flag], first, catalog)
            return Surroundings(selected(trained(first), given, catalog), env=True)
        return Surroundings(SCOPE.of(choose(given, catalog)), env=False)
    except CoralError:
        if flags and not tolerant:
            raise
    return Surroundings(SCOPE.of(choose({}, catalog)), env=False)


def _checkpoints(words: Sequence[str], own: Sequence[Flag]) -> Iterator[str]:
    """Yield the words that are checkpoints for sure, then those that may be: they follow what may be a switch."""
    valued = {f"--{flag.name}" for flag in own if flag.field.type is not bool} | {f"--{DISTRACTION}"}
    perhaps = []
    for before, word in zip(["", *words], words, strict=False):
        if word.startswith("-") or before in valued:
            continue
        if before.startswith("--") and "." in before and "=" not in before:
            perhaps.append(word)
        else:
            yield word
    yield from (word for word in perhaps if _is_agent(word))


def _is_agent(word: str) -> bool:
    names = ("run.json", PACKAGED)
    return word.endswith((".pt", SUFFIX)) or any((absolute(word) / name).is_file() for name in names)


def trained(checkpoint: Path) -> Assembly:
    """Return how an agent was trained. Raises UnreadableError when its checkpoint cannot be read."""
    return Assembly.from_json(read_metadata(find_checkpoint(checkpoint)).get("assembly"))


def allow(env: str, checkpoint: Path, catalog: Catalog) -> None:
    """Let the checkpoint's environment run. Raises UsageError when ``env`` is another one."""
    named = catalog.get(ENV.kind, env)
    own = trained(checkpoint).choices[ENV.name]
    if (named.record.name, named.distribution) != (own.component, own.distribution):
        raise UsageError(
            f"--env is {env}, but {checkpoint} was trained in {own.component}.",
            "Name its own if you know it; agents of several environments are evaluated apart."
            if is_code(own.component)
            else "Leave --env out: a checkpoint brings its own environment.",
        )


def conditions(
    written: str | None, flags: Given, checkpoints: Sequence[Path], own: Sequence[Flag], catalog: Catalog
) -> tuple[Condition, ...]:
    """Return the conditions that are written, after each of the checkpoints was found to be able to have them.

    Raises UsageError for one that cannot be, or two of one name.
    """
    if written is None and not flags and len(checkpoints) == 1:
        return (Condition(OWN, {}),)
    first = trained(checkpoints[0])
    if written is None:
        found = [condition_of(flags, first, catalog)] if flags else [Condition(OWN, {})]
    elif flags:
        beside = next(iter(flags))
        raise UsageError(f"--{beside} stands beside --under.", f"Write it inside: --under '--{beside} ...'.")
    else:
        outside = {flag.name for flag in (*own, PLUGIN)}
        found = [read_condition(text, first, catalog, outside) for text in written.split(BETWEEN)]
    names = [condition.name for condition in found]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UsageError(f"two conditions are called {twice[0]}.", "Leave one out, or name it: --under 'NAME=FLAGS'.")
    agents = [first, *map(trained, checkpoints[1:])]
    _require_one_environment(agents, checkpoints)
    for checkpoint, agent in zip(checkpoints, agents, strict=True):
        for condition in found:
            _require_possible(checkpoint, agent, condition, catalog)
    return tuple(found)


def _require_one_environment(agents: Sequence[Assembly], checkpoints: Sequence[Path]) -> None:
    of = [agent.choices[ENV.name].identity for agent in agents]
    for checkpoint, identity in zip(checkpoints, of, strict=True):
        if identity[:3] != of[0][:3]:
            raise UsageError(
                f"{checkpoints[0]} was trained in {of[0][1]}, but {checkpoint} in {identity[1]}.",
                "An agent acts in its own environment alone: evaluate those of each apart.",
            )


def _require_possible(checkpoint: Path, agent: Assembly, condition: Condition, catalog: Catalog) -> None:
    try:
        under(agent, condition, catalog)
    except UsageError as error:
        raise UsageError(f"{checkpoint} under {condition.name}: {error.message}", error.hint) from error
