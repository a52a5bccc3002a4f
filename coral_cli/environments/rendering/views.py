"""The two views of an environment: the agent's image and an outside view that is set up when first asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from coral_cli.environments.rendering import Renderer, make_renderer
from coral_cli.plugin import Rendering

if TYPE_CHECKING:
    import mujoco
    import numpy as np

OUTSIDE_SIZE = 256  # pixels


class Views:
    """Draws ``model`` from the camera ``agent`` in the agent's size, and from ``outside`` in 256x256."""

    def __init__(self, model: mujoco.MjModel, rendering: Rendering, agent: int, outside: int) -> None:
        self._model, self._rendering = model, rendering
        self._agent_camera, self._outside_camera = agent, outside
        self._agent = self._make(rendering.height, rendering.width)

    def agent(self, data: mujoco.MjData) -> np.ndarray:
        """A new (H, W, 3) uint8 image."""
        return self._agent.render(data, self._agent_camera)

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
        return self._make(OUTSIDE_SIZE, OUTSIDE_SIZE)

    def _make(self, height: int, width: int) -> Renderer:
        return make_renderer(self._model, height, width, self._rendering.quality, self._rendering.backend)

    def _made(self) -> list[Renderer]:
        return [self._agent, *([self._outside] if "_outside" in vars(self) else [])]
