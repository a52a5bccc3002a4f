"""The two views of an environment: the agent's image and an outside view that is set up when first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from coral_cli.environments.rendering import Renderer, make_renderer
from coral_cli.plugin import Rendering

if TYPE_CHECKING:
    import mujoco
    import numpy as np

OUTSIDE_SIZE = 256  # pixels


class Views:
    """Draws ``model`` from the camera ``agent`` in the agent's size, and from ``outside`` in 256x256.

    It is the ``Scene`` that distractions see.
    """

    def __init__(self, model: mujoco.MjModel, rendering: Rendering, agent: int, outside: int) -> None:
        self.prepare: Callable[[], None] | None = None
        self._rendering = rendering
        self._set(model, agent, outside)

    def replace(self, model: mujoco.MjModel, agent: int, outside: int) -> None:
        """Goes on with another model: for environments that compile a new one at reset."""
        self.close()
        self._set(model, agent, outside)

    def _set(self, model: mujoco.MjModel, agent: int, outside: int) -> None:
        self.model, self.camera, self._outside_camera = model, agent, outside
        for name in ("_outside", "_masks"):
            vars(self).pop(name, None)
        self._agent = self._make(self._rendering.height, self._rendering.width, self._rendering.quality)
        self._data: mujoco.MjData | None = None

    def agent(self, data: mujoco.MjData) -> np.ndarray:
        """A new (H, W, 3) uint8 image."""
        self._data = data
        if self.prepare is not None:
            self.prepare()
        return self._agent.render(data, self.camera)

    def background(self, floor: bool) -> np.ndarray:
        """(H, W) bool of the agent's last image: true where there is sky, or, with ``floor``, a static plane."""
        assert self._data is not None, "nothing is drawn yet"
        geoms = self._masks.segment(self._data, self.camera)  # (H, W), -1 where no geom is
        behind = geoms < 0
        if floor:
            import mujoco

            static = self.model.geom_bodyid == 0
            planes = static & (self.model.geom_type == int(mujoco.mjtGeom.mjGEOM_PLANE))
            behind |= planes[geoms] & ~behind
        return behind

    def outside(self, data: mujoco.MjData) -> np.ndarray:
        """A new (256, 256, 3) uint8 image."""
        return self._outside.render(data, self._outside_camera)

    def upload_height_fields(self) -> None:
        """To be called after the model's height fields have changed."""
        for renderer in self._made():
            renderer.upload_height_fields()

    def close(self) -> None:
        """Frees the contexts. Closing twice is allowed."""
        for renderer in self._made():
            renderer.close()

    @cached_property
    def _outside(self) -> Renderer:
        return self._make(OUTSIDE_SIZE, OUTSIDE_SIZE, self._rendering.quality)

    @cached_property
    def _masks(self) -> Renderer:
        """Draws which geom is where, without the blended edges of higher qualities."""
        return self._make(self._rendering.height, self._rendering.width, "fast")

    def _make(self, height: int, width: int, quality: str) -> Renderer:
        return make_renderer(self.model, height, width, quality, self._rendering.backend)

    def _made(self) -> list[Renderer]:
        return [self._agent, *(vars(self)[name] for name in ("_outside", "_masks") if name in vars(self))]
