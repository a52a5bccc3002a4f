"""Episodes with everything that is known of each step: the latent, the undistracted picture, the simulator's state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from coral_cli.inside.twins import Arrays, Twins
from coral_cli.training.agent import Agent, Memory
from coral_cli.training.collection import Observation, Recording, run_episode

Act = Callable[[Tensor], Tensor]
"""What gives actions (1, A) for what a policy sees (1, F)."""

AT_ONCE = 256
"""The number of pictures that are encoded at once."""


@dataclass(frozen=True)
class Watched:
    """An episode of L actions; the first axis of everything are its L + 1 steps.

    ``seen`` are the cameras' pictures (H, W, C) as the model sees them, ``missing`` says where there was none, and
    ``clean`` are the same without distractions (empty: unknown). ``hidden`` is the simulator's state (D,) by name.
    ``actions`` (A,) led to their step. ``latents`` (F,) are [mean of q, h], ``embeddings`` (E,) those of all sensors,
    and ``h`` (H,), ``z`` (Z,) are what the next step went on from.
    """

    total: float
    seen: Arrays
    missing: Mapping[str, NDArray[np.bool_]]
    clean: Arrays
    hidden: Arrays
    actions: Tensor
    latents: Tensor
    embeddings: Tensor
    h: Tensor
    z: Tensor

    def wanted(self, camera: str) -> Tensor:
        """Return the pictures (L + 1, H, W, C) to decode: undistracted, or as they were seen where that is unknown."""
        pictures = self.clean.get(camera, self.seen[camera])
        return torch.from_numpy(np.ascontiguousarray(pictures))

    @property
    def length(self) -> int:
        """The number of actions."""
        return len(self.actions) - 1


def watch(agent: Agent, env: Twins, seed: int, act: Act) -> Watched:
    """Play the episode that begins with ``seed``, with the actions of ``act``, and note each of its steps.

    An agent's mean actions lead through the episode that ``coral eval`` plays with this seed.
    """
    watcher = _Watcher(agent, env, act)
    with torch.random.fork_rng([agent.device] if agent.device.type == "cuda" else []), torch.no_grad():
        torch.manual_seed(seed)
        episode = run_episode(env, seed, watcher.choose, tuple(agent.sensors), keep=True, on_step=watcher.see)
        assert episode is not None and episode.arrays is not None
        return watcher.watched(episode.total, episode.arrays)


class _Watcher:
    """Someone who acts, and notes what went on inside the agent and behind the scene."""

    def __init__(self, agent: Agent, env: Twins, act: Act) -> None:
        self._agent, self._env, self._act = agent, env, act
        self._memory = agent.initial()
        self._policy_sees = torch.empty(0)
        self._notes: dict[str, list[Tensor]] = {"latents": [], "h": [], "z": []}
        self._hidden, self._clean = Recording(), Recording()

    def see(self, observation: Observation) -> None:
        """Take in what has been observed."""
        batch = {name: value[None] for name, value in observation.items()}
        self._policy_sees, state = self._agent.observe(batch, self._memory)
        self._memory = Memory(state, self._memory.action)
        latent = self._policy_sees[:, : self._agent.representation.feature_size]
        for name, value in {"latents": latent, "h": state.h, "z": state.z}.items():
            self._notes[name].append(value)
        self._hidden.add(self._env.hidden())
        if self._env.clean is not None:
            self._clean.add({name: self._env.clean[name].copy() for name in cameras_of(self._agent)})

    def choose(self, observation: Observation) -> NDArray[Any]:
        """Return the next action (A,) from what was seen last."""
        action = self._act(self._policy_sees).to(self._agent.device)
        self._memory = Memory(self._memory.state, action)
        own: NDArray[Any] = action[0].cpu().numpy()
        return own

    def watched(self, total: float, arrays: Mapping[str, NDArray[Any]]) -> Watched:
        """Return the episode that has come to its end."""
        agent, known = self._agent, not self._env.strayed
        clean = self._clean.arrays() if known else {}
        return Watched(
            total,
            {name: agent.seen(name, arrays[name]) for name in cameras_of(agent)},
            dict(zip(agent.sensors, arrays["missing"].T, strict=True)),
            {name: agent.seen(name, pictures) for name, pictures in clean.items()},
            self._hidden.arrays(),
            torch.from_numpy(arrays["action"]).to(agent.device),
            embeddings=embeddings_of(agent, arrays),
            **{name: torch.cat(values) for name, values in self._notes.items()},
        )


def cameras_of(agent: Agent) -> list[str]:
    """Return the cameras that the latent hears of."""
    return [name for name, sensor in agent.sensors.items() if sensor.spatial and name not in agent.unencoded]


@torch.no_grad()
def embeddings_of(agent: Agent, arrays: Mapping[str, NDArray[Any]]) -> Tensor:
    """Return the embeddings (N, E) of a recorded episode's N steps, all sensors side by side; zero where one failed."""
    model: Any = agent.representation  # which has a normalization where it has encoders
    parts = []
    missing = dict(zip(agent.sensors, arrays["missing"].T, strict=True))
    for name in model.encoders:
        values = torch.from_numpy(np.ascontiguousarray(agent.seen(name, arrays[name])))
        encoded = [
            model.encoders[name](model.normalization(name, some.to(agent.device))) for some in values.split(AT_ONCE)
        ]
        gone = torch.from_numpy(missing[name]).to(agent.device)
        parts.append(torch.cat(encoded).masked_fill(gone[:, None], 0.0))
    return torch.cat(parts, -1)
