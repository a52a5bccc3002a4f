"""Whether an encoder keeps the contract of ``Encoder`` and ``EncoderModule``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from coral_cli.registry.records import Encoder
from coral_cli.registry.sensors import Sensor
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
    require_near,
    require_same,
    require_shape,
    require_untouched,
    seeded,
)

COUNT = 3


@dataclass(frozen=True)
class Case:
    """An encoder for one sensor, with the options to build it with."""

    record: Encoder
    options: object
    sensor: Sensor

    def build(self) -> Any:
        return self.record.build(self.options, self.sensor)

    def module(self) -> Any:
        """Build the encoder, always with the same weights."""
        return seeded(self.build)

    def inputs(self) -> Tensor:
        """Return observations, always the same."""
        return seeded(lambda: observed(self.sensor, COUNT))


def check_encoder(record: Encoder, options: object | None = None) -> None:
    """Raise ConformanceError where ``record`` breaks a rule, with all failures.

    It is built with ``options`` (default: its own) for a small sensor of each kind that it takes.
    """
    failures = failures_of(record, RECORD)
    for kind in record.sensors:
        case = Case(record, options or record.options, SENSORS[kind])
        rules = (_gradient, _one_by_one, _half_precision, _state)
        failures = failures or located(failures_of(case, (_build,), (_output,), (_inputs,), (_seed,), rules), kind)
    settle(f"encoder {record.name!r}", failures)


def _build(case: Case) -> None:
    module = case.module()
    require_module(module)
    size = getattr(module, "size", None)
    require(type(size) is int and size > 0, f"size is {size!r}.", "Set self.size: the length of an embedding.")


def _output(case: Case) -> None:
    module = case.module()
    embedding = module(case.inputs())
    require_shape("the embedding", embedding, (COUNT, module.size))
    require_finite("the embedding", embedding)


def _gradient(case: Case) -> None:
    module = case.module()
    embedding = module(case.inputs())
    hint = "Compute the embedding from parameters, without detach() or no_grad()."
    require(embedding.requires_grad, "the embedding has no gradient.", hint)
    embedding.square().sum().backward()
    require(moved(module.parameters()), "no gradient reaches its parameters.", hint)


def _one_by_one(case: Case) -> None:
    """Require that observations do not see each other; acting is a batch of one."""
    module, inputs = case.module(), case.inputs()
    together = seeded(lambda: module(inputs))
    alone = torch.cat([seeded(partial(module, row[None])) for row in inputs])
    require_same(
        "an embedding",
        together,
        alone,
        "depends on the other observations of its batch.",
        "Use LayerNorm in place of BatchNorm, and no randomness.",
    )


def _half_precision(case: Case) -> None:
    """Call the encoder as updates in bf16 do."""
    module, inputs = case.module(), case.inputs()
    exact = seeded(lambda: module(inputs))
    with half():
        found = seeded(lambda: module(halved(case.sensor, inputs)))
    require_near("the embedding", found, exact)
    if found.requires_grad:
        found.float().sum().backward()


def _seed(case: Case) -> None:
    module, inputs = case.module(), case.inputs()
    one, other = (seeded(lambda: module(inputs)) for _ in range(2))
    hint = "Draw all that is random from torch's own generator."
    require_same("the embedding", one, other, "differs from call to call with the same seed.", hint)


def _inputs(case: Case) -> None:
    inputs = case.inputs()
    case.module()(inputs)
    require_untouched([case.inputs()], [inputs])


def _state(case: Case) -> None:
    module, inputs = case.module(), case.inputs()
    other = reloaded(case.build, module)
    one, two = (seeded(partial(network, inputs)) for network in (module, other))
    hint = "Keep all that matters in parameters and buffers."
    require_same("the embedding", one, two, "changes when its state is loaded again.", hint)
