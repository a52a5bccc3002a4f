"""Errors of environments and distractions bear the name of what they come from."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from coral_cli.plugin import DistractionModule, Scene
from coral_cli.registry.errors import within

Observation = dict[str, NDArray[Any]]


class Named(gymnasium.Wrapper[Observation, NDArray[Any], Observation, NDArray[Any]]):
    """An environment that is changed in nothing but its errors: they are marked as those of ``slot``."""

    def __init__(self, env: gymnasium.Env[Observation, NDArray[Any]], slot: str) -> None:
        super().__init__(env)
        self._within = within(slot)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        with self._within:
            return self.env.reset(seed=seed, options=options)

    def step(self, action: NDArray[Any]) -> tuple[Observation, Any, bool, bool, dict[str, Any]]:
        with self._within:
            return self.env.step(action)

    def render(self) -> Any:
        with self._within:
            return self.env.render()

    def close(self) -> None:
        with self._within:
            self.env.close()


class NamedDistraction:
    """A distraction whose errors are marked as those of ``slot``."""

    def __init__(self, module: DistractionModule, slot: str) -> None:
        self.module, self._within = module, within(slot)

    def begin(self, random: np.random.Generator, scene: Scene | None) -> None:
        with self._within:
            self.module.begin(random, scene)

    def prepare(self, scene: Scene) -> None:
        with self._within:
            self.module.prepare(scene)

    def change(self, value: NDArray[Any], scene: Scene | None) -> NDArray[Any] | None:
        with self._within:
            return self.module.change(value, scene)
