"""The yardstick: CoRAL with SAC written down literally, in eager fp32, with nothing arranged for speed.

The prior's network runs inside the scan, embeddings are joined inside the scan, images are in torch's default layout,
the critics are two networks, the latents for SAC are computed a second time after the model's step, and the optimiser
is plain Adam. ``tests/benchmarks`` holds it, given equal weights and noise, to the same losses, gradients and steps as
coral; ``benchmarks/update.py`` times coral against it.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributions import Independent, Normal, kl_divergence
from torch.nn.functional import cross_entropy, mse_loss, softplus


@dataclass(frozen=True)
class Sizes:
    """The paper's sizes for locomotion."""

    channels: int = 3
    proprio: int = 12
    actions: int = 6
    depth: int = 32
    vector_hidden: int = 300
    vector_layers: int = 3
    hidden: int = 400
    layers: int = 2
    h: int = 200
    z: int = 64
    projection: int = 50
    loss_hidden: int = 256
    reward_hidden: int = 128
    reward_layers: int = 2
    policy_hidden: int = 1024
    policy_layers: int = 3


@dataclass(frozen=True)
class TextbookBatch:
    """``image`` (B, T, C, H, W) in [-0.5, 0.5], ``proprio`` (B, T, D) normalised; ``action``, ``reward`` led to it."""

    image: Tensor
    proprio: Tensor
    action: Tensor
    reward: Tensor


def dense(size: int, hidden: int, layers: int, output: int | None = None) -> nn.Sequential:
    """An MLP with ELU."""
    stack: list[nn.Module] = []
    for _ in range(layers):
        stack += [nn.Linear(size, hidden), nn.ELU()]
        size = hidden
    if output is not None:
        stack.append(nn.Linear(size, output))
    return nn.Sequential(*stack)


def gaussian(parameters: Tensor) -> Independent:
    """A diagonal Gaussian of std softplus(raw) + 0.1."""
    mean, raw = parameters.chunk(2, -1)
    return Independent(Normal(mean, softplus(raw) + 0.1), 1)


def sampled(distribution: Independent) -> Tensor:
    """mean + std * noise."""
    return distribution.base_dist.loc + distribution.base_dist.scale * torch.randn_like(distribution.base_dist.loc)


class ImageEncoder(nn.Module):
    """Four convolutions on 64x64 images; height and width come before channels where it is flattened."""

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__()
        widths = [channels, depth, 2 * depth, 4 * depth, 8 * depth]
        self.layers = nn.Sequential()
        for before, after in itertools.pairwise(widths):
            self.layers += nn.Sequential(nn.Conv2d(before, after, 4, 2), nn.ReLU())
        self.size = 4 * 8 * depth

    def forward(self, image: Tensor) -> Tensor:
        return self.layers(image).permute(0, 2, 3, 1).flatten(1)


class ImageDecoder(nn.Module):
    """A linear layer, then four transposed convolutions."""

    def __init__(self, size: int, channels: int, depth: int) -> None:
        super().__init__()
        self.linear = nn.Linear(size, 32 * depth)
        widths, kernels = [32 * depth, 4 * depth, 2 * depth, depth, channels], [5, 5, 6, 6]
        self.layers = nn.ModuleList(
            nn.ConvTranspose2d(before, after, kernel, 2)
            for before, after, kernel in zip(widths[:-1], widths[1:], kernels, strict=True)
        )

    def forward(self, features: Tensor) -> Tensor:
        image = self.linear(features)[:, :, None, None]
        for index, layer in enumerate(self.layers):
            image = layer(image if index == 0 else torch.relu(image))
        return image


class ContrastiveHeads(nn.Module):
    """rho_o, rho_z and the inverse temperature of InfoNCE."""

    def __init__(self, embedding: int, features: int, sizes: Sizes) -> None:
        super().__init__()
        self.observation = nn.Sequential(nn.Linear(embedding, sizes.projection), nn.LayerNorm(sizes.projection))
        self.state = nn.Sequential(
            dense(features, sizes.loss_hidden, 2, sizes.projection), nn.LayerNorm(sizes.projection)
        )
        self.raw_scale = nn.Parameter(torch.tensor(math.log(math.e - 1)))

    def forward(self, embedding: Tensor, features: Tensor) -> Tensor:
        observation, state = self.observation(embedding.flatten(0, 1)), self.state(features.flatten(0, 1))
        logits = softplus(self.raw_scale) * observation @ state.T
        own = torch.arange(len(logits), device=logits.device)
        return (cross_entropy(logits, own) + cross_entropy(logits.T, own)) / 2


