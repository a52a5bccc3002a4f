"""Where numbers stop being finite: looked for once they have."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from torch import Tensor

from coral_cli.registry.errors import NotFiniteError
from coral_cli.representation.shapes import finite_outputs
from coral_cli.training.batches import Batching, sample_batch
from coral_cli.training.finiteness import finite
from coral_cli.training.learner import Learner
from coral_cli.training.replay import Replay

TRIES = 20
"""The batches to look at: some inputs may be harmless."""


def first_not_finite(
    learner: Learner, replay: Replay, batching: Batching, earlier: Callable[[], Mapping[str, Tensor]]
) -> str:
    """Name the component whose output is the first that is not finite, and which output; "" where none is.

    Weights that are not finite themselves tell nothing: then those of ``earlier`` take their place.
    """
    if not finite(learner.agent.weights()):
        learner.agent.load_weights(earlier())
    random = np.random.default_rng(batching.seed)
    try:
        with finite_outputs():
            for _ in range(TRIES):
                learner.judge(sample_batch(replay, learner.agent, batching, random))
    except NotFiniteError as found:
        return found.message
    return ""
