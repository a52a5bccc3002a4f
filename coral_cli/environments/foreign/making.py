"""Makes a foreign environment from its name, and says what is wrong with a name that makes none."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import Any

import gymnasium
from gymnasium.envs.registration import load_env_creator

from coral_cli.environments.foreign.absent import remedy, unregistered
from coral_cli.environments.foreign.asking import Asked
from coral_cli.environments.foreign.options import GYMNASIUM
from coral_cli.environments.foreign.torch_settings import environments_own
from coral_cli.environments.foreign.versions import too_new
from coral_cli.registry.arguments import parted, typed
from coral_cli.registry.errors import CoralError, UsageError
from coral_cli.registry.nearest import meant
from coral_cli.registry.places import start

_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_FORMS = (
    f"Write {GYMNASIUM}:ID for an id of Gymnasium, {GYMNASIUM}:module:ID for one that importing a module registers, or "
    "my_package.my_module:make for a callable that returns one."
)

_OLDER = (
    "It is one of gym, from which Gymnasium came: let the callable return shimmy.GymV26CompatibilityV0(env=...), or "
    "GymV21CompatibilityV0 where step() gives four values (python -m pip install shimmy)."
)


def make_foreign(name: str) -> gymnasium.Env[Any, Any]:
    """Return the environment ``gym:ID``, ``gym:module:ID`` or ``package.module:callable``, drawing pictures if it can.

    What stands behind a ``?`` are arguments for what makes it. Raises UsageError when there is none, or when making it
    fails.
    """
    bare, texts = parted(name)
    arguments = {key: typed(text) for key, text in texts.items()}
    scheme, _, rest = bare.partition(":")
    creator: Any = None
    with environments_own():
        try:
            creator, make = _registered(rest) if scheme == GYMNASIUM else _imported(scheme, rest)
            env = make(**{**_asking_for_pictures(creator), **arguments})
            if _could_draw(env, creator) and "render_mode" not in arguments:
                env.close()
                env = make(render_mode="rgb_array", **arguments)
        except CoralError:
            raise
        except (Exception, SystemExit) as error:
            if clash := too_new(error):
                raise UsageError(f"{name} cannot be made: {clash[0]} ({one_line(error)}).", clash[1]) from error
            hint = _untaken(error, creator) or remedy(error) or f"Try it in Python: {_call(bare, arguments)}."
            raise UsageError(f"{name} cannot be made ({one_line(error)}).", hint) from error
    if not isinstance(env, gymnasium.Env):
        older = any(kind.__module__.partition(".")[0] == "gym" for kind in type(env).__mro__)
        raise UsageError(
            f"{name} returns a {type(env).__name__}, which is no gymnasium.Env.", _OLDER if older else _FORMS
        )
    return env


def undrawable(asked: Asked) -> tuple[str, str] | None:
    """Say why ``render()`` gives no picture, and what mends that; None when it does. Begins an episode."""
    mend = "Let it draw: render_mode 'rgb_array', and a render() that gives (H, W, 3) uint8."
    if asked.env.render_mode != "rgb_array":
        return "it cannot render rgb_array", mend
    asked.reset(0, None)
    try:
        wrong = not_a_picture(asked.render())
    except (Exception, SystemExit) as error:
        return one_line(error), remedy(error) or mend
    return (wrong, mend) if wrong else None


def not_a_picture(frame: object) -> str | None:
    """Return what is wrong with a frame that should be (H, W, 3) uint8; None when nothing is."""
    array = frame if hasattr(frame, "dtype") and hasattr(frame, "shape") else None
    if array is None:
        return f"render() gives a {type(frame).__name__}"
    if array.dtype != "uint8" or len(array.shape) != 3 or array.shape[2] != 3:
        return f"render() gives {array.dtype} of shape {tuple(array.shape)}, not uint8 of (H, W, 3)"
    return None


def one_line(error: BaseException) -> str:
    """Return the type and the first line of an error."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _registered(name: str) -> tuple[Any, Callable[..., Any]]:
    """Find ``ID``, or ``module:ID`` once that module is imported: what Gymnasium calls, and how we have it do so."""
    module, colon, env_id = name.rpartition(":")
    if colon:
        _import(module, f"{GYMNASIUM}:{name}")
    try:
        spec = gymnasium.spec(env_id)
    except gymnasium.error.Error as error:
        if colon:
            hint = meant(env_id, gymnasium.registry, _FORMS, f"{GYMNASIUM}:{module}:{{}}")
            raise UsageError(f"importing {module} registers no environment {env_id!r}.", hint) from error
        raise UsageError(f"Gymnasium has no environment {env_id!r}.", unregistered(env_id)) from error

    creator = spec.entry_point if callable(spec.entry_point) else load_env_creator(str(spec.entry_point))
    return creator, partial(gymnasium.make, spec, disable_env_checker=True)


