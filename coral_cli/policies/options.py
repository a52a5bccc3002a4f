"""The options of the built-in policies. Importing this does not import torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from coral_cli.plugin import Help


@dataclass(frozen=True)
class SacOptions:
    """Options of soft actor-critic; the defaults are the paper's."""

    hidden: Annotated[int, Help("Units per layer of actor and critics.", min=1, max=2**14)] = 1024
    layers: Annotated[int, Help("Layers of actor and critics.", min=1, max=64)] = 3
    lr: Annotated[float, Help("Learning rate of actor and critics (Adam).", min=0)] = 1e-3
    discount: Annotated[float, Help("Discount per policy step.", min=0, max=1)] = 0.99
    target_decay: Annotated[float, Help("Decay of the target critics' moving average.", min=0, max=1)] = 0.995
    entropy_weight: Annotated[float, Help("Initial weight of the entropy bonus.", min=2e-6, max=2)] = 0.1
    entropy_lr: Annotated[float, Help("Learning rate of the entropy weight.", min=0)] = 1e-3
    entropy_form: Annotated[
        Literal["sigmoid", "exponential"], Help("How the entropy weight depends on its raw parameter.")
    ] = "sigmoid"
    target_entropy: Annotated[float | None, Help("Entropy aimed at, in nats (default: minus the action size).")] = None
    initial_std: Annotated[float, Help("Standard deviation of the actor's Gaussian at first.", min=0.01, max=100)] = (
        0.0183
    )
    critic_norm: Annotated[bool, Help("Normalise the critics' hidden layers.")] = False


@dataclass(frozen=True)
class ImaginationOptions:
    """Options of learning in imagined rollouts; the defaults are the paper's."""

    hidden: Annotated[int, Help("Units per layer of actor and value.", min=1, max=2**14)] = 300
    layers: Annotated[int, Help("Layers of actor and value.", min=1, max=64)] = 3
    lr: Annotated[float, Help("Learning rate of actor and value (Adam).", min=0)] = 8e-5
    horizon: Annotated[int, Help("Imagined steps from every state of a batch.", min=1, max=1000)] = 15
    discount: Annotated[float, Help("Discount per policy step.", min=0, max=1)] = 0.99
    trace: Annotated[
        float, Help("Lambda: how far returns trust imagined rewards (1) rather than the value (0).", min=0, max=1)
    ] = 0.95
    target_decay: Annotated[float, Help("Decay of the target value's moving average.", min=0, max=1)] = 0.98
    noise: Annotated[float, Help("Standard deviation of the noise added to actions to explore.", min=0)] = 0.3
    entropy_weight: Annotated[float, Help("Initial weight of the entropy bonus (0: there is none).", min=0)] = 0.0
    entropy_lr: Annotated[float, Help("Learning rate of the entropy weight, if there is one.", min=0)] = 3e-3
    target_entropy: Annotated[float | None, Help("Entropy aimed at, in nats (default: minus the action size).")] = None
