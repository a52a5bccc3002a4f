"""Whether dm_control is here and fits the MuJoCo and NumPy beside it, told from versions alone.

dm_control names each attribute of MuJoCo's structures, so a release works with few others than the MuJoCo that it was
made for, although it states a lower bound only.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from importlib.util import find_spec

from coral_cli.registry.errors import AbsentError, UsageError

FITTING: tuple[tuple[str, str, str], ...] = (
    ("1.0.50", "3.17", "3.17"),
    ("1.0.49", "3.16", "3.17"),
    ("1.0.48", "3.15", "3.17"),
    ("1.0.47", "3.14", "3.14"),
    ("1.0.46", "3.13", "3.14"),
    ("1.0.45", "3.12", "3.14"),
    ("1.0.44", "3.11", "3.14"),
    ("1.0.43", "3.10", "3.10"),
    ("1.0.41", "3.8.1", "3.8"),
    ("1.0.40", "3.8", "3.8"),
    ("1.0.39", "3.7", "3.10"),
    ("1.0.38", "3.6", "3.10"),
    ("1.0.37", "3.5", "3.5"),
    ("1.0.36", "3.4", "3.4"),
    ("1.0.34", "3.3.6", "3.4"),
    ("1.0.31", "3.3.3", "3.3.5"),
    ("1.0.30", "3.3.2", "3.3.2"),
    ("1.0.28", "3.3", "3.3.2"),
)
"""Each dm_control, and the first and the last MuJoCo that the suite, the ant and the Jaco arm were made with."""

_NEEDED = {"dm_env": "dm-env", "tree": "dm-tree", "lxml": "lxml", "scipy": "scipy"}
"""Modules that dm_control imports and MuJoCo does not bring along, and what holds them."""

_NEW_NUMPY = ("1.0.36", "2.4")
"""A dm_control and a NumPy: the quadruped of any older dm_control calls a function that NumPy has not had since."""


def fits(mujoco: str, first: str, last: str) -> bool:
    """Return whether a version of MuJoCo lies between two, the last with all that begins like it."""
    from packaging.version import Version  # which takes as long as all else here

    release, end = Version(mujoco).release, Version(last).release
    return Version(mujoco) >= Version(first) and release[: len(end)] <= end


def fitting(mujoco: str) -> str:
    """Return the newest dm_control known to work with a version of MuJoCo, or the newest known where there is none."""
    return next((control for control, first, last in FITTING if fits(mujoco, first, last)), FITTING[0][0])


def install_command(mujoco: str, python: tuple[int, int] = sys.version_info[:2]) -> str:
    """Return the command that installs the dm_control that fits; from Python 3.13 on without labmaze."""
    return _pip(f"{'--no-deps ' if python >= (3, 13) else ''}dm-control=={fitting(mujoco)}")


def _pip(wanted: str) -> str:
    return f"{shlex.quote(sys.executable)} -m pip install {wanted}"


@dataclass(frozen=True)
class Obstacle:
    """The reason why dm_control does not work, and the command that mends it."""

    reason: str
    command: str
    absent: bool = False
    """Whether dm_control is not there at all."""


def obstacle(mujoco: str, control: str | None, numpy: str = "") -> Obstacle | None:
    """Return what keeps these versions from working together; None where nothing is known.

    ``control`` is None where dm_control is not installed; ``numpy`` is "" where it does not matter.
    """
    from packaging.version import Version

    if Version(mujoco) < Version(FITTING[-1][1]):
        return Obstacle(f"mujoco {mujoco} is too old", _pip(f"'mujoco>={FITTING[-1][1]}'"))
    command = install_command(mujoco)
    if control is None:
        return Obstacle("dm-control is not installed", command, absent=True)
    if not _works(mujoco, control):
        return Obstacle(f"dm-control {control} does not work with mujoco {mujoco}", command)
    if numpy and Version(control) < Version(_NEW_NUMPY[0]) and Version(numpy) >= Version(_NEW_NUMPY[1]):
        mended = _pip(f"'numpy<{_NEW_NUMPY[1]}'")
        return Obstacle(f"dm-control {control} does not work with numpy {numpy} in this task", mended)
    return None


def _works(mujoco: str, control: str) -> bool:
    """Return whether two versions were tried together, or are too new to have been."""
    from packaging.version import Version

    newest, first, _ = FITTING[0]
    if Version(control) > Version(newest) or (control == newest and Version(mujoco) >= Version(first)):
        return True
    return any(control == known and fits(mujoco, first, last) for known, first, last in FITTING)


def require_dm_control() -> None:
    """Raise AbsentError where dm_control is not installed, and UsageError where it does not fit MuJoCo.

    Either tells the command that mends it. Only versions are looked at; nothing of dm_control is imported.
    """
    require_versions()


def require_quadruped() -> None:
    """Raise what ``require_dm_control`` raises, and UsageError where dm_control's quadruped does not fit NumPy."""
    require_versions(metadata.version("numpy"))


@cache
def require_versions(numpy: str = "") -> None:
    """Raise what ``require_dm_control`` raises, with ``numpy`` for a part that needs a NumPy that fits; look once."""
    try:
        control = metadata.version("dm-control")
    except metadata.PackageNotFoundError:
        control = None
    found = obstacle(metadata.version("mujoco"), control, numpy) or _incomplete()
    if found is not None:
        raise (AbsentError if found.absent else UsageError)(f"{found.reason}.", found.command)


def _incomplete() -> Obstacle | None:
    """Return what dm_control needs and is not there, as after an installation without its requirements."""
    lacking = [package for module, package in _NEEDED.items() if find_spec(module) is None]
    return Obstacle(f"dm-control lacks {', '.join(lacking)}", _pip(" ".join(lacking))) if lacking else None
