"""How much of each quantity is in the latent, for a linear and a small non-linear reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coral_cli.inside.quantities import Kind, Quantity
from coral_cli.inside.ridge import Parts, explained, linear_probe
from coral_cli.inside.two_layers import two_layer_probe


@dataclass(frozen=True)
class Reading:
    """The shares of a quantity's variance on unseen episodes that two readers explain (None: it does not vary)."""

    name: str
    kind: Kind
    linear: float | None
    two_layers: float | None


def read_off(inputs: Parts, quantities: Sequence[Quantity], seed: int) -> list[Reading]:
    """Teach readers of ``inputs`` (N, F) the quantities, and judge them on the unseen episodes."""
    if not quantities:
        return []
    wanted = [quantity.values for quantity in quantities]
    linear, two_layers = linear_probe(inputs, wanted), two_layer_probe(inputs, wanted, seed)
    return [
        Reading(
            quantity.name,
            quantity.kind,
            explained(straight, quantity.values.unseen.double()),
            explained(bent, quantity.values.unseen),
        )
        for quantity, straight, bent in zip(quantities, linear, two_layers, strict=True)
    ]
