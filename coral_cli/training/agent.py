"""The agent: a representation and a policy, acting step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import get_ident
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from coral_cli.registry.contracts import PolicyModule
from coral_cli.registry.errors import within
from coral_cli.registry.sensors import Sensor
from coral_cli.representation.no_representation import NoRepresentation
from coral_cli.representation.objective import Representation, State
from coral_cli.representation.row_step import RowStep, row_step

POLICY = within("policy")


@dataclass(frozen=True)
class Memory:
    """The memory that an acting agent carries from step to step: the recurrent state and the last action (B, A)."""

    state: State
    action: Tensor

    @classmethod
    def of(cls, parts: Mapping[str, Tensor]) -> Memory:
        """Return the memory that ``parts`` names: ``h``, ``z`` and ``action``."""
        return cls(State(parts["h"], parts["z"]), parts["action"])

    @property
    def parts(self) -> dict[str, Tensor]:
        """All of it by name, as ``of`` takes it."""
        return {"h": self.state.h, "z": self.state.z, "action": self.action}

    def restarted(self, fresh: NDArray[np.bool_]) -> Memory:
        """Return the memory as it is before an episode's first observation where ``fresh`` (B,) is true."""
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


class _ForARow(NamedTuple):
    """What is faster for one episode; None where a plain step is all there is."""

    step: RowStep | None
    act: Callable[[Tensor, bool], Tensor] | None


