"""Starting with another agent's weights: what fits is taken over, and what does not is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from coral_cli.assembly.assembly import Assembly
from coral_cli.assembly.settings import Settings
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.places import as_written
from coral_cli.sessions.misfit import SHOWN, part_of, require_fit, require_taken, require_whole
from coral_cli.sessions.saved import open_saved
from coral_cli.training.agent import Agent
from coral_cli.training.progress import Journal

Blocks = Mapping[str, int]
"""The sizes of the blocks that a weight's input is made of, by name, in the order of its columns."""

WHOLE = "fresh for nothing"


@dataclass(frozen=True)
class Transfer:
    """The outcome for the weights: how many tensors were ``taken`` of all (by part), and a ``remark`` on each other."""

    source: Path
    taken: Mapping[str, tuple[int, int]]
    remarks: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The outcome in one line."""
        parts = ", ".join(f"{part} {some} of {all_}" for part, (some, all_) in self.taken.items())
        return f"weights taken over from {as_written(self.source)}: {parts}"


def take_over(agent: Agent, source: Path, assembly: Assembly, catalog: Catalog) -> Transfer:
    """Copy weights of the saved agent ``source`` into that of ``assembly``, which says of which parts.

    ``encoders`` bring their normalization along. A weight whose input has blocks (state and action, the sensors'
    embeddings) is taken over block by block. Raises UsageError when nothing fits, or nothing of the representation, or
    not all of a part that is frozen, and what ``open_saved`` raises.
    """
    saved, settings = open_saved(source, catalog, plays=False), assembly.settings
    other = saved.agent(torch.device("cpu"))
    theirs, ours = other.weights(), agent.weights()
    require_taken([part for part in settings.freeze if _names(ours, part)], settings.init_parts)
    their_blocks, our_blocks = _blocks(other), _blocks(agent)
    taken: dict[str, tuple[int, int]] = {}
    found: dict[str, bool] = {}
    remarks: list[str] = []
    frozen: list[str] = []
    for part in settings.init_parts:
        names, fitting = _names(ours, part), []
        for name in names:
            fits, remark = _copy(ours[name], theirs.get(name), our_blocks.get(name, {}), their_blocks.get(name, {}))
            fitting += [name] if fits else []
            remarks += [f"{name}: {remark}"] if remark else []
            frozen += [remarks[-1]] if part in settings.freeze and remark and not remark.endswith(WHOLE) else []
        remarks += [f"{name}: has no place here" for name in _names(theirs, part) if name not in ours]
        taken[part] = len(fitting), len(names)
        if names:
            found[part] = any(_tells(ours, name, names) for name in fitting)
    require_fit(found, remarks, saved, assembly)
    require_whole(frozen, saved, assembly)
    return Transfer(saved.path, taken, tuple(remarks))


def _names(weights: Mapping[str, Tensor], part: str) -> list[str]:
    return [name for name in weights if part_of(name) == part]


def _tells(weights: Mapping[str, Tensor], name: str, names: Sequence[str]) -> bool:
    """Return whether to have this weight is to have something of its part: a bias or a mean may fit by chance."""
    return weights[name].dim() > 1 or all(weights[other].dim() <= 1 for other in names)


def announce_transfer(transfer: Transfer | None, journal: Journal) -> None:
    """Tell what was taken over, and warn of what was not."""
    if transfer is None:
        return
    journal.emit("note", message=f"{transfer.summary}.")
    if transfer.remarks:
        names = [remark.partition(":")[0] for remark in transfer.remarks]
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        message = f"{len(names)} weights were not taken over, or not whole: {', '.join(names[:SHOWN])}{more}."
        journal.emit("warning", message=message, remarks=list(transfer.remarks))


def announce_frozen(settings: Settings, journal: Journal) -> None:
    """Warn of parts that keep the random weights with which they begin."""
    if settings.freeze and not settings.init_from:
        parts = ", ".join(settings.freeze)
        message = f"--freeze without --init-from: {parts} will keep the random weights of the start."
        journal.emit("warning", message=message)


@torch.no_grad()
def _copy(target: Tensor, source: Tensor | None, ours: Blocks, theirs: Blocks) -> tuple[bool, str]:
    """Return whether anything was taken over, and what was not, in a few words."""
    if source is None:
        return False, "not in the source, so it starts fresh"
    if target.shape == source.shape and (list(ours.items()) == list(theirs.items())):
        target.copy_(source)
        return True, ""
    columns = {name: (here, there) for name, here, there in _common(ours, theirs)}
    if not columns or target.shape[:-1] != source.shape[:-1]:
        here, there = ("x".join(map(str, tensor.shape)) for tensor in (target, source))
        return False, f"{there} in the source and {here} here, so it starts fresh"
    for own, other in columns.values():
        target[..., own].copy_(source[..., other])
    fresh = ", ".join(name for name in ours if name not in columns)
    return True, f"taken over for {', '.join(columns)}; {f'fresh for {fresh}' if fresh else WHOLE}"


def _common(ours: Blocks, theirs: Blocks) -> Iterator[tuple[str, slice, slice]]:
    """Yield the blocks that both inputs have in the same size, and their columns."""
    here, there = _columns(ours), _columns(theirs)
    for name, columns in here.items():
        if ours[name] == theirs.get(name):
            yield name, columns, there[name]


def _columns(blocks: Blocks) -> dict[str, slice]:
    ends = torch.tensor(list(blocks.values()), dtype=torch.long).cumsum(0).tolist()
    return {name: slice(end - size, end) for (name, size), end in zip(blocks.items(), ends, strict=True)}


def _blocks(agent: Agent) -> dict[str, Blocks]:
    """Return by weight the input blocks that the RSSM tells of, with the embedding split into its sensors."""
    model = agent.representation
    sizes: dict[str, Any] = {name: encoder.size for name, encoder in model.encoders.items()}
    inputs: Mapping[str, Blocks] = getattr(getattr(model, "rssm", None), "inputs", {})
    return {
        f"rssm.{weight}": {
            key: value
            for name, size in blocks.items()
            for key, value in (sizes if name == "embedding" else {name: size}).items()
        }
        for weight, blocks in inputs.items()
    }
