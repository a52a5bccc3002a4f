"""Named methods and sizes: shorthands for flags. They change defaults, so an explicit flag wins wherever it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from coral_cli.registry.options import Json
from coral_cli.registry.sensors import SensorKind

Flags = Mapping[str, Json]
"""Values by flag. ``{vector}`` stands for every vector, ``{image}`` for every other sensor."""


@dataclass(frozen=True)
class Method:
    """A method of the paper (or beyond it), in one sentence and in flags.

    ``needs`` are the sensors without which it is another method: ``image`` (or depth), ``vector``.
    """

    summary: str
    flags: Flags
    needs: tuple[str, ...] = ()


_BOTH = ("image", "vector")
_PARADIGMS = {"cv": "variational", "cpc": "predictive", "recon": "variational"}
_NAMES = {"cv": "Contrastive variational", "cpc": "Contrastive predictive", "recon": "Reconstruction"}


def _coral(image_loss: str, objective: str) -> Flags:
    return {"{image}-loss": image_loss, "{vector}-loss": "recon", "objective": objective}


def _variants(suffix: str, summary: str, flags: Flags, *needs: str) -> dict[str, Method]:
    """Make one method per loss, for which ``{loss}`` in ``flags`` stands."""
    return {
        f"{loss}-{suffix}": Method(
            f"{_NAMES[loss]} {summary}",
            {flag: loss if value == "{loss}" else value for flag, value in flags.items()} | {"objective": paradigm},
            needs,
        )
        for loss, paradigm in _PARADIGMS.items()
    }


METHODS: Mapping[str, Method] = {
    "v-coral": Method(
        "Images contrastive, vectors reconstructed, on the posterior.", _coral("cv", "variational"), _BOTH
    ),
    "p-coral": Method("Images contrastive, vectors reconstructed, on the prior.", _coral("cpc", "predictive"), _BOTH),
    "u-coral": Method(
        "The same on posterior and prior at once (not in the paper).", _coral("infonce", "unified"), _BOTH
    ),
    **_variants("same", "loss for every sensor.", {"{image}-loss": "{loss}", "{vector}-loss": "{loss}"}),
    **_variants(
        "concat",
        "loss for images; vectors go straight to the policy.",
        {"{image}-loss": "{loss}", "fusion": "concat"},
        *_BOTH,
    ),
    **_variants(
        "image", "loss for images; vectors are not used.", {"{image}-loss": "{loss}", "sensors": "{image}"}, "image"
    ),
    "proprio-sac": Method(
        "SAC on raw vectors, without images or representation.",
        {"sensors": "{vector}", "rssm": "none", "policy.lr": 3e-4},
        ("vector",),
    ),
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
        "rssm.groups": 8,
        "rssm.classes": 8,
        "rssm.hidden": 64,
        "policy.hidden": 128,
        "head-hidden": 64,
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
        "rssm.groups": 16,
        "rssm.classes": 16,
        "rssm.hidden": 200,
        "policy.hidden": 256,
        "head-hidden": 128,
        "batch-size": 16,
        "batch-length": 32,
    },
    "paper": {},
}


def expand(shorthand: Flags, sensors: Mapping[str, SensorKind]) -> dict[str, Json]:
    """Return the flags that ``shorthand`` stands for in an environment with these ``sensors``."""
    group = {name: "{vector}" if kind == "vector" else "{image}" for name, kind in sensors.items()}
    expanded: dict[str, Json] = {}
    for flag, value in shorthand.items():
        if value in ("{image}", "{vector}"):
            value = tuple(name for name, placeholder in group.items() if value == placeholder)
        if flag.startswith("{"):
            flags = [flag.replace(placeholder, name.replace("_", "-")) for name, placeholder in group.items()]
            expanded |= {name: value for name in flags if "{" not in name}
        else:
            expanded[flag] = value
    return expanded


def recognised(flags: Flags, sensors: Mapping[str, SensorKind]) -> dict[str, Json]:
    """Return ``flags``, with ``method`` in place of those that make it one of the named methods, if they do."""
    for name, method in METHODS.items():
        expanded = {flag: list(v) if isinstance(v, tuple) else v for flag, v in expand(method.flags, sensors).items()}
        if all(flag in flags and flags[flag] == value for flag, value in expanded.items()):
            return {"method": name, **{flag: value for flag, value in flags.items() if flag not in expanded}}
    return dict(flags)
