"""The slots of an agent: what can be plugged in where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coral_cli.registry.records import Encoder, Loss, Record
from coral_cli.registry.sensors import SensorKind

_LOSSES: dict[SensorKind, str] = {"image": "cpc", "vector": "recon", "depth": "cpc"}
_ENCODERS: dict[SensorKind, str] = {"image": "conv", "vector": "mlp", "depth": "conv"}


@dataclass(frozen=True)
class Slot:
    """A place for one component of a kind. ``default`` None: the losses decide (the objective)."""

    name: str
    kind: str
    default: str | None
    help: str
    sensor: SensorKind | None = None
    """The kind of sensor that a loss or an encoder in this slot must take."""

    @property
    def flag(self) -> str:
        """The slot's name as it stands on the command line."""
        return self.name.replace("_", "-")

    def takes(self, record: Record) -> bool:
        """Return whether a component of the slot's kind accepts the slot's sensor."""
        return not isinstance(record, (Loss, Encoder)) or self.sensor in record.sensors


ENV = Slot("env", "environment", "box-push", "Environment to train in.")
RSSM = Slot("rssm", "rssm", "gaussian", "Recurrent state space model.")
OBJECTIVE = Slot(
    "objective", "objective", None, "Which latent the losses see, and the KL weights (default: as they need)."
)
POLICY = Slot("policy", "policy", "sac", "What acts, and learns to.")


DISTRACTION, OBSERVER = "distraction", "observer"
REPEATABLE = (DISTRACTION, OBSERVER)
"""Kinds with any number of slots: ``distraction.NAME`` for each that ``--distraction`` names."""


def slots_of(encoded: Mapping[str, SensorKind], several: Mapping[str, Sequence[str]] | None = None) -> tuple[Slot, ...]:
    """Return the slots when the sensors ``encoded`` share a latent; the fixed ones alone when none does.

    ``several`` are the names chosen of each repeatable kind.
    """
    stacked, observers = (
        [Slot(f"{kind}.{name}", kind, name, "") for name in (several or {}).get(kind, ())] for kind in REPEATABLE
    )
    sensors = [
        slot
        for name, kind in encoded.items()
        for slot in (
            Slot(f"{name}-loss", "loss", _LOSSES[kind], f"Loss of sensor {name}.", kind),
            Slot(f"{name}-encoder", "encoder", _ENCODERS[kind], f"Encoder of sensor {name}.", kind),
        )
    ]
    return (ENV, *stacked, *sensors, RSSM, *([OBJECTIVE] if sensors else []), POLICY, *observers)


def kind_of(slot: str) -> str:
    """Return the kind of component that a slot of this name takes; "" for one that there is not."""
    fixed = {slot.name: slot.kind for slot in (ENV, RSSM, OBJECTIVE, POLICY)}
    if slot in fixed:
        return fixed[slot]
    kind, dot, name = slot.partition(".")
    if dot:
        return kind if kind in REPEATABLE and name else ""
    name, _, kind = slot.rpartition("-")
    return kind if name and kind in ("loss", "encoder") else ""