def _import(module_name: str, name: str) -> ModuleType:
    if not _PATH.fullmatch(module_name):
        raise UsageError(f"{name} names no environment.", _FORMS)
    if str(start()) not in sys.path and "" not in sys.path:
        sys.path.append(str(start()))  # as `python -m` would: the environment may be a file beside the user
    try:
        return importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise _unimported(module_name, error) from error


def _imported(module_name: str, attribute: str) -> tuple[Any, Callable[..., Any]]:
    name = f"{module_name}:{attribute}"
    if not _PATH.fullmatch(attribute):
        raise UsageError(f"{name} names no environment.", _FORMS)
    found: Any = _import(module_name, name)
    for part in attribute.split("."):
        if not hasattr(found, part):
            offered = [key for key, value in vars(found).items() if callable(value) and not key.startswith("_")]
            hint = meant(part, offered, _FORMS, f"{module_name}:{{}}")
            raise UsageError(f"module {module_name!r} has no {attribute!r}.", hint)
        found = getattr(found, part)
    if not callable(found):
        raise UsageError(f"{name} is a {type(found).__name__}, which cannot be called.", _FORMS)
    return found, found


def _unimported(module_name: str, error: Exception | SystemExit) -> UsageError:
    absent = error.name if isinstance(error, ModuleNotFoundError) else None
    if absent and f"{module_name}.".startswith(f"{absent}."):
        return UsageError(
            f"there is no module {absent!r}.", "Install it, or start coral in the directory that holds it."
        )
    needs = f"it needs {absent!r}, which is not installed" if absent else one_line(error)
    hint = remedy(error) or f"Try it in Python: import {module_name}."
    return UsageError(f"module {module_name!r} cannot be imported ({needs}).", hint)


def _asking_for_pictures(creator: Any) -> dict[str, str]:
    """Return the argument that asks for pictures, if ``creator`` takes it and does not declare that it draws none."""
    declared = getattr(creator, "metadata", None)
    modes = (declared.get("render_modes") or ()) if isinstance(declared, dict) else ()
    parameters = _parameters(creator)
    passes_on = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    if "rgb_array" in modes:
        takes = "render_mode" in parameters or passes_on
    else:
        takes = "render_mode" in parameters and not modes
    return {"render_mode": "rgb_array"} if takes else {}


def _could_draw(env: object, creator: Any) -> bool:
    """Whether an environment that was not asked for pictures draws them, and its maker, which tells no modes, asks."""
    passes_on = any(parameter.kind is parameter.VAR_KEYWORD for parameter in _parameters(creator).values())
    if not (isinstance(env, gymnasium.Env) and passes_on and env.render_mode is None):
        return False
    return "rgb_array" in ((env.metadata or {}).get("render_modes") or ())


def _parameters(creator: Any) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(creator).parameters
    except (TypeError, ValueError):
        return {}


def _untaken(error: BaseException, creator: Any) -> str:
    """Say which arguments ``creator`` takes, where ``error`` says that one is none; "" otherwise."""
    found = re.search(r"unexpected keyword argument '(\w+)'", str(error)) if isinstance(error, TypeError) else None
    taken = [name for name in _parameters(creator) if name not in ("self", "args", "kwargs")]
    return meant(found[1], taken, f"It takes: {', '.join(taken)}.") if found and taken else ""


def _call(name: str, arguments: Mapping[str, Any]) -> str:
    scheme, _, rest = name.partition(":")
    given = [f"{key}={value!r}" for key, value in arguments.items()]
    if scheme == GYMNASIUM:
        module, _, env_id = rest.rpartition(":")
        return f"import gymnasium{module and ', '}{module}; gymnasium.make({', '.join([repr(env_id), *given])})"
    return f"import {scheme}; {scheme}.{rest}({', '.join(given)})"
