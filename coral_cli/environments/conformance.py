"""Whether an environment keeps the contract of ``Environment``: coral's own rules, and Gymnasium's."""

from __future__ import annotations

import re
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from numbers import Real
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict
from gymnasium.utils.env_checker import check_env
from numpy.typing import NDArray

from coral_cli.registry.records import COUNTED
from coral_cli.registry.sensors import SensorKind

LONGEST = 10_000
"""Actions within which an episode must end."""

_LAYOUTS = {
    "image": (np.uint8, 3, "(H, W, C) uint8"),
    "vector": (np.float32, 1, "(D,) float32"),
    "depth": (np.float32, 3, "(H, W, 1) float32"),
}
_HARMLESS = re.compile("infinity|alternative render modes|different from the unwrapped")
"""What Gymnasium warns about and coral allows: vectors without bounds, no spec, wrappers."""

Env = gymnasium.Env[dict[str, NDArray[Any]], NDArray[Any]]
Sensors = Mapping[str, SensorKind]
Check = Callable[[Env, Sensors], Iterator[str]]


def check_environment(env: Env, sensors: Sensors) -> list[str]:
    """Return what ``env``, whose record declares ``sensors``, does against the contract; empty if nothing.

    Each failure is one line that says what to do. A check that builds on another is made once that one has passed;
    Gymnasium's come last, for they end at their first failure. The environment is closed afterwards.
    """
    failures: list[str] = []
    for checks in ((_spaces, _action_repeat), (_episode, _picture, _hidden_state), (_seeds,), (_gymnasium,)):
        if not failures:
            failures += [failure for check in checks for failure in _found(check, env, sensors)]
    return failures + _found(_closed_twice, env, sensors)


def _found(check: Check, env: Env, sensors: Sensors) -> list[str]:
    """Return a check's failures, each once; that the environment raised is one, too."""
    failures: dict[str, None] = {}
    try:
        for failure in check(env, sensors):
            failures[failure] = None
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{frame.filename}:{frame.lineno}"
        failures[f"{type(error).__name__}: {_one_line(error)} ({where}): mend what raises it."] = None
    return list(failures)


def _spaces(env: Env, sensors: Sensors) -> Iterator[str]:
    space, actions = env.observation_space, env.action_space
    if isinstance(space, Dict):
        yield from (
            f"sensor {name!r} is declared, but the observation space lacks it: add it, or declare it no longer."
            for name in sensors.keys() - space.keys()
        )
        yield from (
            f"the observation space has {name!r}, which is not declared: name it and its kind in `sensors`."
            for name in space.keys() - sensors.keys()
        )
        for name in [name for name in sensors if name in space.spaces]:
            dtype, axes, layout = _LAYOUTS[sensors[name]]
            entry = space[name]
            right = isinstance(entry, Box) and entry.dtype == dtype and len(entry.shape) == axes
            if not right or (sensors[name] == "depth" and entry.shape[-1:] != (1,)):
                yield f"sensor {name!r} is {entry}: make it a Box of {layout}, as {sensors[name]} is."
    else:
        yield f"the observation space is {space}: make it a Dict with one entry per sensor."
    if not _takes_actions(actions):
        yield f"the action space is {actions}: make it Box(-1, 1, (A,), float32), and scale in step()."


def _takes_actions(space: gymnasium.Space[Any]) -> bool:
    if not isinstance(space, Box) or space.dtype != np.float32 or len(space.shape) != 1:
        return False
    return bool((space.low == -1).all() and (space.high == 1).all())


def _action_repeat(env: Env, sensors: Sensors) -> Iterator[str]:
    repeat = env.get_wrapper_attr("action_repeat") if env.has_wrapper_attr("action_repeat") else 1
    if type(repeat) is not int or repeat < 1:
        yield f"action_repeat is {repeat!r}: make it an int, 1 or more: the environment steps of one action."


def _episode(env: Env, sensors: Sensors) -> Iterator[str]:
    random = np.random.default_rng(0)
    observation, info = env.reset(seed=0)
    yield from _observed(env, sensors, observation, info)
    for _ in range(LONGEST):
        observation, reward, terminated, truncated, info = env.step(_action(env, random))
        yield from _observed(env, sensors, observation, info)
        if not isinstance(reward, Real) or not np.isfinite(float(reward)):
            yield f"a reward is {reward!r}: make it a finite float."
        for name, end in (("terminated", terminated), ("truncated", truncated)):
            if type(end) is not bool:
                yield f"{name} is of type {type(end).__name__.rstrip('_')}: make it a bool."
        if terminated or truncated:
            yield from _metrics(info.get("metrics", {}))
            return
    yield f"an episode has not ended after {LONGEST} actions: truncate it."


