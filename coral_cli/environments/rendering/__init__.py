"""Drawing without a display: OpenGL where there is one, else a ray caster. Importing this imports no mujoco.

It sees models and cameras, and must not know the tasks that it draws, nor any room but the registry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import mujoco
    import numpy as np


class Renderer(Protocol):
    """What draws one model at one size."""

    def render(self, data: mujoco.MjData, camera: int) -> np.ndarray:
        """Return a new (H, W, 3) uint8 image from the model's camera ``camera``."""
        ...

    def segment(self, data: mujoco.MjData, camera: int) -> np.ndarray:
        """Return which shape the centre of each pixel shows, (H, W) int32, -1 for the sky.

        Counted are the model's geoms, then its sites, see-through ones included; ``ngeom + nsite`` stands for anything
        else that is drawn, such as skins and tendons.
        """
        ...

    def cut_out(self, data: mujoco.MjData, camera: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the image, in which the sky may be missing, and where (H, W) that is: where nothing is drawn."""
        ...

    def upload_height_fields(self) -> None:
        """Take over the model's height fields; call this after they have changed."""
        ...

    def close(self) -> None:
        """Free what the renderer holds."""
        ...


def make_renderer(model: mujoco.MjModel, height: int, width: int, quality: str, backend: str) -> Renderer:
    """Make what draws ``model`` with ``backend``, one that ``select_backend`` has returned."""
    if backend == "raycast":
        from coral_cli.environments.rendering.raycast import RayCaster

        return RayCaster(model, height, width, quality)
    from coral_cli.environments.rendering.opengl import OpenGLRenderer

    return OpenGLRenderer(model, height, width, quality, backend)
