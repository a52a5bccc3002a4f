"""Draws with OpenGL through contexts of its own: without shadows, a 64x64 frame costs about a millisecond."""

from __future__ import annotations

import atexit
import importlib
import math
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import mujoco
import numpy as np

_PIXELS_OFF = 1 / 3
"""Pixels that a polygon may be off the circle it stands for, when that circle is half as wide as the image."""
_MAX_GEOMS = 10_000  # below 256 * 256, so that two bytes of a colour can name each of them
_SKY = int(mujoco.mjtRndFlag.mjRND_SKYBOX)
_CODED = (int(mujoco.mjtRndFlag.mjRND_SEGMENT), int(mujoco.mjtRndFlag.mjRND_IDCOLOR))
_GEOM, _SITE = int(mujoco.mjtObj.mjOBJ_GEOM), int(mujoco.mjtObj.mjOBJ_SITE)
_made: weakref.WeakSet[OpenGLRenderer] = weakref.WeakSet()


def open_renderers() -> list[OpenGLRenderer]:
    """Return all renderers that hold contexts, since they have not been closed."""
    return [renderer for renderer in _made if not renderer.closed]


def _close_all() -> None:
    for renderer in open_renderers():
        renderer.close()


def _close_at_exit() -> None:
    """Have contexts closed at exit, before mujoco and dm_control end EGL there; call this after one is made."""
    atexit.unregister(_close_all)
    atexit.register(_close_all)


class OpenGLRenderer:
    """A renderer that draws ``model`` at one size and quality.

    ``fast`` has no multisampling, shadows or reflections, and round shapes with as few sides as an image of this size
    can show; ``smooth`` has 4 samples a pixel and round shapes as the model asks for; ``paper`` is all that the model
    asks for, as dm_control draws it. Any number of renderers may live side by side, in one thread.
    """

    def __init__(self, model: mujoco.MjModel, height: int, width: int, quality: str, backend: str) -> None:
        self._model = model
        self._viewport = mujoco.MjrRect(0, 0, width, height)
        self._pixels = np.empty((height, width, 3), np.uint8)
        self._depth = np.empty((height, width), np.float32)
        self._one_sample = quality == "fast"
        self._camera = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._option = mujoco.MjvOption()
        self._scene = mujoco.MjvScene(model, maxgeom=_MAX_GEOMS)
        if quality != "paper":
            self._scene.flags[int(mujoco.mjtRndFlag.mjRND_SHADOW)] = False
            self._scene.flags[int(mujoco.mjtRndFlag.mjRND_REFLECTION)] = False
        self._gl = importlib.import_module(f"mujoco.{backend}").GLContext(width, height)
        self._gl.make_current()
        self._current = importlib.import_module("OpenGL.platform").GetCurrentContext  # of the platform just loaded
        self._own = self._current()
        with offscreen(model, height, width, quality):
            self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        _made.add(self)
        _close_at_exit()

    def render(self, data: mujoco.MjData, camera: int) -> np.ndarray:
        """Return a new (H, W, 3) uint8 image from the model's camera ``camera``."""
        self._draw(data, camera)
        return self._pixels[::-1].copy()  # OpenGL counts rows from below

    def segment(self, data: mujoco.MjData, camera: int) -> np.ndarray:
        """Return shapes (H, W) int32, numbered as ``Renderer.segment`` says; the quality makes no difference."""
        for flag in _CODED:
            self._scene.flags[flag] = True
        try:
            self._draw(data, camera)
        finally:
            for flag in _CODED:
                self._scene.flags[flag] = False
        drawn = self._scene.geoms[: self._scene.ngeom]
        codes = self._pixels[::-1, :, 0].astype(np.intp)  # 0 for the sky, else 1 + an index of the scene's geoms
        if len(drawn) > 254:
            codes += 256 * self._pixels[::-1, :, 1].astype(np.intp)
        return np.array([-1, *map(self._shape, drawn)], np.int32).take(codes)

    def cut_out(self, data: mujoco.MjData, camera: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the image without the sky, and where (H, W) nothing is drawn: one drawing instead of two.

        See-through shapes stand on black. With several samples a pixel, whose depths are no pixel's, the sky is drawn.
        """
        if not self._one_sample:
            return self.render(data, camera), self.segment(data, camera) < 0
        self._scene.flags[_SKY] = False
        try:
            self._draw(data, camera, self._depth)
        finally:
            self._scene.flags[_SKY] = True
        image = self._pixels[::-1].copy()
        return image, (self._depth[::-1] == 1) & ~image.any(-1)  # what is see-through has no depth, but a colour

    def _draw(self, data: mujoco.MjData, camera: int, depth: np.ndarray | None = None) -> None:
        if self._current() != self._own:  # asking takes a tenth of making it so again
            self._gl.make_current()
        self._camera.fixedcamid = camera
        mujoco.mjv_updateScene(
            self._model, data, self._option, None, self._camera, mujoco.mjtCatBit.mjCAT_ALL, self._scene
        )
        mujoco.mjr_render(self._viewport, self._scene, self._context)
        mujoco.mjr_readPixels(self._pixels, depth, self._viewport, self._context)

    def _shape(self, drawn: mujoco.MjvGeom) -> int:
        """Return the number of a drawn shape, as ``segment`` counts."""
        shape: int = drawn.objid
        if drawn.objtype != _GEOM:
            shape = self._model.ngeom + (shape if drawn.objtype == _SITE else self._model.nsite)
        return shape

    def upload_height_fields(self) -> None:
        """Take over the model's height fields; call this after they have changed."""
        self._gl.make_current()
        for index in range(self._model.nhfield):
            mujoco.mjr_uploadHField(self._model, self._context, index)

    @property
    def closed(self) -> bool:
        """Whether the contexts have been freed."""
        return self._gl is None

    def close(self) -> None:
        """Free the contexts. Closing twice is allowed."""
        if self._gl is not None:
            self._gl.make_current()
            self._context.free()
            self._gl.free()
            self._gl = None

    def __del__(self) -> None:
        if getattr(self, "_context", None) is not None:  # else the constructor has failed
            self.close()


@contextmanager
def offscreen(model: mujoco.MjModel, height: int, width: int, quality: str) -> Iterator[None]:
    """Set the model's drawing settings as a new MjrContext should find them; the model is left as it was."""
    wanted = [(model.vis.global_, "offheight", height), (model.vis.global_, "offwidth", width)]
    settings = drawing_settings(model, min(height, width), quality)
    wanted += [(model.vis.quality, name, value) for name, value in settings.items()]
    before = [getattr(place, name) for place, name, _ in wanted]
    for place, name, value in wanted:
        setattr(place, name, value)
    try:
        yield
    finally:
        for (place, name, _), value in zip(wanted, before, strict=True):
            setattr(place, name, value)


def drawing_settings(model: mujoco.MjModel, side: int, quality: str) -> dict[str, int]:
    """Return settings of ``model.vis.quality`` for images whose smaller side has ``side`` pixels."""
    if quality == "paper":
        return {}
    if quality == "smooth":
        return {"offsamples": 4, "shadowsize": 0}
    radius, asked = max(side, 16) / 4, model.vis.quality
    sides = math.ceil(math.pi / math.acos(1 - _PIXELS_OFF / radius))
    return {
        "offsamples": 0,
        "shadowsize": 0,
        "numslices": min(sides, asked.numslices),
        "numstacks": min(math.ceil(sides / 2), asked.numstacks),
        "numquads": 1,  # more would only matter to light that differs across one flat side
    }
