"""Records of foreign environments, found by their name. Importing this does not import Gymnasium."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Collection, Mapping
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from coral_cli.environments.foreign.known import Split, known_split, told
from coral_cli.environments.foreign.options import GYMNASIUM, ForeignOptions
from coral_cli.plugin import Environment, Rendering
from coral_cli.registry.arguments import MARK, named
from coral_cli.registry.errors import CoralError, UsageError, raised_by
from coral_cli.registry.records import no_note
from coral_cli.registry.sensors import SensorKind
from coral_cli.registry.streams import aside

if TYPE_CHECKING:
    import gymnasium

    from coral_cli.environments.foreign.adapter import Foreign

_BUILT: WeakSet[Foreign] = WeakSet()
_ONE = "Where there can be only one, add --eval-every 0: training needs a second one to evaluate in."


@functools.cache
def resolve_foreign(name: str) -> Environment | None:
    """Return the record of ``gym:ID``, ``gym:module:ID`` or ``package.module:callable``; None without a colon.

    Its name holds the arguments behind a ``?`` in the order of their keys. The environment is made once, to see its
    sensors, and closed again. Raises UsageError when there is no such environment, when it cannot be made, or when its
    observations or actions cannot be adapted.
    """
    if ":" not in name.partition(MARK)[0]:
        return None
    if named(name) != name:
        return resolve_foreign(named(name))
    from coral_cli.environments.foreign.adapter import Foreign
    from coral_cli.environments.foreign.asking import Asked
    from coral_cli.environments.foreign.entries import vectors
    from coral_cli.environments.foreign.making import make_foreign, one_line, undrawable
    from coral_cli.environments.foreign.versions import too_new
    from coral_cli.environments.rendering.backend import select_backend

    select_backend()  # the environment may import mujoco, which must not fail for want of OpenGL
    with aside(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they come again when the environment is built
        asked = Asked(name, make_foreign(name))
        try:
            with closing(asked):
                reason = undrawable(asked)
                adapted = Foreign(name, asked.env, ForeignOptions(), Rendering(), draws=reason is None)
        except CoralError:
            raise
        except (Exception, SystemExit) as error:
            if clash := too_new(error):
                raise UsageError(f"{name} cannot be used: {clash[0]} ({one_line(error)}).", clash[1]) from error
            raise raised_by(f"environment {name}", error) from error
    in_gymnasium = name.startswith(f"{GYMNASIUM}:")
    without = reason if reason and "image" not in adapted.kinds.values() else ("", "")
    sizes = {sensor: reader.space.shape[0] for sensor, reader in vectors(adapted.readers).items()}
    split = known_split(name, sizes)
    return Environment(
        name,
        f"{'Gymnasium' if in_gymnasium else 'Python'}: {name.removeprefix(f'{GYMNASIUM}:')}.",
        partial(_build, name, reason is None),
        ForeignOptions() if split is None else ForeignOptions(proprio=split.entries),
        sensors=adapted.kinds,
        defaults={} if split is None else {"sensors": _felt(adapted.kinds, split)},
        suite="gymnasium" if in_gymnasium else "python",
        action_size=adapted.action_space.shape[0],
        no_image=without,
        note=no_note if split is None else partial(_note, name, split, sizes),
    )


def unmade(name: str, kinds: Mapping[str, SensorKind]) -> Environment:
    """Return what stands for a foreign environment where its agent alone is wanted: nothing is imported or made."""
    return Environment(name, "Not made here.", _not_made, ForeignOptions(), sensors=kinds)


def _not_made(options: ForeignOptions, rendering: Rendering) -> gymnasium.Env[dict[str, Any], Any]:
    raise AssertionError("an environment that only stands for another is not made")


def _felt(kinds: Mapping[str, SensorKind], split: Split) -> tuple[str, ...]:
    """Return the sensors but for the vectors of which nothing is the robot's own."""
    return tuple(sensor for sensor, kind in kinds.items() if kind != "vector" or sensor in split.own)


def _note(name: str, split: Split, sizes: Mapping[str, int], options: ForeignOptions, sensors: Collection[str]) -> str:
    return told(name, split, sizes, options.proprio, sensors)


def _build(name: str, draws: bool, options: ForeignOptions, rendering: Rendering) -> gymnasium.Env[dict[str, Any], Any]:
    from coral_cli.environments.foreign.adapter import Foreign
    from coral_cli.environments.foreign.making import make_foreign

    try:
        env = Foreign(name, make_foreign(name), options, rendering, draws)
    except UsageError as error:
        if any(other.name == name and not other.closed for other in _BUILT):
            raise UsageError(f"a second {error.message}", _ONE) from error
        raise
    _BUILT.add(env)
    return env
