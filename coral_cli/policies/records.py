"""The built-in policies. Importing this does not import torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coral_cli.plugin import NoOptions, Policy
from coral_cli.policies.options import ImaginationOptions, SacOptions

if TYPE_CHECKING:
    from coral_cli.plugin import PolicyInputs, PolicyModule


def _sac(options: SacOptions, inputs: PolicyInputs, action_size: int) -> PolicyModule:
    from coral_cli.policies.sac import Sac

    return Sac(inputs, action_size, options)


def _imagination(options: ImaginationOptions, inputs: PolicyInputs, action_size: int) -> PolicyModule:
    from coral_cli.policies.imagination import Imagination

    return Imagination(inputs, action_size, options)


def _random(options: NoOptions, inputs: PolicyInputs, action_size: int) -> PolicyModule:
    from coral_cli.policies.random import RandomActions

    return RandomActions(action_size)


POLICIES = (
    Policy("sac", "Soft actor-critic on the posterior mean.", _sac, SacOptions()),
    Policy(
        "imagination",
        "Actor and value learn in imagined rollouts (Dreamer-v1).",
        _imagination,
        ImaginationOptions(),
        imagines=True,
        defaults={
            "batch-size": 50,
            "batch-length": 50,
            "updates-per-step": 0.2,
            "env.action-repeat": 2,
            "head-hidden": 300,
            "head-layers": 3,
            # in every environment
            "policy.lr": ImaginationOptions.lr,
            "policy.discount": ImaginationOptions.discount,
            "policy.target-decay": ImaginationOptions.target_decay,
            "policy.layers": ImaginationOptions.layers,
            "policy.entropy-weight": ImaginationOptions.entropy_weight,
            "policy.entropy-lr": ImaginationOptions.entropy_lr,
        },
    ),
    Policy("random", "Uniform random actions; only the representation learns.", _random),
)
