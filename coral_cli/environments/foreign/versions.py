"""Simulators that break with a newer MuJoCo, and the one that they work with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from coral_cli.registry.errors import frames_of


@dataclass(frozen=True)
class Fitting:
    """The newest MuJoCo that a package works with, and the dm_control that fits that."""

    package: str
    mujoco: str
    dm_control: str


FITTING = {"gymnasium_robotics": Fitting("gymnasium-robotics", "3.11.0", "1.0.44")}
"""What each module's package fits.

Fetch, Hand and Kitchen ask whether a number is among MuJoCo's enums, which is never true from 3.12 on.
"""


def too_new(error: BaseException) -> tuple[str, str] | None:
    """Return why ``error`` may come of a newer MuJoCo than its package works with, and the line that mends it.

    None where no such package's code was running, or MuJoCo is no newer.
    """
    modules = {module.partition(".")[0] for module, _, _ in frames_of(error)}
    fitting = next((found for module, found in FITTING.items() if module in modules), None)
    if fitting is None:
        return None
    try:
        installed, package = version("mujoco"), version(fitting.package)
    except PackageNotFoundError:
        return None
    if _numbers(installed) <= _numbers(fitting.mujoco):
        return None
    why = f"{fitting.package} {package} works with MuJoCo up to {fitting.mujoco}, and {installed} is installed"
    return why, f"python -m pip install mujoco=={fitting.mujoco} dm-control=={fitting.dm_control}"


def _numbers(text: str) -> tuple[int, ...]:
    """Return the first three numbers of a version."""
    return tuple(map(int, re.findall(r"\d+", text)[:3]))
