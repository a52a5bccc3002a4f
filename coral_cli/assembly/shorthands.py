"""Named methods and sizes: shorthands for flags. They change defaults, so an explicit flag wins wherever it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from coral_cli.assembly.slots import Slot
from coral_cli.registry.options import Json

Flags = Mapping[str, Json]
"""Values by flag. ``{image}`` and ``{vector}`` stand for every sensor of that kind."""

METHODS: Mapping[str, Flags] = {
    "v-coral": {"{image}-loss": "cv", "{vector}-loss": "recon", "objective": "variational"},
    "p-coral": {"{image}-loss": "cpc", "{vector}-loss": "recon", "objective": "predictive"},
}

SIZES: Mapping[str, Flags] = {
    "tiny": {
        "{image}-encoder.depth": 8,
        "{image}-loss.depth": 8,
        "{image}-loss.hidden": 64,
        "{vector}-encoder.hidden": 64,
        "{vector}-loss.hidden": 64,
        "rssm.gru": 64,
        "rssm.latent": 16,
        "rssm.hidden": 64,
        "policy.hidden": 128,
        "batch-size": 8,
        "batch-length": 16,
    },
    "small": {
        "{image}-encoder.depth": 16,
        "{image}-loss.depth": 16,
        "{image}-loss.hidden": 128,
        "{vector}-encoder.hidden": 128,
        "{vector}-loss.hidden": 128,
        "rssm.gru": 128,
        "rssm.latent": 32,
        "rssm.hidden": 200,
        "policy.hidden": 256,
        "batch-size": 16,
        "batch-length": 32,
    },
    "paper": {},
}


def expand(shorthand: Flags, slots: Iterable[Slot]) -> dict[str, Json]:
    """The flags that ``shorthand`` stands for, with the sensors of ``slots`` filled in."""
    sensors = [(f"{{{slot.sensor}}}", slot.flag.removesuffix("-encoder")) for slot in slots if slot.kind == "encoder"]
    expanded: dict[str, Json] = {}
    for flag, value in shorthand.items():
        if flag.startswith("{"):
            expanded |= {flag.replace(kind, name): value for kind, name in sensors if kind in flag}
        else:
            expanded[flag] = value
    return expanded
