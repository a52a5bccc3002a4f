"""The built-in policies. Importing this does not import torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from coral_cli.plugin import Help, Policy

if TYPE_CHECKING:
    from coral_cli.plugin import PolicyInputs, PolicyModule


@dataclass(frozen=True)
class SacOptions:
    """Soft actor-critic; the defaults are the paper's."""

    hidden: Annotated[int, Help("Units per layer of actor and critics.", min=1)] = 1024
    layers: Annotated[int, Help("Layers of actor and critics.", min=1)] = 3
    lr: Annotated[float, Help("Learning rate of actor and critics (Adam).", min=0)] = 1e-3
    discount: Annotated[float, Help("Discount per policy step.", min=0, max=1)] = 0.99
    target_decay: Annotated[float, Help("Decay of the target critics' moving average.", min=0, max=1)] = 0.995
    entropy_weight: Annotated[float, Help("Initial weight of the entropy bonus.", min=1e-6, max=2)] = 0.1
    entropy_lr: Annotated[float, Help("Learning rate of the entropy weight.", min=0)] = 1e-3
    entropy_form: Annotated[
        Literal["sigmoid", "exponential"], Help("How the entropy weight depends on its raw parameter.")
    ] = "sigmoid"
    target_entropy: Annotated[float | None, Help("Entropy aimed at, in nats (default: minus the action size).")] = None


def _sac(options: SacOptions, inputs: PolicyInputs, action_size: int) -> PolicyModule:
    from coral_cli.policies.sac import Sac

    return Sac(inputs, action_size, options)


POLICIES = (Policy("sac", "Soft actor-critic on the posterior mean.", _sac, SacOptions()),)
