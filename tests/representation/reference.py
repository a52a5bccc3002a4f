"""The objective of the paper in plain NumPy: one sequence, one step, one pair at a time.

Nothing here comes from the package: only the names of the weights do. ``weights`` maps these to float64 arrays,
``noise`` lists the standard normal draws in the order of the torch run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray]
Gaussian = tuple[NDArray, NDArray]
"""Mean and standard deviation."""

MIN_STD = 0.1


@dataclass(frozen=True)
class Setting:
    """What the objective is made of: kinds of losses by sensor, and the weights of the common form."""

    losses: Mapping[str, str]
    posterior: float
    prior: float
    dynamics: float
    representation: float
    free_nats: float = 1.0
    open_loop: int = 1
    weights: Mapping[str, float] = field(default_factory=dict)
    variance: float = 1.0
    inverse: float = 0.0


@dataclass(frozen=True)
class Data:
    """A batch: images (B, T, H, W, C) are bytes, vectors (B, T, D); ``mask`` and ``missing`` are (B, T)."""

    observations: Mapping[str, NDArray]
    actions: NDArray
    rewards: NDArray
    terminated: NDArray
    mask: NDArray
    missing: Mapping[str, NDArray]


def elu(x: NDArray) -> NDArray:
    return np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)


def sigmoid(x: NDArray) -> NDArray:
    return 1 / (1 + np.exp(-x))


def softplus(x: NDArray) -> NDArray:
    return np.log(1 + np.exp(x))


def linear(weights: Weights, prefix: str, x: NDArray) -> NDArray:
    return weights[f"{prefix}.weight"] @ x + weights[f"{prefix}.bias"]


def dense(weights: Weights, prefix: str, x: NDArray, linear_end: bool = True) -> NDArray:
    """Linear layers at 0, 2, 4, ... with ELU between them; ELU behind the last one too unless ``linear_end``."""
    layer = 0
    while f"{prefix}.{layer}.weight" in weights:
        x, layer = linear(weights, f"{prefix}.{layer}", x), layer + 2
        if not linear_end or f"{prefix}.{layer}.weight" in weights:
            x = elu(x)
    return x


def layer_norm(weights: Weights, prefix: str, x: NDArray) -> NDArray:
    spread = math.sqrt(((x - x.mean()) ** 2).mean() + 1e-5)
    return (x - x.mean()) / spread * weights[f"{prefix}.weight"] + weights[f"{prefix}.bias"]


def gru(weights: Weights, x: NDArray, h: NDArray) -> NDArray:
    """r, u = sigmoid(...), n = tanh(W x + b + r (V h + c)), h' = (1 - u) n + u h."""
    w = np.split(weights["rssm.gru.weight_ih"], 3)
    v = np.split(weights["rssm.gru.weight_hh"], 3)
    b = np.split(weights["rssm.gru.bias_ih"], 3)
    c = np.split(weights["rssm.gru.bias_hh"], 3)
    reset = sigmoid(w[0] @ x + b[0] + v[0] @ h + c[0])
    update = sigmoid(w[1] @ x + b[1] + v[1] @ h + c[1])
    new = np.tanh(w[2] @ x + b[2] + reset * (v[2] @ h + c[2]))
    return (1 - update) * new + update * h


def predict(weights: Weights, h: NDArray, z: NDArray, action: NDArray) -> NDArray:
    u = dense(weights, "rssm.transition", np.concatenate([z, action]), linear_end=False)
    return gru(weights, u, h)


def gaussian(parameters: NDArray) -> Gaussian:
    mean, raw = np.split(parameters, 2)
    return mean, softplus(raw) + MIN_STD


def prior_of(weights: Weights, h: NDArray) -> Gaussian:
    return gaussian(dense(weights, "rssm.prior_network", h))


def kl_of(q: Gaussian, p: Gaussian) -> float:
    """KL(q, p), one dimension after the other."""
    total = 0.0
    for m1, s1, m2, s2 in zip(*q, *p, strict=True):
        total += math.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5
    return total


