"""Which backend draws: EGL, else OSMesa, else the built-in ray caster.

Found out by drawing a frame in a child process, before mujoco is imported here.
"""

from __future__ import annotations

import ctypes
import functools
import os
import subprocess
import sys
from collections.abc import MutableMapping
from typing import TYPE_CHECKING

from coral_cli.environments.rendering.libraries import load_triton
from coral_cli.registry.errors import CoralError, UsageError

if TYPE_CHECKING:
    from coral_cli.registry.sensors import Backend

OPENGL: tuple[Backend, ...] = ("egl", "osmesa")
BACKENDS: tuple[Backend, ...] = (*OPENGL, "raycast")

_LIBRARIES = {"egl": ("libEGL.so.1",), "osmesa": ("libOSMesa.so.8", "libOSMesa.so.6")}
_PACKAGES = {"egl": "libegl1 libgl1", "osmesa": "libosmesa6"}
_SILENT = {
    "LP_NUM_THREADS": "0",  # Mesa's software rasteriser is faster without threads on small frames
    "DISABLE_RENDER_THREAD_OFFLOADING": "1",  # dm_control would start a thread that complains at exit
}
_DRAW_ONE_FRAME = """
import mujoco
model = mujoco.MjModel.from_xml_string("<mujoco><worldbody><light/><geom size='1'/></worldbody></mujoco>")
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
with mujoco.Renderer(model, 16, 16) as renderer:
    renderer.update_scene(data)
    assert renderer.render().any(), "the frame is black"
"""


def select_backend(requested: str = "auto", environ: MutableMapping[str, str] = os.environ) -> Backend:
    """Return the backend to draw with: ``"egl"``, ``"osmesa"`` or ``"raycast"``.

    ``"auto"`` takes the first that works: what the user's ``MUJOCO_GL`` names, EGL, OSMesa, the ray caster.
    Sets in ``environ`` what a later ``import mujoco`` reads, and loads what must come before any drawing, so call this
    first; takes less than a second, and no time when called again.

    Raises UsageError for an unknown name and CoralError when the backend asked for does not work.
    """
    if requested not in ("auto", *BACKENDS):
        raise UsageError(f"there is no renderer named {requested!r}.", f"Choose from: auto, {', '.join(BACKENDS)}.")
    if requested == "auto":
        backend = _first_working(environ.get("MUJOCO_GL", "").lower().strip())
    elif error := probe(requested):
        hint = (
            f"On Debian or Ubuntu: apt-get install -y --no-install-recommends {_PACKAGES[requested]}; or use raycast."
        )
        raise CoralError(f"the renderer {requested} does not work here ({error}).", hint)
    else:
        backend = next(name for name in BACKENDS if name == requested)
    environ.update(settings(backend))
    load_triton()
    return backend


def _first_working(wish: str) -> Backend:
    if wish in ("disable", "disabled", "off", "false", "0"):
        return "raycast"
    wished = tuple(name for name in OPENGL if name == wish)
    return next(backend for backend in (*wished, *BACKENDS) if probe(backend) is None)


@functools.cache
def probe(backend: str) -> str | None:
    """Draw a frame in a child process. Return None when that worked, else one line saying why not."""
    if backend not in OPENGL:
        return None
    if not any(_loads(library) for library in _LIBRARIES[backend]):
        return f"{_LIBRARIES[backend][0]} is not installed"
    command = [sys.executable, "-c", _DRAW_ONE_FRAME]
    try:
        child = subprocess.run(
            command, env={**os.environ, **settings(backend)}, capture_output=True, text=True, timeout=60
        )
    except subprocess.TimeoutExpired:
        return "drawing one frame took longer than a minute"
    if child.returncode == 0:
        return None
    return (child.stderr.strip().splitlines() or [f"exit code {child.returncode}"])[-1]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def settings(backend: str) -> dict[str, str]:
    """Return the environment variables that make mujoco, dm_control and PyOpenGL use ``backend``, or no OpenGL."""
    if backend in OPENGL:
        return {**_SILENT, "MUJOCO_GL": backend, "PYOPENGL_PLATFORM": backend}
    return {**_SILENT, "MUJOCO_GL": "disable"}
