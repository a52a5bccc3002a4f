"""Actor and twin critics."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import elu, layer_norm, softplus

from coral_cli.fast.single_rows import dense, is_own
from coral_cli.policies.tanh_gaussian import TanhGaussian
from coral_cli.registry.contracts import PolicyInputs
from coral_cli.representation.networks import Mlp, mlp

MEAN_SCALE = 5.0


class Join(nn.Module):
    """What joins raw vectors with features (concat fusion): each vector passes one linear layer to the features' size.

    Without features (no representation) or without raw vectors, the inputs stay as they are.
    """

    def __init__(self, inputs: PolicyInputs) -> None:
        super().__init__()
        vectors = inputs.vectors if inputs.features else {}
        self.linear = nn.ModuleDict({name: nn.Linear(size, inputs.features) for name, size in vectors.items()})
        self._sizes = [inputs.features, *inputs.vectors.values()]
        self.size = inputs.features * (1 + len(vectors)) if vectors else inputs.size

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the joined inputs (..., size) of raw ones (..., inputs.size)."""
        if not self.linear:
            return inputs
        features, *vectors = inputs.split(self._sizes, -1)
        projected = [linear(vector) for linear, vector in zip(self.linear.values(), vectors, strict=True)]
        return torch.cat([features, *projected], -1)


class Actor(nn.Module):
    """An MLP with ELU to a tanh-squashed Gaussian: mean = 5 tanh(m / 5), std = softplus(raw + c) + min_std.

    c makes the standard deviation ``initial_std`` where raw is 0.
    """

    def __init__(
        self, inputs: PolicyInputs, action_size: int, hidden: int, layers: int, initial_std: float, min_std: float
    ) -> None:
        super().__init__()
        self.join = Join(inputs)
        self.layers = mlp([self.join.size] + [hidden] * layers, 2 * action_size)
        self._min_std = min_std
        self._shift = math.log(math.expm1(initial_std - min_std))

    def forward(self, features: Tensor) -> TanhGaussian:
        """Return a distribution over actions (..., A) for features (..., F)."""
        return self._distribution(self.layers(self.join(features)))

    def for_a_row(self) -> Callable[[Tensor, bool], Tensor] | None:
        """Return what draws an action (1, A) for features (1, F) on the CPU, or takes the mean one, in fewer calls.

        None where it is not known how: a part has hooks or is a subclass's.
        """
        layers = dense(self.layers) if is_own(self, Actor) and is_own(self.layers, Mlp) else None
        if layers is None:
            return None

        def action(features: Tensor, explore: bool) -> Tensor:
            joined = self.join(features) if self.join.linear else features
            outputs = layers(joined.numpy()[0])[None]
            if explore:
                return self._distribution(torch.from_numpy(outputs)).draw()
            mean = torch.from_numpy(outputs[:, : outputs.shape[1] // 2])
            return mean.div_(MEAN_SCALE).tanh_().mul_(MEAN_SCALE).tanh_()

        return action

    def _distribution(self, outputs: Tensor) -> TanhGaussian:
        # In single precision whatever the layers computed in: log-densities are sums.
        mean, raw = outputs.float().chunk(2, -1)
        return TanhGaussian(_mean(mean), softplus(raw + self._shift) + self._min_std)


def _mean(given: Tensor) -> Tensor:
    return MEAN_SCALE * torch.tanh(given / MEAN_SCALE)


class TwinCritics(nn.Module):
    """Two independent MLPs with ELU, run as one batched matrix product per layer.

    With ``norm``, the values of a hidden layer have mean 0 and variance 1 before their ELU (Ba et al., 2016).
    """

    def __init__(self, inputs: PolicyInputs, action_size: int, hidden: int, layers: int, norm: bool = False) -> None:
        super().__init__()
        self._norm = norm
        self.join = Join(inputs)
        sizes = [self.join.size + action_size] + [hidden] * layers + [1]
        self.weights = nn.ParameterList(torch.empty(2, a, b) for a, b in itertools.pairwise(sizes))
        self.biases = nn.ParameterList(torch.empty(2, 1, b) for b in sizes[1:])
        for weight, bias in zip(self.weights, self.biases, strict=True):  # as torch.nn.Linear does
            bound = 1 / math.sqrt(weight.shape[1])
            nn.init.uniform_(weight, -bound, bound)
            nn.init.uniform_(bias, -bound, bound)

    def forward(self, features: Tensor, actions: Tensor) -> Tensor:
        """Return both critics' values (2, N) of features (N, F) and actions (N, A)."""
        x = torch.cat([self.join(features), actions], -1).expand(2, -1, -1)
        *hidden, (weight, bias) = zip(self.weights, self.biases, strict=True)
        for hidden_weight, hidden_bias in hidden:
            x = torch.baddbmm(hidden_bias, x, hidden_weight)
            x = elu(layer_norm(x, x.shape[-1:]) if self._norm else x, inplace=True)
        with torch.autocast(x.device.type, enabled=False):  # as ``Precise`` does
            return torch.baddbmm(bias, x.to(weight.dtype), weight).squeeze(-1)