class Agent:
    """One representation and one policy on ``device``, acting together; a ``Learner`` trains them.

    ``sensors`` are as the model sees them; larger images are cropped at the centre when acting. ``unencoded`` are those
    without an encoder: vectors that pass the representation by, which the policy sees raw, after the features.
    """

    def __init__(
        self,
        representation: Representation | NoRepresentation,
        policy: PolicyModule,
        sensors: Mapping[str, Sensor],
        action_size: int,
        device: torch.device,
    ) -> None:
        self.representation = representation.to(device)
        self.policy = cast("_TorchPolicy", policy).to(device)
        self.sensors = sensors
        self.unencoded = tuple(name for name in sensors if name not in representation.encoders)
        self.action_size = action_size
        self.device = device
        self._for_a_row: dict[int, _ForARow] = {}  # by thread: it has places that a step writes over

    def initial(self, batch: int = 1) -> Memory:
        """Return the memory before an episode's first observation: zero state, zero action.

        Parts of the agent may have been replaced since the last episode; within one they may not, weights may change.
        """
        self._for_a_row = {}
        return Memory(
            self.representation.initial(batch, self.device), torch.zeros(batch, self.action_size, device=self.device)
        )

    def act(
        self,
        observations: Mapping[str, NDArray[Any]],
        memory: Memory,
        explore: bool,
        missing: Mapping[str, NDArray[np.bool_]] = MappingProxyType({}),
    ) -> tuple[NDArray[Any], Memory]:
        """Choose actions (B, A) float32 in [-1, 1] for raw observations (B, ...); return them and the next memory.

        A sensor left out is missing, and so is it where ``missing`` (B,) is true; its value must be finite there.
        """
        with torch.inference_mode():
            quick = self._quick(memory.action)
            features, state = self._observed(quick, observations, memory, missing)
            with POLICY:
                act = self.policy.act if quick is None or quick.act is None else quick.act
                action = act(features, explore)
            return action.cpu().numpy(), Memory(state, action)

    def observe(
        self,
        observations: Mapping[str, NDArray[Any]],
        memory: Memory,
        missing: Mapping[str, NDArray[np.bool_]] = MappingProxyType({}),
    ) -> tuple[Tensor, State]:
        """Return what the policy sees (B, F) of raw observations (B, ...), and the recurrent state after them."""
        return self._observed(self._quick(memory.action), observations, memory, missing)

    def _observed(
        self,
        quick: _ForARow | None,
        observations: Mapping[str, NDArray[Any]],
        memory: Memory,
        missing: Mapping[str, NDArray[np.bool_]],
    ) -> tuple[Tensor, State]:
        if quick is not None and quick.step is not None:
            return self._observe_one(quick.step, observations, memory, missing)
        tensors = {
            name: torch.from_numpy(np.ascontiguousarray(self.seen(name, observations[name]))).to(self.device)
            for name in self.sensors
            if name in observations
        }
        gone = {name: torch.from_numpy(where).to(self.device) for name, where in missing.items()}
        state, features = self.representation.step(memory.state, memory.action, tensors, gone)
        return self.with_unencoded(features, tensors), state

    def _quick(self, x: Tensor) -> _ForARow | None:
        """Return what is faster where ``x`` has one row, on the CPU, and nothing learns; else None."""
        if len(x) != 1 or self.device.type != "cpu" or torch.is_grad_enabled() or torch.is_autocast_enabled("cpu"):
            return None
        known, thread = self._for_a_row, get_ident()
        found = known.get(thread)
        if found is None:
            act = getattr(type(self.policy), "for_a_row", None)  # of a wrapper, the instance may give what it wraps's
            found = _ForARow(row_step(self.representation), act(self.policy) if act is not None else None)
            known[thread] = found
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy or a pickle is made of: no views of weights, as a copy has weights of its own."""
        return {**vars(self), "_for_a_row": {}}

    def _observe_one(
        self,
        step: RowStep,
        observations: Mapping[str, NDArray[Any]],
        memory: Memory,
        missing: Mapping[str, NDArray[np.bool_]],
    ) -> tuple[Tensor, State]:
        there = {
            name: np.ascontiguousarray(self.seen(name, observations[name])[0])
            for name in step.encoders
            if name in observations and not (name in missing and missing[name][0])
        }
        state, row = step(memory.state, memory.action, there)
        features = torch.from_numpy(row[None])
        if not self.unencoded:
            return features, state
        raw = {name: torch.from_numpy(observations[name]) for name in self.unencoded if name in observations}
        return self.with_unencoded(features, raw), state

    def with_unencoded(self, features: Tensor, observations: Mapping[str, Tensor]) -> Tensor:
        """Return what the policy sees: ``features`` (..., F), then the vectors without an encoder; zeros if missing."""
        missing = {name: features.new_zeros(*features.shape[:-1], *self.sensors[name].shape) for name in self.unencoded}
        return torch.cat([features, *(observations.get(name, missing[name]) for name in self.unencoded)], -1)

    def seen(self, name: str, value: NDArray[Any]) -> NDArray[Any]:
        """Return a raw observation (B, ...) as the model sees it: images cropped at the centre, a view."""
        sensor = self.sensors[name]
        if not sensor.spatial or value.shape[1:] == sensor.shape:
            return value
        height, width, _ = sensor.shape
        top, left = (value.shape[1] - height) // 2, (value.shape[2] - width) // 2
        return value[:, top : top + height, left : left + width]

    def parameter_counts(self) -> dict[str, int]:
        """Count trainable parameters per part: each encoder, the RSSM, each loss, the heads, the policy."""
        model = self.representation
        parts = {
            f"{group}.{name}": part
            for group in ("encoders", "losses", "heads")
            for name, part in getattr(model, group).items()
        }
        parts |= {name: part for name, part in model.named_children() if name == "rssm"} | {"policy": self.policy}
        return {name: sum(p.numel() for p in part.parameters() if p.requires_grad) for name, part in parts.items()}

    def weights(self) -> dict[str, Tensor]:
        """Return all weights, named by the paper's parts (``encoders.image.*``, ``rssm.gru.*``, ``policy.*``)."""
        policy = {f"policy.{name}": value for name, value in self.policy.state_dict().items()}
        return {**self.representation.state_dict(), **policy}

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Take over what ``weights`` gave. Raises RuntimeError when a weight is missing or of another shape."""
        policy = {name.removeprefix("policy."): value for name, value in weights.items() if name.startswith("policy.")}
        model = {name: value for name, value in weights.items() if not name.startswith("policy.")}
        self.representation.load_state_dict(model)
        self.policy.load_state_dict(policy)
