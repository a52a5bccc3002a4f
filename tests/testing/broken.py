"""Losses, encoders, RSSMs, policies and others that break one rule each."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Annotated, Any

import torch
from torch import nn

from coral_cli.plugin import Help, LossBatch, LossOptions

E, F, A = 6, 9, 2
"""Sizes of the toys."""


def mean(values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    return values.mean() if mask is None else (values * mask).sum() / mask.sum().clamp(min=1)


class GoodLoss(nn.Module):
    """Predicts the embedding from the features."""

    def __init__(self) -> None:
        super().__init__()
        self.predict = nn.Linear(F, E)

    def forward(self, batch: LossBatch) -> Any:
        error = (self.predict(batch.features) - batch.embedding).square().sum(-1)
        return mean(error, batch.mask), {"error": error.detach().mean()}


class NotScalar(GoodLoss):
    def forward(self, batch):
        return super().forward(batch)[0][None], {}


class NoMetrics(GoodLoss):
    def forward(self, batch):
        return super().forward(batch)[0]


class NotFinite(GoodLoss):
    def forward(self, batch):
        return super().forward(batch)[0] / 0, {}


class Raises(GoodLoss):
    def forward(self, batch):
        raise RuntimeError("out of\ncheese")


class Detached(GoodLoss):
    def forward(self, batch):
        return super().forward(LossBatch(batch.target, batch.embedding.detach(), batch.features.detach(), batch.mask))


class OnlyEncoder(GoodLoss):
    def forward(self, batch):
        return super().forward(replace(batch, features=torch.zeros_like(batch.features)))


class Unmasked(GoodLoss):
    def forward(self, batch):
        return super().forward(replace(batch, mask=None))


class EmptyMask(GoodLoss):
    def forward(self, batch):
        error = (self.predict(batch.features) - batch.embedding).square().sum(-1)
        return error.mean() if batch.mask is None else error[batch.mask].mean(), {}


class NeedsMany(GoodLoss):
    def forward(self, batch):
        return super().forward(batch)[0] + 0 * batch.features.flatten(0, 1).std(0)[0] / (len(batch.features) - 1), {}


class NeedsSingle(GoodLoss):
    def forward(self, batch):
        return super().forward(batch)[0] + 0 * torch.zeros(1, E).addmm_(batch.embedding[0, :1], torch.eye(E)).sum(), {}


class Forgetful(GoodLoss):
    """Differs from call to call."""

    def forward(self, batch):
        return super().forward(batch)[0] * (1 + time.perf_counter_ns() % 1000), {}


class InPlace(GoodLoss):
    def forward(self, batch):
        value = super().forward(batch)
        batch.target.zero_()
        return value


class Hidden(GoodLoss):
    """Keeps a weight where no checkpoint finds it."""

    def __init__(self):
        super().__init__()
        self.secret = torch.rand(())

    def forward(self, batch):
        return super().forward(batch)[0] * self.secret, {}


@dataclass
class Thawed:
    """Not frozen."""


@dataclass(frozen=True)
class NoHelp(LossOptions):
    depth: int = 3


@dataclass(frozen=True)
class OutOfBounds(LossOptions):
    depth: Annotated[int, Help("How deep.", min=4)] = 3


@dataclass(frozen=True)
class NoWeight:
    depth: Annotated[int, Help("How deep.")] = 3


class GoodEncoder(nn.Module):
    def __init__(self, inputs: int = 5) -> None:
        super().__init__()
        self.size = 4
        self.layer = nn.Linear(inputs, 4)

    def forward(self, observation):
        return self.layer(observation)


class Unsized(GoodEncoder):
    def __init__(self):
        super().__init__()
        del self.size


class WrongSize(GoodEncoder):
    def __init__(self):
        super().__init__()
        self.size = 5


class NoGradient(GoodEncoder):
    def forward(self, observation):
        return super().forward(observation).detach()


class AcrossBatch(GoodEncoder):
    def forward(self, observation):
        return super().forward(observation) - super().forward(observation).mean(0)


class LargeDifference(GoodEncoder):
    def forward(self, observation):
        return super().forward(observation) + 100 - 100


class ZeroesInput(GoodEncoder):
    def forward(self, observation):
        embedding = super().forward(observation.clone())
        observation.zero_()
        return embedding


class HiddenEncoder(GoodEncoder):
    def __init__(self):
        super().__init__()
        self.secret = torch.rand(4)

    def forward(self, observation):
        return super().forward(observation) * self.secret