def target_of(weights: Weights, name: str, value: NDArray) -> NDArray:
    """What the model sees of one observation: pixels channels first in [-0.5, 0.5], vectors normalised."""
    if value.ndim == 3:
        return (value.astype(np.float64) / 255 - 0.5).transpose(2, 0, 1).ravel()
    return (value - weights[f"normalization.{name}_mean"]) / weights[f"normalization.{name}_std"]


def infonce(weights: Weights, prefix: str, pairs: list[tuple[NDArray, NDArray]]) -> float:
    """The mean of both cross-entropies of telling the N pairs (embedding, features) apart."""
    scale = softplus(weights[f"{prefix}.raw_scale"])
    seen = [
        layer_norm(weights, f"{prefix}.observation.1", linear(weights, f"{prefix}.observation.0", e)) for e, _ in pairs
    ]
    latent = [layer_norm(weights, f"{prefix}.state.1", dense(weights, f"{prefix}.state.0", f)) for _, f in pairs]
    total = 0.0
    for i in range(len(pairs)):
        own = scale * (seen[i] @ latent[i])
        total += math.log(sum(math.exp(scale * (seen[i] @ other)) for other in latent)) - own
        total += math.log(sum(math.exp(scale * (other @ latent[i])) for other in seen)) - own
    return total / (2 * len(pairs))


def reconstruction(weights: Weights, prefix: str, pairs: list[tuple[NDArray, NDArray]], variance: float) -> float:
    """The mean over steps of -sum_d log N(x_d; decoded_d, variance)."""
    total = 0.0
    for target, features in pairs:
        for x, mean in zip(target, dense(weights, f"{prefix}.decoder.layers", features), strict=True):
            total += 0.5 * math.log(2 * math.pi * variance) + (x - mean) ** 2 / (2 * variance)
    return total / len(pairs)


