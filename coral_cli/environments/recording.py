"""An environment of which there are recordings alone: it says which sensors there are, and cannot be made.

Its name says it all, so that whatever was learned from a recording can be opened where the recording is not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, get_args

from coral_cli.registry.errors import UsageError
from coral_cli.registry.records import RECORDING, Environment
from coral_cli.registry.sensors import Rendering, SensorKind

UNPAID = "no-rewards"
SENSOR = r"[A-Za-z0-9][A-Za-z0-9_-]*"
"""The form of a sensor's name: what a flag and a module of torch can both be called."""
_ONE = rf"{SENSOR}=(?:{'|'.join(get_args(SensorKind))})"
_NAME = re.compile(rf"{re.escape(RECORDING)}{_ONE}(?:,{_ONE})*(?:,{UNPAID})?\)")
_EACH = re.compile(rf"({SENSOR})=(\w+)")


@dataclass(frozen=True)
class Recording(Environment):
    """A recorded environment; ``rewarded`` says whether there are rewards, which a reward head can learn."""

    rewarded: bool = True


def name_of_recording(sensors: Mapping[str, SensorKind], rewarded: bool = True) -> str:
    """Return what the environment of a recording with these sensors is called: ``recording(eye=image,skin=vector)``."""
    parts = [f"{name}={kind}" for name, kind in sensors.items()] + ([] if rewarded else [UNPAID])
    return f"{RECORDING}{','.join(parts)})"


def recording(name: str) -> Recording | None:
    """Return the environment that ``name_of_recording`` has given this name; None for other names."""
    if not _NAME.fullmatch(name):
        return None
    sensors: dict[str, Any] = dict(_EACH.findall(name))
    summary = "A recording: there is nothing to play."
    rewarded = not name.endswith(f"{UNPAID})")
    return Recording(name, summary, _build, sensors=sensors, suite="recorded", require=_require, rewarded=rewarded)


def _build(options: object, rendering: Rendering) -> NoReturn:
    _require()
    raise AssertionError


def _require() -> None:
    raise UsageError("it is known from a recording alone.", "Name an environment: --env NAME. `coral envs` lists them.")