def _observed(env: Env, sensors: Sensors, observation: Any, info: Mapping[str, Any]) -> Iterator[str]:
    missing = info.get("missing", ())
    if isinstance(missing, str) or not set(missing) <= sensors.keys():
        yield f'info["missing"] is {missing!r}: make it a tuple of names among {", ".join(sensors)}.'
    for name in sensors:
        space, value = env.observation_space[name], observation.get(name)  # type: ignore[index]
        if not isinstance(value, np.ndarray) or value.dtype != space.dtype or value.shape != space.shape:
            seen = f"{value.dtype} of shape {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
            yield f"sensor {name!r} gave {seen}: give {space.dtype} of shape {space.shape}, as its space says."
        elif not np.isfinite(value).all():
            yield f"sensor {name!r} gave a number that is not finite: give finite ones; where it is missing, zeros."


def _metrics(metrics: Any) -> Iterator[str]:
    if not isinstance(metrics, Mapping):
        yield f'info["metrics"] is of type {type(metrics).__name__}: make it a dict of floats.'
        return
    for name, value in metrics.items():
        if name in COUNTED:
            yield f'info["metrics"] has {name!r}, which coral counts itself: choose another name.'
        if not isinstance(value, Real | np.bool_) or not np.isfinite(float(value)):
            yield f'info["metrics"][{name!r}] is {value!r}: make it a finite float.'


def _seeds(env: Env, sensors: Sensors) -> Iterator[str]:
    first, _, again = (list(_beginning(env, sensors, seed)) for seed in (1, 2, 1))
    for step, (one, other) in enumerate(zip(first, again, strict=False)):  # an earlier end shows in a step before it
        for what in one:
            if one[what] != other[what]:
                yield (
                    f"{what} differs at step {step} of two episodes with the same seed: "
                    "draw all that is random from self.np_random, which reset(seed=...) seeds."
                )
                return


def _beginning(env: Env, sensors: Sensors, seed: int) -> Iterator[dict[str, object]]:
    """Yield what an episode shows at its reset and in its first five steps, copied."""
    random = np.random.default_rng(seed)
    observation, info = env.reset(seed=seed)
    yield _shown(sensors, observation, info)
    for _ in range(5):
        observation, reward, terminated, truncated, info = env.step(_action(env, random))
        end = (terminated, truncated)
        yield {"the reward": float(reward), "the end": end} | _shown(sensors, observation, info)
        if any(end):
            return


def _shown(sensors: Sensors, observation: Mapping[str, NDArray[Any]], info: Mapping[str, Any]) -> dict[str, object]:
    gone = set(info.get("missing", ()))
    values = {f"sensor {name!r}": None if name in gone else observation[name].tobytes() for name in sensors}
    return {'info["missing"]': gone, **values}


def _action(env: Env, random: np.random.Generator) -> NDArray[np.float32]:
    return random.uniform(-1, 1, env.action_space.shape).astype(np.float32)


def _picture(env: Env, sensors: Sensors) -> Iterator[str]:
    env.reset(seed=0)
    frame: Any = env.render()
    if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
        seen = f"{frame.dtype} of shape {frame.shape}" if isinstance(frame, np.ndarray) else type(frame).__name__
        yield f"render() gave {seen}: give an outside view, (H, W, 3) uint8."
    elif frame.shape[0] % 2 or frame.shape[1] % 2:
        yield f"render() gave {frame.shape[0]}x{frame.shape[1]} pixels: make both sides even, as films need them."


def _hidden_state(env: Env, sensors: Sensors) -> Iterator[str]:
    if not env.has_wrapper_attr("hidden_state"):
        return
    env.reset(seed=0)
    before: Any = env.get_wrapper_attr("hidden_state")()
    env.step(_action(env, np.random.default_rng(0)))
    after: Any = env.get_wrapper_attr("hidden_state")()
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        yield f"hidden_state() is of type {type(before).__name__}: make it a dict of arrays by name."
        return
    if {name: np.shape(value) for name, value in before.items()} != {name: np.shape(v) for name, v in after.items()}:
        yield "hidden_state() has other names or sizes after a step: always give the same ones."
    for name, value in before.items():
        if np.ndim(value) != 1 or np.asarray(value).dtype.kind not in "biuf" or not np.isfinite(value).all():
            yield f"hidden_state()[{name!r}] is {_one_line(value)}: give finite numbers, (D,)."


def _gymnasium(env: Env, sensors: Sensors) -> Iterator[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            check_env(env, skip_render_check=True, skip_close_check=True)
        except Exception as error:
            yield f"Gymnasium's check says: {_one_line(error)}"
    said = [re.sub(r"\x1b\[\d+m", "", str(warning.message)) for warning in caught]
    for line in said:  # others' warnings are not about the contract
        if line.startswith("WARN: ") and not _HARMLESS.search(line):
            yield f"Gymnasium's check warns: {_one_line(line.removeprefix('WARN: '))}"


def _closed_twice(env: Env, sensors: Sensors) -> Iterator[str]:
    env.close()
    try:
        env.close()
    except Exception as error:
        yield f"closing twice raised {type(error).__name__}: {_one_line(error)}: let a second close() do nothing."


def _one_line(message: object) -> str:
    return " ".join(str(message).split())
