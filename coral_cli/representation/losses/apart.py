"""A sensor's loss with projections or decoders of its own for each kind of latent sample."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from coral_cli.registry.contracts import LossBatch, LossModule


class Apart(nn.Module):
    """Two losses of one kind for one sensor: L(f; theta) on posterior samples, L(f; theta') on prior samples.

    With one theta for both, one inverse temperature and one projection serve sharp posterior samples and blurred prior
    samples at once. It costs parameters, but no time.
    """

    def __init__(self, posterior: LossModule, prior: LossModule) -> None:
        super().__init__()
        self.posterior, self.prior = cast("nn.Module", posterior), cast("nn.Module", prior)
        self.learning_rates = {
            f"{name}.{parameter}": rate
            for name, loss in (("posterior", posterior), ("prior", prior))
            for parameter, rate in getattr(loss, "learning_rates", {}).items()
        }

    def forward(self, batch: LossBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return what the loss for ``batch.latent`` returns."""
        returned: tuple[Tensor, dict[str, Tensor]] = getattr(self, batch.latent)(batch)
        return returned
