"""The slots of a train command: what can be plugged in where."""

from __future__ import annotations

from dataclasses import dataclass

from coral_cli.registry.records import Encoder, Environment, Loss, Record, SensorKind

ENV = "env"
ENV_DEFAULT = "box-push"

_LOSSES: dict[SensorKind, str] = {"image": "cpc", "vector": "recon"}
_ENCODERS: dict[SensorKind, str] = {"image": "conv", "vector": "mlp"}


@dataclass(frozen=True)
class Slot:
    """A place for one component of a kind. ``default`` None: the losses decide (the objective)."""

    name: str
    kind: str
    default: str | None
    help: str
    sensor: SensorKind | None = None
    """What a loss or an encoder in this slot must take."""

    @property
    def flag(self) -> str:
        """The name as it stands on the command line."""
        return self.name.replace("_", "-")

    def takes(self, record: Record) -> bool:
        """Whether a component of the slot's kind accepts the slot's sensor."""
        return not isinstance(record, (Loss, Encoder)) or self.sensor in record.sensors


def slots_of(environment: Environment) -> tuple[Slot, ...]:
    """The slots when training in ``environment``: a loss and an encoder for each of its sensors, and the fixed ones."""
    sensors = [
        slot
        for name, kind in environment.sensors.items()
        for slot in (
            Slot(f"{name}-loss", "loss", _LOSSES[kind], f"Loss of sensor {name}.", kind),
            Slot(f"{name}-encoder", "encoder", _ENCODERS[kind], f"Encoder of sensor {name}.", kind),
        )
    ]
    return (
        Slot(ENV, "environment", ENV_DEFAULT, "Environment to train in."),
        *sensors,
        Slot("rssm", "rssm", "gaussian", "Recurrent state space model."),
        Slot(
            "objective", "objective", None, "Which latent the losses see, and the KL weights (default: as they need)."
        ),
        Slot("policy", "policy", "sac", "What acts, and learns to."),
    )
