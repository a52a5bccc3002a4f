"""Whether an objective can be learned with."""

from __future__ import annotations

from functools import partial

import torch

from coral_cli.registry.objective_options import ObjectiveOptions
from coral_cli.registry.options import NoOptions
from coral_cli.registry.records import Objective
from coral_cli.registry.sensors import Sensor
from coral_cli.representation.batch import Batch
from coral_cli.representation.heads import HeadSizes
from coral_cli.representation.losses.reconstruction import Reconstruction, VectorDecoder
from coral_cli.representation.objective import Representation, Term
from coral_cli.testing import toys
from coral_cli.testing.failures import failures_of, require, settle
from coral_cli.testing.records import RECORD
from coral_cli.testing.tensors import moved, require_finite, seeded

SENSOR = Sensor("proprio", "vector", (5,))
BATCH = 3


def check_objective(record: Objective, options: ObjectiveOptions | None = None) -> None:
    """Raise ConformanceError unless toys learn with ``record`` (``options`` in place of its own)."""
    failures = failures_of(record, RECORD) or failures_of(options or record.options, (_weights,), (_gradient,))
    settle(f"objective {record.name!r}", failures)


def _weights(options: ObjectiveOptions) -> None:
    require(
        options.posterior + options.prior > 0,
        "no latent is seen by any loss.",
        "Set `posterior` or `prior` above 0.",
    )


def _gradient(options: ObjectiveOptions) -> None:
    """Require that the objective is finite and reaches the encoder."""
    model = seeded(partial(_model, options))
    losses = seeded(lambda: model(_batch(options.open_loop + 3)))
    require_finite("the objective", losses.total)
    losses.total.backward()
    require(moved(model.encoders.parameters()), "no gradient reaches the encoder.", "Raise one of its weights.")


def _model(options: ObjectiveOptions) -> Representation:
    encoder = toys.toy_encoder(NoOptions(), SENSOR)
    rssm = toys.toy_rssm(NoOptions(), toys.EMBEDDING, toys.ACTION)
    loss = Reconstruction(VectorDecoder(toys.LATENT + toys.HIDDEN, SENSOR.shape[0], 8, 1), 1.0)
    name = SENSOR.name
    sizes = HeadSizes(8, 1)
    return Representation({name: SENSOR}, {name: encoder}, rssm, {name: Term(loss)}, options, sizes, toys.ACTION)


def _batch(steps: int) -> Batch:
    shape = (BATCH, steps)
    return Batch(
        {SENSOR.name: torch.randn(*shape, *SENSOR.shape)},
        torch.rand(*shape, toys.ACTION),
        torch.randn(shape),
        torch.zeros(shape, dtype=torch.bool),
    )
