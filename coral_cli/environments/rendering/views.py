"""What an environment draws: the pictures of the agent's cameras, and an outside view that is set up when asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from coral_cli.environments.rendering import Renderer, make_renderer
from coral_cli.plugin import Rendering

if TYPE_CHECKING:
    import mujoco

OUTSIDE_SIZE = 256  # pixels


class View:
    """A view of ``model`` from ``camera`` in the agent's size.

    It is the ``Scene`` that distractions see. Its floor are the planes, the height fields and the geoms named in
    ``floor``; the geoms named in ``backdrop`` count as sky.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        rendering: Rendering,
        camera: int,
        floor: Sequence[str] = (),
        backdrop: Sequence[str] = (),
    ) -> None:
        self.prepare: Callable[[], None] | None = None
        self.cut_out = False
        self._rendering, self._floor_names, self._backdrop_names = rendering, floor, backdrop
        self._set(model, camera)

    def _set(self, model: mujoco.MjModel, camera: int) -> None:
        self.model, self.camera = model, camera
        self.renderer = self._make(self._rendering.height, self._rendering.width)
        self.data: mujoco.MjData | None = None
        self._sky: np.ndarray | None = None
        self._backdrop = sky = self._geoms(self._backdrop_names)
        ground = self._geoms(self._floor_names) | _ground(model)
        behind = np.zeros((2, model.ngeom + model.nsite + 2), bool)  # by Renderer.segment's numbers; -1 is the last one
        behind[:, : model.ngeom] = sky, sky | ground
        behind[:, -1] = True
        self._behind = behind

    def agent(self, data: mujoco.MjData) -> np.ndarray:
        """Draw the agent's new image, (H, W, 3) uint8."""
        self.data = data
        if self.prepare is not None:
            self.prepare()
            _place(self.model, data)
        if not self.cut_out:
            self._sky = None
            return self.renderer.render(data, self.camera)
        opacity = self.model.geom_rgba[:, 3]
        before = opacity[self._backdrop]
        opacity[self._backdrop] = 0
        image, self._sky = self.renderer.cut_out(data, self.camera)
        opacity[self._backdrop] = before
        return image

    def replace(self, model: mujoco.MjModel, agent: int) -> None:
        """Go on with another model: for environments that compile a new one at reset."""
        self.close()
        self._set(model, agent)

    def background(self, floor: bool) -> np.ndarray:
        """Return a mask (H, W) of the agent's last image: true in the sky, or, with ``floor``, on a floor."""
        assert self.data is not None, "nothing is drawn yet"
        if self._sky is not None and not floor:
            return self._sky
        behind: np.ndarray = self._behind[int(floor)].take(self.renderer.segment(self.data, self.camera))
        return behind

    def close(self) -> None:
        """Free the contexts. Closing twice is allowed."""
        for renderer in self._made():
            renderer.close()

    def _make(self, height: int, width: int) -> Renderer:
        return make_renderer(self.model, height, width, self._rendering.quality, self._rendering.backend)

    def _made(self) -> list[Renderer]:
        return [self.renderer]

    def _geoms(self, names: Sequence[str]) -> np.ndarray:
        """Return a mask (ngeom,) of the geoms with these names."""
        return np.isin(np.arange(self.model.ngeom), [self.model.geom(name).id for name in names])


class Views(View):
    """A view of the agent's, and ``outside``: what another camera shows, in 256x256."""

    def __init__(
        self,
        model: mujoco.MjModel,
        rendering: Rendering,
        agent: int,
        outside: int,
        floor: Sequence[str] = (),
        backdrop: Sequence[str] = (),
    ) -> None:
        super().__init__(model, rendering, agent, floor, backdrop)
        self._outside_camera = outside

    def replace(self, model: mujoco.MjModel, agent: int, outside: int | None = None) -> None:
        """Go on with another model: for environments that compile a new one at reset."""
        super().replace(model, agent)
        vars(self).pop("_outside", None)
        self._outside_camera = self._outside_camera if outside is None else outside

    def outside(self, data: mujoco.MjData) -> np.ndarray:
        """Draw a new (256, 256, 3) uint8 image from outside."""
        return self._outside.render(data, self._outside_camera)

    def upload_height_fields(self) -> None:
        """Take over the model's height fields; call this after they have changed."""
        for renderer in self._made():
            renderer.upload_height_fields()

    @cached_property
    def _outside(self) -> Renderer:
        return self._make(OUTSIDE_SIZE, OUTSIDE_SIZE)

    def _made(self) -> list[Renderer]:
        return [*super()._made(), *([self._outside] if "_outside" in vars(self) else ())]


def _ground(model: mujoco.MjModel) -> np.ndarray:
    """Return a mask (ngeom,) of planes and height fields, which MuJoCo allows only where nothing moves."""
    import mujoco

    kinds = (int(mujoco.mjtGeom.mjGEOM_PLANE), int(mujoco.mjtGeom.mjGEOM_HFIELD))
    return np.isin(model.geom_type, kinds)


def _place(model: mujoco.MjModel, data: mujoco.MjData) -> None:
    """Put what a distraction has moved in ``model`` where it now stands; the rest stays as it is, bit for bit."""
    import mujoco

    mujoco.mj_kinematics(model, data)
    mujoco.mj_camlight(model, data)
