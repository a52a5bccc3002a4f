"""The learner: gradient steps of an agent's representation and policy on batches."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

from coral_cli.fast.adam import Adam
from coral_cli.fast.streams import SideStream, current
from coral_cli.parallel.ranks import average_gradients
from coral_cli.registry.contracts import Experience
from coral_cli.representation.batch import Batch
from coral_cli.representation.gradients import gradient_shares
from coral_cli.representation.no_representation import NoRepresentation
from coral_cli.representation.objective import Losses, Representation
from coral_cli.representation.span import span
from coral_cli.training.agent import POLICY, Agent
from coral_cli.training.cuda_graphs import GraphedUpdate
from coral_cli.training.learning_rates import LearningRates
from coral_cli.training.optimizer_state import load_optimizer
from coral_cli.training.precision import chosen


@dataclass(frozen=True)
class LearnerOptions:
    """Options of how an agent learns.

    ``lr`` and ``clip`` are the learning rate (Adam) and the largest gradient norm of the representation; the policy has
    its own. All rates are multiplied by ``lr_drop_factor`` at each of ``lr_drops`` (environment steps). Forward passes
    of updates compute in ``precision``, acting never. The parts in ``frozen`` (such as ``encoders``, ``policy``) keep
    their weights. A policy that ``imagines`` needs the model as it is after its step.
    """

    lr: float
    clip: float
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    frozen: Collection[str] = ()
    imagines: bool = False
    lr_drops: Collection[int] = ()
    lr_drop_factor: float = 1.0


class Learner:
    """What trains ``agent`` on batches; the policy's gradients never reach the representation."""

    def __init__(self, agent: Agent, options: LearnerOptions) -> None:
        self.agent = agent
        self.precision = chosen(options.precision, agent.device)
        self.frozen = frozenset(options.frozen)
        self._clip, self._imagines = options.clip, options.imagines
        representation = agent.representation
        for part in self.frozen & dict(representation.named_children()).keys():
            representation.get_submodule(part).requires_grad_(False)
        groups = parameter_groups(representation, options.lr)
        self._optimizer = Adam(groups, options.lr, fused=True) if groups else None
        self.rates = LearningRates(self.optimizers().values(), options.lr_drops, options.lr_drop_factor)
        self._side_stream = SideStream(agent.device)
        self.graphed = GraphedUpdate(self.step_by_step, agent.device) if agent.device.type == "cuda" else None
        self._keep_steps_on_device()

    def update(self, batch: Batch, shares: bool = False) -> Mapping[str, Tensor]:
        """Do a gradient step of the representation, then one of the policy on the same latents; return metrics.

        ``shares`` also measures each term's share of the gradient at the embeddings. On a GPU the update is captured
        once and then replayed, where that can be done.
        """
        with current(self.agent.device):
            return (self.graphed or self.step_by_step)(batch, shares)

    def set_rates(self, steps: int) -> None:
        """Let optimisers have the learning rates that belong to ``steps`` environment steps."""
        if self.rates.set(steps) and self.graphed is not None:
            self.graphed.forget()  # rates are written into the graph of an update

    @torch.no_grad()
    def judge(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return what the objective says of a batch from which nothing is learned."""
        with current(self.agent.device), self._autocast():
            losses: Losses = self.agent.representation(batch)
            return losses.metrics

    def step_by_step(self, batch: Batch, shares: bool = False) -> Mapping[str, Tensor]:
        """Do what ``update`` does, one operation after the other."""
        for optimizer in self.optimizers().values():
            optimizer.zero_grad()  # which leaves their memory to activations
        with self._autocast():
            losses: Losses = self.agent.representation(batch)
        if not self._imagines:  # else the policy needs the model as it is after its step
            self._side_stream.fork()
        metrics = dict(losses.metrics)
        if self._optimizer is not None:
            if shares:
                metrics |= {f"share/{name}": value for name, value in gradient_shares(losses).items()}
            metrics |= self._descend(losses.total, self._optimizer)
        if "policy" in self.frozen:
            return metrics
        with span("policy"), self._side_stream.joined():
            learned = self._improve_policy(losses, batch)
        named = {key if key.startswith("gradient/") else f"policy/{key}": value for key, value in learned.items()}
        return metrics | named

    def _autocast(self) -> torch.autocast:
        """Give forward passes their precision inside."""
        return torch.autocast(self.agent.device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def _descend(self, total: Tensor, optimizer: Optimizer) -> dict[str, Tensor]:
        parameters = list(self.agent.representation.parameters())
        with span("backward"):
            total.backward()
        with span("optimiser"):
            average_gradients(parameters)
            norm = clip_grad_norm_(parameters, self._clip)
            optimizer.step()
        return {"loss/total": total.detach(), "gradient/model": norm}

    def _improve_policy(self, losses: Losses, batch: Batch) -> dict[str, Tensor]:
        experience = Experience(
            self.agent.with_unencoded(losses.features, batch.observations),
            batch.actions,
            batch.rewards,
            batch.terminated,
            batch.mask,
            losses.world if self._imagines else None,
        )
        with self._autocast(), POLICY:
            return self.agent.policy.update(experience)

    def optimizers(self) -> dict[str, Optimizer]:
        """Return every optimiser, by the part it trains."""
        model: dict[str, Optimizer] = {} if self._optimizer is None else {"model": self._optimizer}
        return model | self.agent.policy.optimizers()

    def state_dict(self) -> dict[str, Any]:
        """Return the agent's ``weights``, the state of all ``optimizers``, and the multiple that their rates are of."""
        return {
            "weights": self.agent.weights(),
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers().items()},
            "rates": self.rates.multiple,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict`` gave. Raises UnreadableError for states of optimisers that do not fit."""
        self.agent.load_weights(state["weights"])
        for name, optimizer in self.optimizers().items():
            load_optimizer(optimizer, state["optimizers"].get(name), name)
        self._keep_steps_on_device()
        self.rates.multiple = state.get("rates", 1.0)  # older checkpoints do not say it
        if self.graphed is not None:
            self.graphed.forget()

    def _keep_steps_on_device(self) -> None:
        """Let optimisers count their steps where a graph of an update can."""
        for optimizer in self.optimizers().values():
            for group in optimizer.param_groups:
                if "capturable" in group:
                    group["capturable"] = self.agent.device.type == "cuda"


def parameter_groups(representation: Representation | NoRepresentation, lr: float) -> list[dict[str, Any]]:
    """Group all parameters that learn: those that a loss lists in ``learning_rates`` have their own rate."""
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
