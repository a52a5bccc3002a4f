"""Whether a distraction keeps the contract of ``Distraction`` and ``DistractionModule``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, get_args

import gymnasium
import numpy as np
from numpy.typing import NDArray

from coral_cli.environments.box_push.options import BoxPushOptions
from coral_cli.environments.distractions.wrapper import Distracted
from coral_cli.environments.rendering.backend import select_backend
from coral_cli.registry.records import Distraction, Split
from coral_cli.registry.sensors import Rendering, Sensor, SensorKind
from coral_cli.testing import toys
from coral_cli.testing.failures import failures_of, located, require, settle
from coral_cli.testing.records import RECORD

STEPS = 4


@dataclass(frozen=True)
class Case:
    """A distraction of one sensor, with the options to build it with."""

    record: Distraction
    options: object
    kind: SensorKind
    split: Split

    def episodes(self, *seeds: int) -> list[list[NDArray[Any] | None]]:
        """Return what the beginnings of episodes show, one after the other; None where the sensor gives nothing."""
        with self._environment() as (env, name):
            return [list(_beginning(env, name, seed)) for seed in seeds]

    @contextmanager
    def _environment(self) -> Iterator[tuple[gymnasium.Env[Any, Any], str]]:
        """Make a toy, or box-push where there has to be a scene to change; give it with the name of the sensor."""
        env = _box_push() if self.record.scene else _WithDepth(toys.ToyEnvironment(Rendering(48, 64)))
        name = {"image": "image", "vector": "proprio", "depth": "depth"}[self.kind]
        sensor = Sensor(name, self.kind, env.observation_space[name].shape)  # type: ignore[index]
        try:
            yield Distracted(env, {name: [self.record.build(self.options, sensor, self.split)]}), name
        finally:
            env.close()


def check_distraction(record: Distraction, options: object | None = None) -> None:
    """Raise ConformanceError where ``record`` breaks a rule, with all failures.

    It is built with ``options`` (default: its own) for each kind of sensor that it takes, for training and evaluation,
    and acts in a toy environment, or in box-push if it changes the scene.
    """
    failures = failures_of(record, RECORD)
    for kind in record.sensors:
        for split in get_args(Split):
            case = Case(record, options or record.options, kind, split)
            failures = failures or located(failures_of(case, (_change,), (_seed,)), f"{kind}, {split}")
    settle(f"distraction {record.name!r}", failures)


def _change(case: Case) -> None:
    """Require that shape and dtype stay, and no number is lost."""
    with case._environment() as (env, name):
        space: Any = env.observation_space[name]  # type: ignore[index]
    for frame in case.episodes(1)[0]:
        if frame is not None:
            require(
                frame.shape == space.shape and frame.dtype == space.dtype,
                f"change() gave {frame.dtype} of shape {frame.shape}.",
                f"Keep {space.dtype} of shape {space.shape}.",
            )
            require(bool(np.isfinite(frame).all()), "change() gave a number that is not finite.", "Give finite ones.")


def _seed(case: Case) -> None:
    first, _, again = case.episodes(1, 2, 1)
    require(
        all(np.array_equal(one, other) for one, other in zip(first, again, strict=True)),  # type: ignore[arg-type]
        "two episodes with the same seed look different.",
        "Draw all that is random from the generator that begin() gets, and forget the last episode there.",
    )


def _beginning(env: gymnasium.Env[Any, Any], name: str, seed: int) -> Iterator[NDArray[Any] | None]:
    observation, info = env.reset(seed=seed)
    for _ in range(STEPS):
        yield None if name in info.get("missing", ()) else np.array(observation[name])
        observation, _, _, _, info = env.step(np.zeros(env.action_space.shape or (), np.float32))


class _WithDepth(gymnasium.Wrapper[Any, Any, Any, Any]):
    """The toy with a depth sensor: a slope."""

    def __init__(self, env: toys.ToyEnvironment) -> None:
        super().__init__(env)
        depth = gymnasium.spaces.Box(0, np.inf, (48, 64, 1), np.float32)
        self.observation_space = gymnasium.spaces.Dict({**env.observation_space.spaces, "depth": depth})

    def reset(self, **given: Any) -> tuple[Any, dict[str, Any]]:
        observation, info = self.env.reset(**given)
        return self._seen(observation), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        observation, *rest = self.env.step(action)
        return self._seen(observation), *rest  # type: ignore[return-value]

    def _seen(self, observation: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        slope = np.broadcast_to(np.linspace(0.5, 5, 48, dtype=np.float32)[:, None, None], (48, 64, 1))
        return observation | {"depth": slope.copy()}


def _box_push() -> gymnasium.Env[Any, Any]:
    backend = select_backend()
    from coral_cli.environments.box_push.environment import BoxPush

    return BoxPush(BoxPushOptions(), Rendering(48, 64, backend=backend))
