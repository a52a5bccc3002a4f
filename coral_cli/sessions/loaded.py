"""A trained agent for use in other programs: NumPy in, NumPy out."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from coral_cli.assembly.slots import DISTRACTION
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.errors import CoralError
from coral_cli.registry.nearest import nearest
from coral_cli.registry.places import absolute
from coral_cli.registry.records import Distraction
from coral_cli.registry.sensors import Sensor
from coral_cli.sessions.device import choose_device
from coral_cli.sessions.saved import Saved, open_saved
from coral_cli.training.agent import Agent, Memory


@dataclass(frozen=True)
class AgentState:
    """The memory that an agent has of an episode. Pass it on to the next call; it is never changed in place."""

    memory: Memory
    needs_action: bool
    """Whether the next call must be told which action was taken."""

    def __len__(self) -> int:
        """Return how many episodes it is of."""
        return len(self.memory.action)

    def row(self, index: int) -> AgentState:
        """Return the state of one episode of a batch. Raises IndexError."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"there is no episode {index} in a batch of {len(self)}")
        index %= len(self)
        return replace(self, memory=Memory.of({n: part[index : index + 1] for n, part in self.memory.parts.items()}))

    @staticmethod
    def together(states: Sequence[AgentState]) -> AgentState:
        """Return the state of a batch, from those of episodes that may be at different steps.

        Raises CoralError for none at all, and for states of which some lack their action.
        """
        if len({state.needs_action for state in states}) != 1:
            raise CoralError("states go together when all of them, or none, lack the action that was taken.")
        every = [state.memory.parts for state in states]
        joined = {name: torch.cat([parts[name] for parts in every]) for name in every[0]}
        return AgentState(Memory.of(joined), states[0].needs_action)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all of it as arrays by name, for ``numpy.savez``; ``LoadedAgent.state`` takes them back."""
        arrays = {name: part.cpu().numpy() for name, part in self.memory.parts.items()}
        return arrays | {"needs_action": np.array(self.needs_action)}


class LoadedAgent:
    """A saved agent. ``sensors`` are as the environment gave them, ``action_size`` is A.

    An observation is a dictionary of arrays by sensor: images (H, W, C) uint8, vectors (D,) float. A sensor that is
    None is missing at this step; one that is left out is an error, unless the agent was trained where that sensor is
    missing at times (``gaps``). With one more axis in front of every array, a batch of episodes goes on in step.
    """

    def __init__(
        self, agent: Agent, sensors: Mapping[str, Sensor], gaps: Collection[str] = (), acts: bool = True
    ) -> None:
        self.sensors = sensors
        self.action_size = agent.action_size
        self._gaps, self._acts = frozenset(gaps), acts
        self._agent = agent
        self._sizes = {name: part.shape[1:] for name, part in agent.initial().parts.items()}

    def act(
        self, observation: Mapping[str, ArrayLike | None], state: AgentState | None = None, explore: bool = False
    ) -> tuple[NDArray[np.float32], AgentState]:
        """Return the action (A,) in [-1, 1], and the state to go on from; ``state`` None starts an episode.

        Without ``explore`` it is the mean action. Raises CoralError for an observation that does not fit, and where
        there is no policy, as a representation was only pretrained.
        """
        if not self._acts:
            raise CoralError(
                "this agent was pretrained: it has no policy that could act.",
                "features() gives what it represents; coral train --init-from trains a policy.",
            )
        arrays, single, memory = self._ready(observation, state, None)
        actions, memory = self._agent.act(arrays, memory, explore)
        return actions[0] if single else actions, AgentState(memory, needs_action=False)

    def begin(self, episodes: int = 1) -> AgentState:
        """Return the state at the start of so many episodes, which are a batch if there are several."""
        return AgentState(self._agent.initial(episodes), needs_action=False)

    def state(self, arrays: Mapping[str, ArrayLike]) -> AgentState:
        """Return the state that ``AgentState.arrays`` gave. Raises CoralError for arrays that do not fit this agent."""
        start = self.begin().arrays()
        given = {name: np.asarray(arrays[name]) for name in start if name in arrays}
        sizes = {len(value) if value.ndim else 0 for name, value in given.items() if name != "needs_action"}
        fits = all(
            value.shape[1:] == start[name].shape[1:] and value.dtype.kind in "fb" for name, value in given.items()
        )
        if given.keys() != start.keys() or len(sizes) != 1 or not fits:
            raise CoralError("these arrays are no state of this agent.", "Save those of AgentState.arrays().")
        memory = Memory.of(
            {
                name: torch.tensor(value, dtype=torch.float32, device=self._agent.device)
                for name, value in given.items()
                if name != "needs_action"
            }
        )
        return AgentState(memory, bool(given["needs_action"]))

    def features(
        self,
        observation: Mapping[str, ArrayLike | None],
        state: AgentState | None = None,
        action: ArrayLike | None = None,
    ) -> tuple[NDArray[np.float32], AgentState]:
        """Return the representation (F,) of the episode so far, [mean of the posterior, h], and the next state.

        ``action`` (A,) is the one that led to ``observation``; leave it out at an episode's start, and where ``act``
        chose it. Raises CoralError for an observation that does not fit, or a missing action.
        """
        arrays, single, memory = self._ready(observation, state, action)
        with torch.inference_mode():
            seen, recurrent = self._agent.observe(arrays, memory)
        features = seen[:, : self._agent.representation.feature_size].cpu().numpy()
        return features[0] if single else features, AgentState(replace(memory, state=recurrent), needs_action=True)

    def _ready(
        self, observation: Mapping[str, ArrayLike | None], state: AgentState | None, action: ArrayLike | None
    ) -> tuple[dict[str, NDArray[Any]], bool, Memory]:
        """Return batched arrays, whether they were not batched before, and the memory with the last action."""
        self._require(observation)
        arrays, extra = dict[str, NDArray[Any]](), set[int]()
        for name, sensor in self.sensors.items():
            value = observation.get(name)
            if value is not None:
                arrays[name] = array = self._array(sensor, name, value)
                extra.add(array.ndim - len(sensor.shape))
        episodes = 1 if state is None else state.memory.action.shape[0]
        extra = extra or {int(episodes > 1)}
        if len(extra) > 1:
            raise CoralError("some sensors of the observation are batched and others are not.")
        single = extra == {0}
        if single:
            arrays = {name: array[None] for name, array in arrays.items()}
        sizes = {len(array) for array in arrays.values()} or {episodes}
        if len(sizes) > 1 or (state is not None and sizes != {episodes}):
            raise CoralError("sensors and state do not have the same batch size.")
        if state is not None:
            self._require_own(state)
        memory = state.memory if state is not None else self._agent.initial(sizes.pop())
        if action is not None:
            taken = torch.as_tensor(np.asarray(action, np.float32), device=self._agent.device)
            memory = replace(memory, action=taken.reshape(memory.action.shape))
        elif state is not None and state.needs_action:
            raise CoralError("which action led to this observation is not known.", "Pass action to features().")
        return arrays, single, memory

    def _require_own(self, state: AgentState) -> None:
        """Raise CoralError for a state that another agent has given."""
        if any(part.shape[1:] != self._sizes[name] for name, part in state.memory.parts.items()):
            raise CoralError("this state is another agent's.", "Begin with None, and pass on what this agent returned.")

    def _require(self, observation: Mapping[str, ArrayLike | None]) -> None:
        """Raise CoralError where a sensor is left out: it may be misspelt."""
        for name in self.sensors:
            if name in observation:
                continue
            near = nearest(name, observation.keys() - self.sensors.keys())
            if near or name not in self._gaps:
                hint = f"Is it {near!r}? " if near else ""
                hint += f"Where a sensor gives nothing, say so: {{{name!r}: None}}."
                raise CoralError(f"the observation has no sensor {name!r}, which the agent knows.", hint)

    def _array(self, sensor: Sensor, name: str, value: ArrayLike) -> NDArray[Any]:
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise CoralError(f"sensor {name!r} is of type {array.dtype}: it must hold real numbers.")
        allowed = sensor.shape, self._agent.sensors[name].shape
        if array.shape not in allowed and array.shape[1:] not in allowed:
            raise CoralError(f"sensor {name!r} has shape {array.shape}, but the agent knows it as {sensor.shape}.")
        if sensor.kind != "image":
            return self._numbers(name, sensor.kind, array)
        if array.dtype != np.uint8:
            raise CoralError(f"images of sensor {name!r} must be uint8, not {array.dtype}.")
        return array

    def _numbers(self, name: str, kind: str, array: NDArray[Any]) -> NDArray[np.float32]:
        """Return a vector or depth in single precision. Raises CoralError for what an agent cannot go on from."""
        if array.dtype == np.float32:
            numbers = array.copy()
        else:
            with np.errstate(over="ignore"):
                numbers = array.astype(np.float32)
        if np.isfinite(numbers).all():
            return numbers
        if np.isnan(numbers).any():
            raise CoralError(f"sensor {name!r} holds what is not a number (NaN).", "Where it gives nothing, say None.")
        if kind == "vector":  # depth is infinite where nothing is hit
            raise CoralError(f"sensor {name!r} holds infinite numbers.", "Where it gives nothing, say None.")
        return numbers


def load(path: str | os.PathLike[str], device: str, catalog: Catalog) -> LoadedAgent:
    """Load an agent, as ``coral_cli.load_agent`` says."""
    return loaded(open_saved(absolute(path), catalog, plays=False), choose_device(device))


def loaded(saved: Saved, device: torch.device) -> LoadedAgent:
    """Return the agent of an opened checkpoint. Raises UnreadableError when its weights do not fit."""
    return LoadedAgent(saved.agent(device), saved.sensors, gaps_of(saved), acts=not saved.pretrained)


def gaps_of(saved: Saved) -> set[str]:
    """Return the sensors that were missing at times in the agent's training, as far as its distractions say."""
    chosen = [choice for choice in saved.assembly.choices.values() if choice.kind == DISTRACTION]
    missing = [choice for choice in chosen if choice.options.get("mode") == "missing"]
    records = [saved.catalog.locate(*choice.identity).record for choice in missing]
    kinds = {kind for record in records if isinstance(record, Distraction) for kind in record.sensors}
    return {name for name, sensor in saved.sensors.items() if sensor.kind in kinds}