class Reference:
    """One batch, filtered; ``terms`` is the objective."""

    def __init__(self, weights: Weights, setting: Setting, data: Data, noise: list[NDArray]) -> None:
        self.weights, self.setting, self.data = weights, setting, data
        self.batch, self.steps = data.rewards.shape
        self._levels = noise[1:]
        self._encode()
        self._filter(noise[0])

    def _encode(self) -> None:
        everything = [(b, t) for b in range(self.batch) for t in range(self.steps)]
        self.targets = {
            name: {(b, t): target_of(self.weights, name, values[b, t]) for b, t in everything}
            for name, values in self.data.observations.items()
        }
        self.embeddings = {
            name: {at: dense(self.weights, f"encoders.{name}.layers", x, linear_end=False) for at, x in seen.items()}
            for name, seen in self.targets.items()
        }

    def _filter(self, noise: NDArray) -> None:
        self.h, self.z, self.q, self.p = {}, {}, {}, {}
        hidden, latent = self.weights["rssm.gru.weight_hh"].shape[1], noise.shape[2]
        for b in range(self.batch):
            h, z = np.zeros(hidden), np.zeros(latent)
            for t in range(self.steps):
                h = predict(self.weights, h, z, self.data.actions[b, t])
                seen = [e[b, t] * (not self._missing(name, b, t)) for name, e in self.embeddings.items()]
                q = gaussian(dense(self.weights, "rssm.posterior_network", np.concatenate([*seen, h])))
                z = q[0] + q[1] * noise[t, b]
                self.h[b, t], self.z[b, t], self.q[b, t], self.p[b, t] = h, z, q, prior_of(self.weights, h)

    def _missing(self, name: str, b: int, t: int) -> bool:
        return name in self.data.missing and bool(self.data.missing[name][b, t])

    def valid(self, first: int = 0) -> Iterator[tuple[int, int]]:
        """Every step (b, t) of an episode from ``first`` on."""
        return ((b, t) for b in range(self.batch) for t in range(first, self.steps) if self.data.mask[b, t])

    def posterior_view(self) -> dict[tuple[int, int], NDArray]:
        return {at: np.concatenate([self.z[at], self.h[at]]) for at in self.h}

    def prior_view(self, ahead: int) -> dict[tuple[int, int], NDArray]:
        """[z, h] after ``ahead`` steps of the prior from the posterior state at t - ahead."""
        view = {}
        for b in range(self.batch):
            for t in range(ahead, self.steps):
                h, z = self.h[b, t - ahead], self.z[b, t - ahead]
                for level in range(1, ahead + 1):
                    step = t - ahead + level
                    h = predict(self.weights, h, z, self.data.actions[b, step])
                    mean, std = prior_of(self.weights, h)
                    # the first level's noise was drawn for every step, that of the others from theirs on
                    z = mean + std * self._levels[level - 1][b, step - (level if level > 1 else 0)]
                view[b, t] = np.concatenate([z, h])
        return view

    def sensor_loss(self, name: str, view: Mapping[tuple[int, int], NDArray]) -> float:
        """The loss of one sensor on one view, over the steps at which it was there."""
        steps = [at for at in self.valid() if at in view and not self._missing(name, *at)]
        if self.setting.losses[name] == "infonce":
            return infonce(self.weights, f"losses.{name}", [(self.embeddings[name][at], view[at]) for at in steps])
        pairs = [(self.targets[name][at], view[at]) for at in steps]
        return reconstruction(self.weights, f"losses.{name}", pairs, self.setting.variance)

    def terms(self, held: Reference | None = None) -> dict[str, float]:
        """The objective's summands. ``held`` gives the arguments of the KL behind the stop-gradient."""
        setting = self.setting
        views = [(setting.posterior, self.posterior_view())] if setting.posterior else []
        if setting.prior:
            levels = range(1, setting.open_loop + 1)
            views += [(setting.prior / setting.open_loop, self.prior_view(ahead)) for ahead in levels]
        terms = {
            name: setting.weights.get(name, 1.0) * sum(weight * self.sensor_loss(name, view) for weight, view in views)
            for name in setting.losses
        }
        return terms | self._heads() | {"kl": self._kl(held or self)}

    def kls(self, q_of: Reference, p_of: Reference) -> list[float]:
        """KL(q, p) of every valid step."""
        return [kl_of(q_of.q[at], p_of.p[at]) for at in self.valid()]

    def _kl(self, held: Reference) -> float:
        floor, setting = self.setting.free_nats, self.setting
        if setting.dynamics == setting.representation:  # P-CoRAL's: not balanced, nothing stops a gradient
            return float(setting.dynamics * np.mean([max(kl, floor) for kl in self.kls(self, self)]))
        dynamics = np.mean([max(kl, floor) for kl in self.kls(held, self)])
        representation = np.mean([max(kl, floor) for kl in self.kls(self, held)])
        return float(setting.dynamics * dynamics + setting.representation * representation)

    def _heads(self) -> dict[str, float]:
        state, weights, data = self.posterior_view(), self.weights, self.data
        rewards, ends, errors = [], [], []
        for b, t in self.valid():
            error = dense(weights, "heads.reward", state[b, t])[0] - data.rewards[b, t]
            rewards.append(0.5 * error**2 + 0.5 * math.log(2 * math.pi))
            goes_on = sigmoid(dense(weights, "heads.continue", state[b, t])[0])
            ends.append(-math.log(1 - goes_on if data.terminated[b, t] else goes_on))
        for b, t in self.valid(first=1):
            action = dense(weights, "heads.inverse", np.concatenate([state[b, t - 1], state[b, t]]))
            errors.append(((action - data.actions[b, t]) ** 2).mean())
        inverse = self.setting.inverse * np.mean(errors)
        return {"reward": float(np.mean(rewards)), "continue": float(np.mean(ends)), "inverse": float(inverse)}
