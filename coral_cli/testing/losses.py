"""Whether a loss keeps the contract of ``Loss`` and ``LossModule``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from coral_cli.registry.contracts import LossBatch
from coral_cli.registry.options import NoOptions
from coral_cli.registry.records import Loss
from coral_cli.registry.sensors import Sensor
from coral_cli.testing import toys
from coral_cli.testing.failures import failures_of, located, require, settle
from coral_cli.testing.records import RECORD
from coral_cli.testing.tensors import (
    SENSORS,
    half,
    halved,
    moved,
    observed,
    reloaded,
    require_finite,
    require_module,
    require_same,
    require_untouched,
    seeded,
    tensors_of,
)

BATCH, STEPS = 3, 4


@dataclass(frozen=True)
class Case:
    """A loss for one sensor, with the options to build it with."""

    record: Loss
    options: object
    sensor: Sensor

    def build(self) -> Any:
        return self.record.build(self.options, self.sensor, toys.EMBEDDING, toys.LATENT + toys.HIDDEN)

    def module(self) -> Any:
        """Build the loss, always with the same weights."""
        return seeded(self.build)

    def value(self, batch: LossBatch, module: Any = None) -> Tensor:
        """Return the loss of ``batch``, drawing what is random always alike."""
        value: Tensor = seeded(lambda: (module or self.module())(batch))[0]
        return value


def check_loss(record: Loss, options: object | None = None) -> None:
    """Raise ConformanceError where ``record`` breaks a rule, with all failures.

    It is built with ``options`` (default: its own) for a tiny sensor of each kind that it takes.
    """
    failures = failures_of(record, RECORD)
    for kind in record.sensors:
        case = Case(record, options or record.options, SENSORS[kind])
        failures = failures or located(failures_of(case, (_build,), (_output,), (_inputs,), (_seed,), RULES), kind)
    settle(f"loss {record.name!r}", failures)


def _build(case: Case) -> None:
    require_module(case.module())


def _output(case: Case) -> None:
    result = case.module()(batch_of(case.sensor))
    hint = "Return (loss, metrics): a scalar tensor and a dict of scalar tensors by name."
    require(isinstance(result, tuple) and len(result) == 2, f"calling it gives {type(result).__name__}.", hint)
    value, metrics = result
    require(isinstance(value, Tensor) and value.shape == (), "the loss is no scalar tensor.", hint)
    require(isinstance(metrics, Mapping), "the metrics are no dict.", hint)
    for name, metric in metrics.items():
        require(isinstance(metric, Tensor) and metric.shape == (), f"metric {name!r} is no scalar tensor.", hint)
        require_finite(f"metric {name!r}", metric)
    require_finite("the loss", value)


def _gradient(case: Case) -> None:
    """Require a gradient through a toy encoder and RSSM, as in training. A loss that is always 0 need not reach it."""
    sensor = case.sensor
    encoder = seeded(partial(toys.toy_encoder, NoOptions(), sensor))
    rssm = seeded(partial(toys.toy_rssm, NoOptions(), toys.EMBEDDING, toys.ACTION))
    target = seeded(partial(observed, sensor, BATCH, STEPS))
    embedding = encoder(target.flatten(0, 1)).unflatten(0, (BATCH, STEPS))
    trajectory = seeded(lambda: rssm.scan(embedding, torch.rand(BATCH, STEPS, toys.ACTION)))
    z = seeded(rssm.prior(trajectory.h).sample) if case.record.paradigm == "predictive" else trajectory.z
    value = case.value(LossBatch(target, embedding, torch.cat([z, trajectory.h], -1)))
    if not value.requires_grad and value == 0:
        return
    hint = "Compute it from batch.features (and batch.embedding) without detach() or no_grad()."
    require(value.requires_grad, "nothing can be learned from the loss: it has no gradient.", hint)
    value.backward()
    require(moved(rssm.parameters()), "no gradient reaches the RSSM.", hint)
    require(moved(encoder.parameters()), "no gradient reaches the encoder.", hint)


def _mask(case: Case) -> None:
    """Require that what lies where the mask is false does not matter, however many steps that are.

    Behind an episode's end nothing does; where only the sensor was missing, the latent state is as good as any.
    """
    batch, other = batch_of(case.sensor), batch_of(case.sensor, seed=1)
    mask = torch.ones(BATCH, STEPS, dtype=torch.bool)
    hint = "Average over the steps where batch.mask is true (None: all of them)."
    whole = case.value(replace(batch, mask=mask))
    require_same("the loss", case.value(batch), whole, "differs between no mask and one that is true everywhere.", hint)
    over, gone = mask.clone(), mask.clone()
    over[0, 2:], gone[1, 0] = False, False
    mask = over & gone
    mixed = LossBatch(
        _where(mask, batch.target, other.target),
        _where(mask, batch.embedding, other.embedding),
        _where(over, batch.features, other.features),
        mask,
    )
    before, after = case.value(replace(batch, mask=mask)), case.value(mixed)
    require_same("the loss", before, after, "depends on steps where the mask is false.", hint)
    none = case.value(replace(batch, mask=torch.zeros_like(mask)))
    require(bool(torch.isfinite(none)), "the loss is not finite when no step is valid.", "Divide by at least 1.")


def _where(mask: Tensor, one: Tensor, other: Tensor) -> Tensor:
    """Return ``one`` where ``mask`` (B, T) is true, else ``other``, (B, T, ...)."""
    return torch.where(mask.reshape(BATCH, STEPS, *[1] * (one.dim() - 2)), one, other)


def _batch_of_one(case: Case) -> None:
    """Require a finite loss of one sequence of two steps."""
    require_finite("the loss of one sequence of two steps", case.value(batch_of(case.sensor, 1, 2)))


def _half_precision(case: Case) -> None:
    """Call the loss as updates in bf16 do: embeddings are in that precision, states are not."""
    batch = batch_of(case.sensor)
    batch = replace(batch, target=halved(case.sensor, batch.target), embedding=batch.embedding.bfloat16())
    with half():
        value = case.value(batch)
    require_finite("the loss in bf16", value)
    if value.requires_grad:
        value.backward()


def _seed(case: Case) -> None:
    batch = batch_of(case.sensor)
    hint = "Draw all that is random from torch's own generator, and keep no state outside of buffers."
    require_same(
        "the loss", case.value(batch), case.value(batch), "differs from call to call with the same seed.", hint
    )


def _inputs(case: Case) -> None:
    batch = batch_of(case.sensor)
    case.value(batch)
    require_untouched(tensors_of(batch_of(case.sensor)), tensors_of(batch))


def _state(case: Case) -> None:
    """Require that a checkpoint carries the loss over."""
    batch, module = batch_of(case.sensor), case.module()
    other: nn.Module = reloaded(case.build, module)
    hint = "Keep all that matters in parameters and buffers."
    require_same(
        "the loss", case.value(batch, module), case.value(batch, other), "changes when its state is loaded again.", hint
    )


RULES = (_gradient, _mask, _batch_of_one, _half_precision, _state)


def batch_of(sensor: Sensor, batch: int = BATCH, steps: int = STEPS, seed: int = 0) -> LossBatch:
    """Draw a random batch, always the same for the same ``seed``."""
    return seeded(
        lambda: LossBatch(
            observed(sensor, batch, steps),
            torch.randn(batch, steps, toys.EMBEDDING),
            torch.randn(batch, steps, toys.LATENT + toys.HIDDEN),
        ),
        seed,
    )
