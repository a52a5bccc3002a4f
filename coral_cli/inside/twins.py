"""An environment beside one without distractions, in the same states."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from coral_cli.registry.errors import CoralError, within

Arrays = dict[str, NDArray[Any]]
Env = gymnasium.Env[Arrays, NDArray[Any]]


class Twins(gymnasium.Wrapper[Arrays, NDArray[Any], Arrays, NDArray[Any]]):
    """An environment, and a ``twin`` without distractions that goes through the same states.

    ``clean`` is what the twin observes, or without a twin the environment itself: then nothing is distracted. It is
    None from the step on at which the twin has come to another state, because seed and actions do not determine it;
    ``strayed`` is true then.
    """

    def __init__(self, env: Env, twin: Env | None) -> None:
        super().__init__(env)
        self._twin = twin
        self.strayed = False
        self.clean: Arrays | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Arrays, dict[str, Any]]:
        """Begin an episode in both."""
        observation, info = self.env.reset(seed=seed, options=options)
        self.clean = observation
        if self._twin is not None and not self.strayed:
            self.clean, _ = self._twin.reset(seed=seed, options=options)
            self._compare(self._twin, same=True)
        return observation, info

    def step(self, action: NDArray[Any]) -> tuple[Arrays, Any, bool, bool, dict[str, Any]]:
        """Do the same step in both."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self.clean = observation
        if self._twin is not None and not self.strayed:
            self.clean, *told, _ = self._twin.step(action)
            self._compare(self._twin, same=told == [reward, terminated, truncated])
        return observation, reward, terminated, truncated, info

    def hidden(self) -> Arrays:
        """Return the state that the environment tells, arrays (D,) by name; nothing where it tells none.

        Raises CoralError for a number that is not finite.
        """
        state = hidden_state_of(self.env)
        bad = [name for name, value in state.items() if not np.isfinite(value).all()]
        if bad:
            raise CoralError(f"the hidden state {bad[0]!r} of the environment is not a finite number.")
        return state

    def _compare(self, twin: Env, same: bool) -> None:
        """Note whether the twin is where the environment is."""
        ours, theirs = self.hidden(), hidden_state_of(twin)
        if not same or any(not np.array_equal(value, theirs[name]) for name, value in ours.items()):
            self.strayed = True
        if self.strayed:
            self.clean = None


def hidden_state_of(env: Env) -> Arrays:
    """Return what ``env`` tells of its state, as (D,) float64 by name; nothing where it tells none."""
    if not env.has_wrapper_attr("hidden_state"):
        return {}
    with within("env"):
        given = env.get_wrapper_attr("hidden_state")()
        return {name: np.array(value, np.float64).reshape(-1) for name, value in given.items()}
