"""Whether a policy keeps the contract of ``Policy`` and ``PolicyModule``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from coral_cli.registry.contracts import Experience, PolicyInputs, World
from coral_cli.registry.options import NoOptions
from coral_cli.registry.records import Policy
from coral_cli.representation.heads import HeadSizes, build_heads
from coral_cli.representation.world import LearnedWorld
from coral_cli.testing import toys
from coral_cli.testing.failures import failures_of, located, require, settle
from coral_cli.testing.records import RECORD
from coral_cli.testing.tensors import (
    half,
    reloaded,
    require_finite,
    require_module,
    require_same,
    require_shape,
    require_untouched,
    seeded,
    tensors_of,
)

BATCH, STEPS, FEATURES = 3, 4, toys.LATENT + toys.HIDDEN


@dataclass(frozen=True)
class Case:
    """A policy for some inputs, with the options to build it with."""

    record: Policy
    options: object
    inputs: PolicyInputs

    def build(self) -> Any:
        return self.record.build(self.options, self.inputs, toys.ACTION)

    def module(self) -> Any:
        """Build the policy, always with the same weights."""
        return seeded(self.build)

    def experience(self, batch: int = BATCH, steps: int = STEPS) -> Experience:
        """Return experience, always the same."""
        experience = seeded(lambda: _experience(batch, steps, self.inputs.size))
        return replace(experience, world=world(batch, steps)) if self.record.imagines else experience


def check_policy(record: Policy, options: object | None = None) -> None:
    """Raise ConformanceError where ``record``, built with ``options`` (default: its own), breaks a rule.

    It is built for features alone and, unless it imagines, for features and a raw vector, and for vectors alone.
    """
    vectors = {"proprio": 3}
    inputs = [PolicyInputs(FEATURES)]
    inputs += [] if record.imagines else [PolicyInputs(FEATURES, vectors), PolicyInputs(0, vectors)]
    failures = failures_of(record, RECORD)
    for each in inputs:
        case = Case(record, options or record.options, each)
        rules = (_mask, _batch_of_one, _half_precision, _state)
        failures = failures or located(
            failures_of(case, (_build,), (_act, _update), (_inputs,), (_seed,), rules),
            f"features {each.features}, vectors {sum(each.vectors.values())}",
        )
    settle(f"policy {record.name!r}", failures)


def _build(case: Case) -> None:
    module = case.module()
    require_module(module)
    optimizers = module.optimizers()
    require(
        isinstance(optimizers, Mapping) and all(isinstance(one, Optimizer) for one in optimizers.values()),
        f"optimizers() gives {optimizers!r}.",
        "Return a dict of torch optimizers by name, which checkpoints keep.",
    )


def _act(case: Case) -> None:
    module = case.module()
    features = case.experience().features[:, 0]
    for explore in (True, False):
        action = seeded(partial(module.act, features, explore))
        name = "an exploring action" if explore else "the mean action"
        require_shape(name, action, (BATCH, toys.ACTION))
        require(bool((action.abs() <= 1).all()), f"{name} leaves [-1, 1].", "Squash it with tanh, or clamp it.")


def _update(case: Case) -> None:
    metrics = seeded(partial(case.module().update, case.experience()))
    hint = "Return a dict of scalar tensors by name."
    require(isinstance(metrics, Mapping), f"update gives {type(metrics).__name__}.", hint)
    for name, metric in metrics.items():
        require(isinstance(metric, Tensor) and metric.shape == (), f"metric {name!r} is no scalar tensor.", hint)
        require_finite(f"metric {name!r}", metric)


def _mask(case: Case) -> None:
    """Require that what lies where the mask is false teaches nothing."""
    experience = case.experience()
    mask = torch.ones(BATCH, STEPS, dtype=torch.bool)
    mask[0, 2:] = False
    gone = ~mask
    other = replace(
        experience,
        features=experience.features.masked_fill(gone[..., None], 7.0),
        actions=experience.actions.masked_fill(gone[..., None], 0.5),
        rewards=experience.rewards.masked_fill(gone, 9.0),
    )
    one, two = (_after(case, replace(each, mask=mask)) for each in (experience, other))
    hint = "Learn from the steps where experience.mask is true (None: all of them)."
    require_same("what is learned", one, two, "depends on steps where the mask is false.", hint)


def _batch_of_one(case: Case) -> None:
    """Require that one sequence of two steps can be learned from."""
    require_finite("an action after learning from two steps", _after(case, case.experience(1, 2)))


def _half_precision(case: Case) -> None:
    """Call the policy as updates in bf16 do."""
    with half():
        changed = _after(case, case.experience())
    require_finite("what is learned in bf16", changed)


def _seed(case: Case) -> None:
    one, other = (_after(case, case.experience()) for _ in range(2))
    hint = "Draw all that is random from torch's own generator."
    require_same("what is learned", one, other, "differs from time to time with the same seed.", hint)


def _inputs(case: Case) -> None:
    experience = case.experience()
    case.module().update(experience)
    require_untouched(tensors_of(case.experience()), tensors_of(experience))


def _state(case: Case) -> None:
    module = case.module()
    seeded(partial(module.update, case.experience()))
    other: Any = reloaded(case.build, module)
    features = case.experience().features[:, 0]
    one, two = (seeded(partial(policy.act, features, False)) for policy in (module, other))
    hint = "Keep all that matters in parameters and buffers."
    require_same("the mean action", one, two, "changes when its state is loaded again.", hint)


def _after(case: Case, experience: Experience) -> Tensor:
    """Return all parameters after one update."""
    module = case.module()
    seeded(partial(module.update, experience))
    return torch.cat([torch.zeros(1), *(parameter.detach().flatten() for parameter in module.parameters())])


def _experience(batch: int, steps: int, size: int) -> Experience:
    terminated = torch.zeros(batch, steps, dtype=torch.bool)
    terminated[0, -1] = True
    return Experience(
        torch.randn(batch, steps, size),
        torch.rand(batch, steps, toys.ACTION) * 2 - 1,
        torch.randn(batch, steps),
        terminated,
    )


def world(batch: int, steps: int) -> World:
    """Make a world to imagine in, from a toy RSSM."""

    def make() -> World:
        rssm = toys.toy_rssm(NoOptions(), toys.EMBEDDING, toys.ACTION)
        trajectory = rssm.scan(torch.randn(batch, steps, toys.EMBEDDING), torch.rand(batch, steps, toys.ACTION))
        return LearnedWorld(rssm, build_heads(HeadSizes(8, 1), FEATURES, toys.ACTION), trajectory, None)

    return seeded(make)
