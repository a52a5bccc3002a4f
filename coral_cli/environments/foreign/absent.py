"""What an environment needs that is not installed, and the line that installs it."""

from __future__ import annotations

import re
import sys
from importlib.metadata import distributions, packages_distributions, version

import gymnasium

from coral_cli.environments.foreign.options import GYMNASIUM
from coral_cli.registry.nearest import nearest
from coral_cli.registry.sources import required
from coral_cli.version import CORE

_PACKAGES = {
    "ale_py": "ale-py",
    "box2d": '"gymnasium[box2d]"',
    "Box2D": '"gymnasium[box2d]"',
    "cv2": "opencv-python",
    "glfw": "glfw",
    "gym": "gym",
    "imageio": "imageio",
    "mujoco": "mujoco",
    "PIL": "pillow",
    "pybullet": "pybullet",
    "pygame": "pygame",
    "scipy": "scipy",
    "shimmy": "shimmy",
    "yaml": "pyyaml",
}
"""Packages by the modules that they install, where we know them: a module's name may be another package's."""

_INSTALLING = re.compile(r"pip install [\w\"'\[\],.=<>~ -]*[\w\"'\]]")


def remedy(error: BaseException) -> str:
    """Say what to install when ``error``, or what led to it, tells of something missing; "" when it does not."""
    seen: BaseException | None = error
    found = ""
    while seen is not None:
        if isinstance(seen, ModuleNotFoundError) and seen.name:
            found = _lacking(seen.name)
        elif isinstance(seen, ImportError) or type(seen).__name__ == "DependencyNotInstalled":
            said = [f"python -m {line}" for line in _INSTALLING.findall(str(seen))]
            found = " && ".join(dict.fromkeys(said)) or found
        if found.startswith("python"):
            break
        seen = seen.__cause__ or seen.__context__
    return found


def _lacking(name: str) -> str:
    """Say what to install where there is no module ``name``: its package, or another version of that."""
    module, dot, _ = name.partition(".")
    if dot and module in sys.modules and (packages := packages_distributions().get(module)):
        return f"{packages[0]} {version(packages[0])} is installed, and has no {name}: install a version that has it."
    package = _PACKAGES.get(module)
    return f"python -m pip install {package}" if package else f"Install the package that holds module {module!r}."


def unregistered(env_id: str) -> str:
    """Say what to write instead of an id that is not registered: a similar one, or what registers it."""
    near = nearest(env_id, gymnasium.registry, 0.8)
    modules = ", ".join(registering())
    example = f"{GYMNASIUM}:module:{env_id}"
    hint = f"If importing a module registers it, write {example}"
    hint += f"; installed and made for Gymnasium: {modules}." if modules else "."
    return f"Did you mean {GYMNASIUM}:{near}? {hint}" if near else hint


def registering() -> list[str]:
    """Return the modules of installed packages that require Gymnasium and may register environments, in order."""
    users = {
        distribution.metadata["Name"]
        for distribution in distributions()
        if any(required(line) == "gymnasium" and "extra ==" not in line for line in distribution.requires or ())
    }
    return sorted(
        module
        for module, names in packages_distributions().items()
        if users & set(names) and CORE not in names and module.isidentifier() and not module.startswith("_")
    )