class Model(nn.Module):
    """Encoders, RSSM, losses and reward head. ``image_loss`` is recon, cv or cpc; ``proprio_loss`` recon.

    With cpc the losses see prior samples from the second step on, and the KL is unbalanced with weight 0.001.
    """

    def __init__(self, sizes: Sizes, image_loss: str) -> None:
        super().__init__()
        self.predictive = image_loss == "cpc"
        features = sizes.z + sizes.h
        image = ImageEncoder(sizes.channels, sizes.depth)
        self.encoders = nn.ModuleDict(
            {"image": image, "proprio": dense(sizes.proprio, sizes.vector_hidden, sizes.vector_layers)}
        )
        self.rssm = nn.ModuleDict(
            {
                "transition": dense(sizes.z + sizes.actions, sizes.hidden, sizes.layers),
                "gru": nn.GRUCell(sizes.hidden, sizes.h),
                "prior_network": dense(sizes.h, sizes.hidden, sizes.layers, 2 * sizes.z),
                "posterior_network": dense(
                    image.size + sizes.vector_hidden + sizes.h, sizes.hidden, sizes.layers, 2 * sizes.z
                ),
            }
        )
        image_head = ImageDecoder(features, sizes.channels, sizes.depth)
        self.losses = nn.ModuleDict(
            {
                "image": image_head if image_loss == "recon" else ContrastiveHeads(image.size, features, sizes),
                "proprio": dense(features, sizes.vector_hidden, sizes.vector_layers, sizes.proprio),
            }
        )
        self.reward = dense(features, sizes.reward_hidden, sizes.reward_layers, 1)
        self.sizes = sizes

    def filtered(self, batch: TextbookBatch) -> dict[str, Tensor]:
        """Priors and posteriors, step by step, each (B, T, ...)."""
        embeddings = {
            name: self.encoders[name](getattr(batch, name).flatten(0, 1)).unflatten(0, batch.reward.shape)
            for name in self.encoders
        }
        z = batch.reward.new_zeros(len(batch.reward), self.sizes.z)
        h = batch.reward.new_zeros(len(batch.reward), self.sizes.h)
        steps: dict[str, list[Tensor]] = {}
        for t in range(batch.reward.shape[1]):
            h = self.rssm["gru"](self.rssm["transition"](torch.cat([z, batch.action[:, t]], -1)), h)
            prior = self.rssm["prior_network"](h)
            prior_z = sampled(gaussian(prior))
            embedding = torch.cat([values[:, t] for values in embeddings.values()], -1)
            posterior = self.rssm["posterior_network"](torch.cat([embedding, h], -1))
            z = sampled(gaussian(posterior))
            step = {"h": h, "prior": prior, "prior_z": prior_z, "posterior": posterior, "z": z}
            for name, value in step.items():
                steps.setdefault(name, []).append(value)
        return {name: torch.stack(values, 1) for name, values in steps.items()} | embeddings

    def forward(self, batch: TextbookBatch) -> dict[str, Tensor]:
        """The summands of the objective, in nats."""
        return self.objective(self.filtered(batch), batch)

    def objective(self, state: dict[str, Tensor], batch: TextbookBatch) -> dict[str, Tensor]:
        """The same, of states that have been filtered."""
        seen = torch.cat([state["z"], state["h"]], -1)
        features, start = seen, 0
        if self.predictive:
            features, start = torch.cat([state["prior_z"], state["h"]], -1)[:, 1:], 1
        image_head, proprio_head = self.losses["image"], self.losses["proprio"]
        if isinstance(image_head, ContrastiveHeads):
            image = image_head(state["image"][:, start:], features)
        else:
            drawn = image_head(features.flatten(0, 1))
            image = likelihood_loss(drawn, batch.image[:, start:].flatten(0, 1))
        proprio = likelihood_loss(proprio_head(features).flatten(0, 1), batch.proprio[:, start:].flatten(0, 1))
        reward = likelihood_loss(self.reward(seen).flatten(0, 1), batch.reward.flatten()[:, None])
        return {"image": image, "proprio": proprio, "reward": reward, "kl": self.kl(state)}

    def kl(self, state: dict[str, Tensor]) -> Tensor:
        """Weight 0.001, or balanced; at least one nat a step either way."""
        posterior, prior = gaussian(state["posterior"]), gaussian(state["prior"])
        if self.predictive:
            return 0.001 * kl_divergence(posterior, prior).clamp(min=1.0).mean()
        dynamics = kl_divergence(gaussian(state["posterior"].detach()), prior).clamp(min=1.0).mean()
        representation = kl_divergence(posterior, gaussian(state["prior"].detach())).clamp(min=1.0).mean()
        return 0.8 * dynamics + 0.2 * representation

    @torch.no_grad()
    def latents(self, batch: TextbookBatch) -> Tensor:
        """[mean of q, h], (B, T, F)."""
        state = self.filtered(batch)
        return torch.cat([state["posterior"].chunk(2, -1)[0], state["h"]], -1)


def likelihood_loss(mean: Tensor, target: Tensor) -> Tensor:
    """-log N(target; mean, 1), summed over dimensions, averaged over the first axis."""
    return -Normal(mean, 1.0).log_prob(target).flatten(1).sum(1).mean()


