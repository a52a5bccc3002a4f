"""Linear probes: ridge regression in closed form, and the share of the variance that a prediction explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

STRENGTHS = tuple(10.0**power for power in range(-6, 3))
"""What is tried: per sample, for inputs of unit variance."""
CONSTANT = 1e-6
"""With a smaller standard deviation, relative to its size, a value does not vary."""


@dataclass(frozen=True)
class Parts:
    """The same values (N, D) of three sets of episodes: to fit, to choose how, and to judge by."""

    training: Tensor
    validation: Tensor
    unseen: Tensor

    def all(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the values of the three sets."""
        return self.training, self.validation, self.unseen

    def double(self) -> Parts:
        """Return the values in double precision."""
        return Parts(*(part.double() for part in self.all()))

    def scaled(self) -> Parts:
        """Return the values with mean 0 and deviation 1 in training; constant ones with mean 0."""
        std, mean = torch.std_mean(self.training, 0, correction=0)
        std = torch.where(varies(self.training), std, 1.0)
        return Parts(*((part - mean) / std for part in self.all()))


def varies(values: Tensor) -> Tensor:
    """Return which columns (D,) of ``values`` (N, D) are not constant."""
    return values.std(0, correction=0) > CONSTANT * values.abs().amax(0).clamp(min=CONSTANT)


def explained(predicted: Tensor, true: Tensor) -> float | None:
    """Return R2 of predictions (N, D), 1 - sum of squared errors / sum of squared deviations, over all D together.

    1 is perfect, 0 no better than the mean of ``true``, and less is worse. None where ``true`` does not vary.
    """
    if not varies(true).any():
        return None
    deviations = (true - true.mean(0)).square().sum()
    return float(1 - (predicted - true).square().sum() / deviations)


def ridge(inputs: Tensor, targets: Tensor, strengths: Sequence[float]) -> Tensor:
    """Return weights (S, F, D) for centred inputs (N, F) and targets (N, D), one set for each of S ``strengths``.

    Those of strength s minimise |X w - y|^2 / N + s |w|^2: they are (X'X + N s)^-1 X'y.
    """
    values, vectors = torch.linalg.eigh(inputs.T @ inputs / len(inputs))
    turned = vectors.T @ (inputs.T @ targets) / len(inputs)  # (F, D)
    shrunk = [turned / (values.clamp(min=0) + strength)[:, None] for strength in strengths]
    weights: Tensor = vectors @ torch.stack(shrunk)
    return weights


def linear_probe(inputs: Parts, targets: Sequence[Parts]) -> list[Tensor]:
    """Return what ridge regression predicts of each target (N, D) on the unseen episodes.

    A target's strength is the one that predicts it best on the validation episodes; it is then fitted to these as well.
    """
    x, sizes = inputs.scaled().double(), [part.training.shape[1] for part in targets]
    y = Parts(*(torch.cat(columns, 1) for columns in zip(*map(Parts.all, targets), strict=True))).double()
    centre = y.training.mean(0)
    tried = x.validation @ ridge(x.training, y.training - centre, STRENGTHS) + centre  # (S, N, D)
    errors = (tried - y.validation).square().sum(1).split(sizes, 1)  # (S, D) of each target
    best = [int(each.sum(1).argmin()) for each in errors]
    known, wanted = torch.cat([x.training, x.validation]), torch.cat([y.training, y.validation])
    middle, centre = known.mean(0), wanted.mean(0)
    predicted = (x.unseen - middle) @ ridge(known - middle, wanted - centre, STRENGTHS) + centre
    return [each[strength] for strength, each in zip(best, predicted.split(sizes, 2), strict=True)]
