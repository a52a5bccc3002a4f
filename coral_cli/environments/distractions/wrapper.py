"""An environment whose sensors are distracted."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from coral_cli.plugin import DistractionModule, Scene

Observation = dict[str, NDArray[Any]]


class Distracted(gymnasium.Wrapper[Observation, NDArray[Any], Observation, NDArray[Any]]):
    """A wrapper that passes each sensor's values through its distractions, in their order.

    The same seed gives the same episode. A sensor whose distraction gives nothing is named in ``info["missing"]``.
    """

    def __init__(
        self,
        env: gymnasium.Env[Observation, NDArray[Any]],
        distractions: Mapping[str, Sequence[DistractionModule]],
    ) -> None:
        super().__init__(env)
        self.distractions = distractions
        self._scene: Scene | None = env.get_wrapper_attr("scene") if env.has_wrapper_attr("scene") else None
        scenes = env.get_wrapper_attr("scenes") if env.has_wrapper_attr("scenes") else {}
        self._scenes: dict[str, Scene | None] = {name: scenes.get(name, self._scene) for name in distractions}
        self._seed = 0
        self._begun = True

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; its distractions follow from ``seed``, or go on at random without one."""
        self._seed = int(self.np_random.integers(2**32)) if seed is None else seed
        self._begun = False
        for scene in (self._scene, *self._scenes.values()):
            if scene is not None:
                scene.prepare = partial(self._prepare, scene)
        observation, info = self.env.reset(seed=seed, options=options)
        self._begin()
        return self._changed(observation, info)

    def step(self, action: NDArray[Any]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.env.step(action)
        observation, info = self._changed(observation, info)
        return observation, float(reward), terminated, truncated, info

    def _begin(self) -> None:
        """Begin the distractions' episode, before its first frame is drawn if there is a scene, which may be new."""
        if self._begun:
            return
        self._begun = True
        for name, modules in self.distractions.items():
            for index, module in enumerate(modules):
                module.begin(np.random.default_rng([self._seed, zlib.crc32(name.encode()), index]), self._scenes[name])

    def _prepare(self, scene: Scene) -> None:
        self._begin()
        scene.cut_out = False
        for name, modules in self.distractions.items():
            if self._scenes[name] is scene:
                for module in modules:
                    module.prepare(scene)

    def _changed(self, observation: Observation, info: dict[str, Any]) -> tuple[Observation, dict[str, Any]]:
        observation, missing = dict(observation), list(info.get("missing", ()))
        for name, modules in self.distractions.items():
            if name in missing:
                continue
            observation[name] = observation[name].copy()  # modules may paint; an environment may show it again
            for module in modules:
                value = module.change(observation[name], self._scenes[name])
                if value is None:
                    missing.append(name)
                    break
                observation[name] = value
        return observation, {**info, "missing": tuple(missing)} if missing else info
