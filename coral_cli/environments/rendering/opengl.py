"""Draws with OpenGL through contexts of its own: without shadows, a 64x64 frame costs about a millisecond."""

from __future__ import annotations

import atexit
import functools
import importlib
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import mujoco
import numpy as np

_MULTISAMPLES = {"fast": 0, "smooth": 4}
_MAX_GEOMS = 10_000
_open: weakref.WeakSet[OpenGLRenderer] = weakref.WeakSet()


@functools.cache
def _close_at_exit() -> None:
    """To be called after the first context is made: mujoco then ends EGL at exit, and this must come before."""

    def close_all() -> None:
        for renderer in tuple(_open):
            renderer.close()

    atexit.register(close_all)


class OpenGLRenderer:
    """Draws ``model`` at one size and quality.

    ``fast`` has no multisampling, shadows or reflections; ``smooth`` has 4 samples a pixel; ``paper`` is what
    the model asks for, as dm_control draws it. Any number of renderers may live side by side, in one thread.
    """

    def __init__(self, model: mujoco.MjModel, height: int, width: int, quality: str, backend: str) -> None:
        self._model = model
        self._viewport = mujoco.MjrRect(0, 0, width, height)
        self._pixels = np.empty((height, width, 3), np.uint8)
        self._camera = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._option = mujoco.MjvOption()
        self._scene = mujoco.MjvScene(model, maxgeom=_MAX_GEOMS)
        if quality != "paper":
            self._scene.flags[int(mujoco.mjtRndFlag.mjRND_SHADOW)] = False
            self._scene.flags[int(mujoco.mjtRndFlag.mjRND_REFLECTION)] = False
        self._gl = importlib.import_module(f"mujoco.{backend}").GLContext(width, height)
        self._gl.make_current()
        with _offscreen(model, height, width, _MULTISAMPLES.get(quality)):
            self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        _open.add(self)
        _close_at_exit()

    def render(self, data: mujoco.MjData, camera: int) -> np.ndarray:
        """A new (H, W, 3) uint8 image from the model's camera ``camera``."""
        self._gl.make_current()
        self._camera.fixedcamid = camera
        mujoco.mjv_updateScene(
            self._model, data, self._option, None, self._camera, mujoco.mjtCatBit.mjCAT_ALL, self._scene
        )
        mujoco.mjr_render(self._viewport, self._scene, self._context)
        mujoco.mjr_readPixels(self._pixels, None, self._viewport, self._context)
        return self._pixels[::-1].copy()  # OpenGL counts rows from below

    def upload_height_fields(self) -> None:
        """Call this after the model's height fields have changed."""
        self._gl.make_current()
        for index in range(self._model.nhfield):
            mujoco.mjr_uploadHField(self._model, self._context, index)

    def close(self) -> None:
        """Frees the contexts. Closing twice is allowed."""
        if self._gl is not None:
            self._gl.make_current()
            self._context.free()
            self._gl.free()
            self._gl = None

    def __del__(self) -> None:
        if getattr(self, "_context", None) is not None:  # else the constructor has failed
            self.close()


@contextmanager
def _offscreen(model: mujoco.MjModel, height: int, width: int, samples: int | None) -> Iterator[None]:
    """The model's offscreen buffer as a new MjrContext should make it; the model is left as it was."""
    size, quality = model.vis.global_, model.vis.quality
    before = size.offheight, size.offwidth, quality.offsamples, quality.shadowsize
    size.offheight, size.offwidth = height, width
    if samples is not None:
        quality.offsamples, quality.shadowsize = samples, 0
    try:
        yield
    finally:
        size.offheight, size.offwidth, quality.offsamples, quality.shadowsize = before
