"""Weights that are not taken over although they had to be: what does not fit, and what to change."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from coral_cli.assembly.assembly import Assembly
from coral_cli.assembly.resolve import flags_of
from coral_cli.assembly.values import text_of
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Json
from coral_cli.sessions.saved import Saved

REPRESENTATION = ("encoders", "rssm")
KINDS = {"encoders": "encoder", "rssm": "rssm", "losses": "loss", "policy": "policy"}
"""The kind of component whose options shape a part."""
SETTINGS = {"encoders": ("sensors", "image_size"), "rssm": ("fusion",), "heads": ("head_hidden", "head_layers")}
"""The settings that shape a part, too."""
SHOWN = 3
"""A sentence names so many weights, or flags."""


def require_fit(found: Mapping[str, bool], remarks: Sequence[str], saved: Saved, assembly: Assembly) -> None:
    """Raise UsageError when a run would go on with a random representation, or with a random part frozen.

    ``found`` says of each part of this agent that --init-parts names whether anything of it was taken over.
    """
    model = [part for part in REPRESENTATION if part in found]
    lacking = model if not any(found[part] for part in model) else []
    lacking = lacking or [part for part in found if part in assembly.settings.freeze and not found[part]]
    if not found or lacking:
        parts = lacking or assembly.settings.init_parts
        raise UsageError(
            f"nothing of {', '.join(parts)} in {saved.path} fits this agent{_listed(remarks, parts)}.",
            _change(saved.assembly, assembly, parts, saved.catalog),
        )


def require_whole(fresh: Sequence[str], saved: Saved, assembly: Assembly) -> None:
    """Raise UsageError when weights of frozen parts would stay at their random start: ``fresh`` names them."""
    parts = [part for part in assembly.settings.freeze if _of_parts(fresh, [part])]
    if fresh:
        raise UsageError(
            f"--freeze names {', '.join(parts)}, but {len(fresh)} of these weights would stay at their random start"
            f"{_listed(fresh, parts)}.",
            f"{_change(saved.assembly, assembly, parts, saved.catalog)} Or leave {', '.join(parts)} out of --freeze.",
        )


def require_taken(frozen: Collection[str], parts: Sequence[str]) -> None:
    """Raise UsageError when a ``frozen`` part would stay at its random start, as --init-parts does not name it."""
    forgotten = [part for part in frozen if part not in parts]
    if forgotten:
        wanted = ",".join([*parts, *forgotten])
        raise UsageError(
            f"--freeze names {', '.join(forgotten)}, but --init-parts does not: random weights would be frozen.",
            f"Write --init-parts {wanted}, or leave it out of --freeze.",
        )


def _listed(remarks: Sequence[str], parts: Collection[str]) -> str:
    """Say what is wrong with the weights of ``parts``, the first few of them."""
    own = _of_parts(remarks, parts)
    more = f"; and {len(own) - SHOWN} more" if len(own) > SHOWN else ""
    return f" ({'; '.join(own[:SHOWN])}{more})" if own else ""


def _of_parts(remarks: Sequence[str], parts: Collection[str]) -> list[str]:
    return [remark for remark in remarks if part_of(remark) in parts]


def part_of(weight: str) -> str:
    """Name the part of an agent that a weight belongs to, by its name."""
    part = weight.split(".")[0]
    return "encoders" if part == "normalization" else part


def _change(theirs: Assembly, ours: Assembly, parts: Collection[str], catalog: Catalog) -> str:
    there, here = (dict(_shaping(assembly, parts, catalog)) for assembly in (theirs, ours))
    different = [f"--{flag} {text_of(value)}" for flag, value in there.items() if here.get(flag, value) != value]
    if different:
        return f"It has {' '.join(different[: 2 * SHOWN])}: write the same, or other --init-parts."
    return "Choose the same components, sensors and sizes, or other --init-parts."


def _shaping(assembly: Assembly, parts: Collection[str], catalog: Catalog) -> Iterator[tuple[str, Json]]:
    """Yield the flags that shape ``parts``, with their values."""
    kinds = {KINDS[part] for part in parts if part in KINDS}
    choices = {slot: choice for slot, choice in assembly.choices.items() if choice.kind in kinds}
    slots = {slot.replace("_", "-") for slot in choices}
    settings = {name.replace("_", "-") for part in parts for name in SETTINGS.get(part, ())}
    for flag, value in flags_of(replace(assembly, choices=choices), catalog).items():
        if flag.split(".")[0] in slots or flag in settings:
            yield flag, value
