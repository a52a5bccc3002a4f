"""The agent: representation and policy, acting step by step and learning from batches."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import Adam, Optimizer

from coral_cli.fast.streams import Beside, current
from coral_cli.parallel.ranks import average_gradients
from coral_cli.registry.contracts import Experience, PolicyModule
from coral_cli.registry.records import Sensor
from coral_cli.representation.batch import Batch
from coral_cli.representation.direct import NoRepresentation
from coral_cli.representation.gradients import gradient_shares
from coral_cli.representation.objective import Losses, Representation, State
from coral_cli.representation.span import span
from coral_cli.training.cuda_graphs import Recorded
from coral_cli.training.precision import chosen


@dataclass(frozen=True)
class Memory:
    """What an acting agent carries from step to step: the recurrent state and the last action (B, A)."""

    state: State
    action: Tensor

    def restarted(self, fresh: NDArray[np.bool_]) -> Memory:
        """As before an episode's first observation where ``fresh`` (B,) is true."""
        if not fresh.any():
            return self
        where = torch.from_numpy(fresh).to(self.action.device)[:, None]
        h, z, action = (part.masked_fill(where, 0.0) for part in (self.state.h, self.state.z, self.action))
        return Memory(State(h, z), action)


class _TorchPolicy(PolicyModule, Protocol):
    """A policy as the torch module that it promises to be."""

    def to(self, device: torch.device, /) -> _TorchPolicy: ...

    def parameters(self) -> Iterator[nn.Parameter]: ...

    def state_dict(self) -> dict[str, Tensor]: ...

    def load_state_dict(self, state: Mapping[str, Tensor], /) -> object: ...


