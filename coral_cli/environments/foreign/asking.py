"""A foreign environment, asked as Gymnasium says, and its answers held to that."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from coral_cli.environments.foreign.torch_settings import environments_own
from coral_cli.registry.errors import CoralError

_PARTS = {"reset": ("observation", "info"), "step": ("observation", "reward", "terminated", "truncated", "info")}


class Asked:
    """The environment called ``name``. Every method raises CoralError for an answer that Gymnasium does not know.

    ``steps`` are those of this episode.
    """

    def __init__(self, name: str, env: gymnasium.Env[Any, Any]) -> None:
        self.name, self.env, self.steps = name, env, 0
        self.closed = False

    def reset(self, seed: int | None, options: dict[str, Any] | None) -> tuple[Any, Mapping[str, Any]]:
        """Begin an episode. Options are passed on where there are any, as not every environment takes them.

        A seed is below 2**31: simulators in C take no more. It also seeds Python's and NumPy's global streams, from
        which some environments draw whatever seed they are given.
        """
        self.steps = 0
        if seed is not None:
            seed %= 2**31
            random.seed(seed)
            np.random.seed(seed)
        observation, info = self._answer("reset", seed=seed, **({} if options is None else {"options": options}))
        return observation, self._info("reset", info)

    def step(self, action: NDArray[Any]) -> tuple[Any, float, bool, bool, Mapping[str, Any]]:
        """Do one environment step."""
        self.steps += 1
        observation, reward, terminated, truncated, info = self._answer("step", action)
        return (
            observation,
            reward if type(reward) is float else self._number("reward", reward, "biuf"),
            terminated if type(terminated) is bool else bool(self._number("terminated", terminated, "biu")),
            truncated if type(truncated) is bool else bool(self._number("truncated", truncated, "biu")),
            self._info("step", info),
        )

    def render(self) -> Any:
        """Return what the environment draws. Raises what it raises."""
        with environments_own():
            return self.env.render()

    def close(self) -> None:
        """Close the environment. Closing twice is allowed, whatever the environment thinks of it."""
        if not self.closed:
            self.closed = True
            with environments_own():
                self.env.close()

    def wrong(self, method: str, what: str, hint: str = "") -> CoralError:
        """Return the error for a ``method`` that does ``what``: it says in which step, and where the method stands."""
        when = f"at step {self.steps} of an episode" if method == "step" else "at the start of an episode"
        return CoralError(f"{self.name} {what} {when}{self._place(method)}.", hint)

    def _answer(self, method: str, *arguments: Any, **named: Any) -> tuple[Any, ...]:
        parts = _PARTS[method]
        hint = f"{method}() gives {', '.join(parts)} in Gymnasium: change it so, or wrap the environment."
        try:
            with environments_own():
                answer = getattr(self.env, method)(*arguments, **named)
        except TypeError as error:
            if not (untaken := re.search(r"reset\(\) got an unexpected keyword argument '(seed|options)'", str(error))):
                raise
            takes = "Gymnasium's is reset(self, *, seed=None, options=None): change it so, or wrap the environment."
            raise self.wrong(method, f"has a reset() without {untaken[1]!r}, which is asked for", takes) from error
        except ValueError as error:
            if not (_raised_by_gymnasium(error) and re.search(r"values to unpack \(expected [25]", str(error))):
                raise
            raise self.wrong(method, f"does not give {len(parts)} values from {method}()", hint) from error
        if not isinstance(answer, tuple) or len(answer) != len(parts):
            given = f"{len(answer)} values" if isinstance(answer, tuple) else f"a {type(answer).__name__}"
            raise self.wrong(method, f"gives {given} from {method}(), not {len(parts)},", hint)
        return answer

    def _number(self, part: str, value: Any, kinds: str) -> float:
        """Return one number, also given as an array of one."""
        array = np.asarray(value)
        if array.size != 1 or array.dtype.kind not in kinds:
            sort = "True or False" if part != "reward" else "a number"
            shown = repr(value) if array.size == 1 else f"an array of {array.size}"
            raise self.wrong("step", f"gives {shown} as {part!r}", f"Let step() give {sort}.")
        return float(array.reshape(()))

    def _info(self, method: str, info: Any) -> Mapping[str, Any]:
        if not isinstance(info, Mapping):
            raise self.wrong(method, f"gives a {type(info).__name__} as 'info'", "Let it give a dict: {} will do.")
        return info

    def _place(self, method: str) -> str:
        """Say where the innermost environment's method begins; "" where that cannot be told."""
        code = getattr(getattr(type(self.env.unwrapped), method, None), "__code__", None)
        return f" ({'/'.join(Path(code.co_filename).parts[-2:])}, line {code.co_firstlineno})" if code else ""


def _raised_by_gymnasium(error: Exception) -> bool:
    """Whether a wrapper of Gymnasium's stumbled, which expects its answers of what it wraps."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__", "")).startswith("gymnasium.")
