"""What an environment needs that is not installed, and the line that installs it."""

from __future__ import annotations

import re

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
            module = seen.name.partition(".")[0]
            package = _PACKAGES.get(module)
            found = (
                f"python -m pip install {package}" if package else f"Install the package that holds module {module!r}."
            )
        elif isinstance(seen, ImportError) or type(seen).__name__ == "DependencyNotInstalled":
            said = [f"python -m {line}" for line in _INSTALLING.findall(str(seen))]
            found = " && ".join(dict.fromkeys(said)) or found
        if found.startswith("python"):
            break
        seen = seen.__cause__ or seen.__context__
    return found