class Agent:
    """One representation, one policy. The policy's gradients never reach the representation.

    ``sensors`` are as the model sees them; larger images are cropped at the centre when acting. Those without an
    encoder are vectors that pass the representation by: the policy sees them raw, after the features. The parts named
    in ``frozen`` (such as ``encoders``, ``policy``) keep their weights. Only updates compute in ``precision``.
    """

    def __init__(
        self,
        representation: Representation | NoRepresentation,
        policy: PolicyModule,
        sensors: Mapping[str, Sensor],
        action_size: int,
        lr: float,
        clip: float,
        device: torch.device,
        precision: Literal["auto", "fp32", "bf16"] = "auto",
        imagines: bool = False,
        frozen: Collection[str] = (),
    ) -> None:
        self.representation = representation.to(device)
        self.policy = cast("_TorchPolicy", policy).to(device)
        self.sensors = sensors
        self.direct = tuple(name for name in sensors if name not in representation.encoders)
        self.action_size = action_size
        self.device = device
        self.frozen = frozenset(frozen)
        self._clip = clip
        self._imagines = imagines
        self.precision = chosen(precision, device)
        self._beside = Beside(device)
        for part in self.frozen & dict(representation.named_children()).keys():
            representation.get_submodule(part).requires_grad_(False)
        groups = _parameter_groups(representation, lr)
        self._optimizer = Adam(groups, lr, fused=True) if groups else None
        self._recorded = Recorded(self.step_by_step, device) if device.type == "cuda" else None
        self._keep_steps_on_device()

    def initial(self, batch: int = 1) -> Memory:
        """The memory before an episode's first observation: zero state, zero action."""
        return Memory(
            self.representation.initial(batch, self.device), torch.zeros(batch, self.action_size, device=self.device)
        )

    @torch.inference_mode()
    def act(
        self,
        observations: Mapping[str, NDArray[Any]],
        memory: Memory,
        explore: bool,
        missing: Mapping[str, NDArray[np.bool_]] = MappingProxyType({}),
    ) -> tuple[NDArray[Any], Memory]:
        """Actions (B, A) float32 in [-1, 1] for raw observations (B, ...).

        A sensor left out is missing, and so is it where ``missing`` (B,) is true; its value must be finite there.
        """
        features, state = self.observe(observations, memory, missing)
        action = self.policy.act(features, explore)
        return action.cpu().numpy(), Memory(state, action)

    def observe(
        self,
        observations: Mapping[str, NDArray[Any]],
        memory: Memory,
        missing: Mapping[str, NDArray[np.bool_]] = MappingProxyType({}),
    ) -> tuple[Tensor, State]:
        """What the policy sees (B, F) of raw observations (B, ...), and the recurrent state after them."""
        tensors = {
            name: torch.from_numpy(np.ascontiguousarray(self.seen(name, observations[name]))).to(self.device)
            for name in self.sensors
            if name in observations
        }
        gone = {name: torch.from_numpy(where).to(self.device) for name, where in missing.items()}
        state, features = self.representation.step(memory.state, memory.action, tensors, gone)
        return self._with_direct(features, tensors), state

    def _with_direct(self, features: Tensor, observations: Mapping[str, Tensor]) -> Tensor:
        """``features`` (..., F), followed by the vectors that pass the representation by; zeros if missing."""
        missing = {name: features.new_zeros(*features.shape[:-1], *self.sensors[name].shape) for name in self.direct}
        return torch.cat([features, *(observations.get(name, missing[name]) for name in self.direct)], -1)

    def seen(self, name: str, value: NDArray[Any]) -> NDArray[Any]:
        """A raw observation (B, ...) as the model sees it: images cropped at the centre, a view."""
        sensor = self.sensors[name]
        if not sensor.spatial or value.shape[1:] == sensor.shape:
            return value
        height, width, _ = sensor.shape
        top, left = (value.shape[1] - height) // 2, (value.shape[2] - width) // 2
        return value[:, top : top + height, left : left + width]

    def update(self, batch: Batch, shares: bool = False) -> Mapping[str, Tensor]:
        """One gradient step of the representation, then one of the policy on the same latents.

        ``shares`` also measures each term's share of the gradient at the embeddings. On a GPU the update is recorded
        once and then replayed, where that can be done.
        """
        with current(self.device):
            return (self._recorded or self.step_by_step)(batch, shares)

    @torch.no_grad()
    def judge(self, batch: Batch) -> Mapping[str, Tensor]:
        """What the objective says of a batch from which nothing is learned."""
        with current(self.device), self._arithmetic():
            losses: Losses = self.representation(batch)
            return losses.metrics

    def step_by_step(self, batch: Batch, shares: bool = False) -> Mapping[str, Tensor]:
        """The same update, one operation after the other."""
        with self._arithmetic():
            losses: Losses = self.representation(batch)
        if not self._imagines:  # else the policy needs the model as it is after its step
            self._beside.begin()
        metrics = dict(losses.metrics)
        if self._optimizer is not None:
            if shares:
                metrics |= {f"share/{name}": value for name, value in gradient_shares(losses).items()}
            metrics |= self._descend(losses.total, self._optimizer)
        if "policy" in self.frozen:
            return metrics
        with span("policy"), self._beside.work():
            learned = self._learn_to_act(losses, batch)
        named = {key if key.startswith("gradient/") else f"policy/{key}": value for key, value in learned.items()}
        return metrics | named

    def _arithmetic(self) -> torch.autocast:
        """Of forward passes."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def _descend(self, total: Tensor, optimizer: Optimizer) -> dict[str, Tensor]:
        with span("backward"):
            optimizer.zero_grad()
            total.backward()
        with span("optimiser"):
            average_gradients(self.representation.parameters())
            norm = clip_grad_norm_(self.representation.parameters(), self._clip)
            optimizer.step()
        return {"loss/total": total.detach(), "gradient/model": norm}

    def _learn_to_act(self, losses: Losses, batch: Batch) -> dict[str, Tensor]:
        experience = Experience(
            self._with_direct(losses.features, batch.observations),
            batch.actions,
            batch.rewards,
            batch.terminated,
            batch.mask,
            losses.world if self._imagines else None,
        )
        with self._arithmetic():
            return self.policy.update(experience)

    def parameter_counts(self) -> dict[str, int]:
        """Trainable parameters per part: each encoder, the RSSM, each loss, the heads, the policy."""
        model = self.representation
        parts = {
            f"{group}.{name}": part
            for group in ("encoders", "losses", "heads")
            for name, part in getattr(model, group).items()
        }
        parts |= {name: part for name, part in model.named_children() if name == "rssm"} | {"policy": self.policy}
        return {name: sum(p.numel() for p in part.parameters() if p.requires_grad) for name, part in parts.items()}

    def optimizers(self) -> dict[str, Optimizer]:
        """Every optimiser, by the part it trains."""
        model: dict[str, Optimizer] = {} if self._optimizer is None else {"model": self._optimizer}
        return model | self.policy.optimizers()

    def state_dict(self) -> dict[str, Any]:
        """Optimisers, and weights named by the paper's parts (``encoders.image.*``, ``rssm.gru.*``, ``policy.*``)."""
        policy = {f"policy.{name}": value for name, value in self.policy.state_dict().items()}
        return {
            "weights": {**self.representation.state_dict(), **policy},
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers().items()},
        }

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Takes over ``state_dict()["weights"]``. Raises RuntimeError when one is missing or of another shape."""
        policy = {name.removeprefix("policy."): value for name, value in weights.items() if name.startswith("policy.")}
        model = {name: value for name, value in weights.items() if not name.startswith("policy.")}
        self.representation.load_state_dict(model)
        self.policy.load_state_dict(policy)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from what ``state_dict`` gave, optimisers included."""
        self.load_weights(state["weights"])
        for name, optimizer in self.optimizers().items():
            optimizer.load_state_dict(state["optimizers"][name])
        self._keep_steps_on_device()
        if self._recorded is not None:
            self._recorded.forget()

    def _keep_steps_on_device(self) -> None:
        """Lets optimisers count their steps where a record of them can."""
        for optimizer in self.optimizers().values():
            for group in optimizer.param_groups:
                if "capturable" in group:
                    group["capturable"] = self.device.type == "cuda"


def _parameter_groups(representation: Representation | NoRepresentation, lr: float) -> list[dict[str, Any]]:
    """All that learns; what a loss lists in ``learning_rates`` stands in a group with its own rate."""
    own = {
        parameter: rate
        for loss in representation.losses.values()
        for name, rate in getattr(loss, "learning_rates", {}).items()
        for parameter in [loss.get_parameter(name)]
    }
    learning = [parameter for parameter in representation.parameters() if parameter.requires_grad]
    rates = {parameter: own.get(parameter, lr) for parameter in learning}
    return [
        {"params": [p for p, rate in rates.items() if rate == chosen], "lr": chosen}
        for chosen in dict.fromkeys(rates.values())
    ]