class Actor(nn.Module):
    """A tanh-squashed Gaussian of deviation ``initial`` at first, and of ``least`` or more."""

    def __init__(self, features: int, sizes: Sizes, initial: float = 0.0183, least: float = 0.005) -> None:
        super().__init__()
        self.shift, self.least = math.log(math.expm1(initial - least)), least
        self.layers = dense(features, sizes.policy_hidden, sizes.policy_layers, 2 * sizes.actions)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """An action (N, A) and its log-density (N)."""
        mean, raw = self.layers(features).chunk(2, -1)
        std = softplus(raw + self.shift) + self.least
        normal = Normal(5 * torch.tanh(mean / 5), std)
        u = normal.loc + normal.scale * torch.randn_like(normal.loc)
        squash = 2 * (math.log(2) - u - softplus(-2 * u))
        return torch.tanh(u), (normal.log_prob(u) - squash).sum(-1)


class Textbook:
    """One agent. ``update`` is one whole step of training."""

    def __init__(self, sizes: Sizes | None = None, image_loss: str = "cpc", device: str = "cpu") -> None:
        self.sizes = sizes or Sizes()
        features = self.sizes.z + self.sizes.h
        self.model = Model(self.sizes, image_loss).to(device)
        self.actor = Actor(features, self.sizes).to(device)
        self.critics = nn.ModuleList(
            dense(features + self.sizes.actions, self.sizes.policy_hidden, self.sizes.policy_layers, 1)
            for _ in range(2)
        ).to(device)
        self.target_critics = copy.deepcopy(self.critics)
        self.raw_weight = nn.Parameter(torch.zeros((), device=device))
        self.model_optimizer = adam_of(self.model)
        self.actor_optimizer = torch.optim.Adam(self.actor.parameters(), 1e-3)
        self.critic_optimizer = torch.optim.Adam(self.critics.parameters(), 1e-3)
        self.weight_optimizer = torch.optim.Adam([self.raw_weight], 1e-3)

    def entropy_weight(self) -> Tensor:
        """0.1 at the start."""
        half = (0.1 - 1e-6) / 2
        return 2 * torch.sigmoid(self.raw_weight / 2 + math.log(half / (1 - half))) + 1e-6

    def update(self, batch: TextbookBatch) -> dict[str, Tensor]:
        """The model's step, the latents once more, the policy's steps."""
        losses = self.model(batch)
        step(sum(losses.values()), self.model.parameters(), self.model_optimizer, 10)
        self.policy_update(self.model.latents(batch), batch)
        return losses

    def policy_update(self, features: Tensor, batch: TextbookBatch) -> None:
        """Critics, actor, entropy weight, target critics."""
        now, after = features[:, :-1].flatten(0, 1), features[:, 1:].flatten(0, 1)
        action, reward = batch.action[:, 1:].flatten(0, 1), batch.reward[:, 1:].flatten()
        weight = self.entropy_weight().detach()
        with torch.no_grad():
            next_action, density = self.actor(after)
            values = [critic(torch.cat([after, next_action], -1))[:, 0] for critic in self.target_critics]
            target = reward + 0.99 * (torch.minimum(*values) - weight * density)
        values = [critic(torch.cat([now, action], -1))[:, 0] for critic in self.critics]
        step(sum(mse_loss(value, target) for value in values), self.critics.parameters(), self.critic_optimizer, 100)

        new_action, density = self.actor(now)
        values = [critic(torch.cat([now, new_action], -1))[:, 0] for critic in self.critics]
        step((weight * density - torch.minimum(*values)).mean(), self.actor.parameters(), self.actor_optimizer, 10)

        entropy = -density.detach().mean()
        step(self.entropy_weight() * (entropy + self.sizes.actions), [self.raw_weight], self.weight_optimizer, 1)
        with torch.no_grad():
            for slow, fast in zip(self.target_critics.parameters(), self.critics.parameters(), strict=True):
                slow.mul_(0.995).add_(0.005 * fast)


def adam_of(model: Model) -> torch.optim.Adam:
    """The model's optimiser, in which temperatures have a learning rate of their own."""
    scales = [value for name, value in model.named_parameters() if name.endswith("raw_scale")]
    others = [value for name, value in model.named_parameters() if not name.endswith("raw_scale")]
    return torch.optim.Adam([{"params": others}, {"params": scales, "lr": 2e-3}], 3e-4)


def step(loss: Tensor, parameters: Iterable[nn.Parameter], optimizer: torch.optim.Optimizer, clip: float) -> None:
    """One gradient step, its norm clipped."""
    parameters = list(parameters)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(parameters, clip)
    optimizer.step()


def random_batch(sizes: Sizes, batch: int = 32, length: int = 32, seed: int = 0, device: str = "cpu") -> TextbookBatch:
    """Noise of the right shapes, 64x64 images."""
    generator = torch.Generator().manual_seed(seed)
    noise = (
        torch.rand(batch, length, sizes.channels, 64, 64, generator=generator) - 0.5,
        torch.randn(batch, length, sizes.proprio, generator=generator),
        torch.rand(batch, length, sizes.actions, generator=generator) * 2 - 1,
        torch.rand(batch, length, generator=generator),
    )
    return TextbookBatch(*(values.to(device) for values in noise))
