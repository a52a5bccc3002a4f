"""What colour a ray sees where it hits: materials, textures, lights, in OpenGL's classic lighting model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import mujoco
import numpy as np

from coral_cli.environments.rendering.textures import Skybox, Texture, image_of

_DEFAULT_RGBA = np.array([0.5, 0.5, 0.5, 1], np.float32)
_FLAT = (int(mujoco.mjtGeom.mjGEOM_PLANE), int(mujoco.mjtGeom.mjGEOM_HFIELD), int(mujoco.mjtGeom.mjGEOM_BOX))
_LIGHTS = 8  # as many as OpenGL draws with, the headlight among them
SPOT, DIRECTIONAL = 0, 1  # of mjtLightType, which MuJoCo has from 3.3.3 on
_TEXTURES_BEGIN_AT_EDGES = mujoco.mj_version() >= 3012000
_RGB = int(mujoco.mjtTextureRole.mjTEXROLE_RGB)


def _at_centre(scale: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return texture coordinates (2,) at the centre of a shape with half-sizes ``size`` (2,); 0 stands for infinite.

    A texture begins at the edge of a shape, but half of it further where any side is infinite; before MuJoCo 3.12 its
    middle lay at the centre of every shape.
    """
    if not _TEXTURES_BEGIN_AT_EDGES:
        return np.full(2, 0.5)
    return np.where(size > 0, scale * size, 0) + 0.5 * (size <= 0).any()


def kind_of_light(model: mujoco.MjModel, light: int) -> int:
    """Return ``SPOT``, ``DIRECTIONAL`` or another ``mjtLightType``; before that, a light was one of these two."""
    return int(model.light_type[light] if hasattr(model, "light_type") else model.light_directional[light])


@dataclass(frozen=True)
class Hits:
    """The ends of N rays. ``shape`` counts the model's geoms, then its sites; -1 where a ray hits nothing."""

    origin: np.ndarray  # (3,)
    directions: np.ndarray  # (N, 3), of length 1
    shape: np.ndarray  # (N,)
    distance: np.ndarray  # (N,)
    normals: np.ndarray  # (N, 3)

    def points(self) -> np.ndarray:
        points: np.ndarray = self.origin + self.directions * self.distance[:, None]
        return points

    def facing(self) -> np.ndarray:
        """Return the cosines (N,) between normals and ways back; negative where a shape is met from within."""
        cosines: np.ndarray = -np.einsum("ij,ij->i", self.directions, self.normals)
        return cosines


@dataclass(frozen=True)
class Lens:
    """A camera: the unit vector (3,) that it looks along, and a pixel's size in radians."""

    axis: np.ndarray
    pixel: float


class Shading:
    """The colours of hits in one model; colours, materials and lights are read anew for every frame."""

    def __init__(self, model: mujoco.MjModel, height: int) -> None:
        self._model = model
        self._textures: dict[int, Texture] = {}
        self._sky = None
        for texture in range(model.ntex):
            if int(model.tex_type[texture]) == int(mujoco.mjtTexture.mjTEXTURE_SKYBOX):
                self._sky = Skybox(image_of(model, texture), height)
                break

    def rgba(self) -> np.ndarray:
        """Return colours (ngeom + nsite, 4): the shape's own where it differs from the default, else its material's."""
        model = self._model
        own = np.concatenate([model.geom_rgba, model.site_rgba])
        if not model.nmat:
            return own
        materials = self._materials()
        from_material = (materials >= 0) & (own == _DEFAULT_RGBA).all(1)
        return np.where(from_material[:, None], model.mat_rgba[materials], own)

    def _materials(self) -> np.ndarray:
        """Return the materials' indices (ngeom + nsite,), -1 where there is none."""
        return np.concatenate([self._model.geom_matid, self._model.site_matid])

    def _texture(self, index: int) -> Texture:
        if index not in self._textures:
            self._textures[index] = Texture(image_of(self._model, index))
        return self._textures[index]

    def sky(self, directions: np.ndarray) -> np.ndarray | float:
        """Return the colours (N, 3) of rays that hit nothing."""
        return 0.0 if self._sky is None else self._sky(directions)

    def __call__(
        self, data: mujoco.MjData, hits: Hits, rgba: np.ndarray, lens: Lens, shadow: Callable[..., np.ndarray] | None
    ) -> np.ndarray:
        """Return the colours (N, 3) of hits that all hit something.

        ``shadow(light, offsets)`` tells which points, ``offsets`` (N, 3) from a light, lie in its shadow.
        """
        points = hits.points()
        colours = rgba[hits.shape, :3]
        # As in OpenGL, where each pass's light is cut off at 1 before textures are applied.
        passes = self._light(data, hits, points, lens.axis, shadow)
        lit: np.ndarray = sum(np.minimum(colours * light, 1) for light in passes)
        self._apply_textures(lit, data, hits, points, lens.pixel / np.sqrt(np.maximum(hits.facing(), 0.02)))
        return lit

    def _apply_textures(
        self, colours: np.ndarray, data: mujoco.MjData, hits: Hits, points: np.ndarray, angle: np.ndarray
    ) -> None:
        model = self._model
        textures = np.append(model.mat_texid[:, _RGB], -1)[model.geom_matid]  # -1, no material, reads the appended -1
        for geom in np.flatnonzero(textures >= 0):
            where = np.flatnonzero(hits.shape == geom)
            if not len(where):
                continue
            texture = self._texture(int(textures[geom]))
            if int(model.geom_type[geom]) not in _FLAT:
                colours[where] *= texture.mean
                continue
            material = model.geom_matid[geom]
            size = model.geom_size[geom, :2]
            unit = 1 if model.mat_texuniform[material] else np.where(size > 0, size, 1)
            scale = model.mat_texrepeat[material] / (2 * unit)  # textures per metre
            start = _at_centre(scale, size)
            local = (points[where] - data.geom_xpos[geom]) @ data.geom_xmat[geom].reshape(3, 3)
            u, v = start[0] + local[:, 0] * scale[0], start[1] - local[:, 1] * scale[1]
            colours[where] *= texture(u, v, hits.distance[where] * angle[where] * scale.max())

    def _light(
        self,
        data: mujoco.MjData,
        hits: Hits,
        points: np.ndarray,
        axis: np.ndarray,
        shadow: Callable[..., np.ndarray] | None,
    ) -> list[np.ndarray]:
        """Return the light (N, 3) that each point sends on, by pass: all without shadows, then each light with shadows.

        The headlight is parallel, along the camera's ``axis``.
        """
        model = self._model
        emission = np.append(model.mat_emission, 0)[self._materials()]  # -1, no material, reads the appended 0
        total = np.repeat(emission[hits.shape][:, None], 3, axis=1).astype(np.float32)
        head = model.vis.headlight
        if head.active:
            total += head.ambient + np.maximum(-(hits.normals @ axis), 0)[:, None] * head.diffuse
        passes = [total]
        others = np.flatnonzero(model.light_active)[: _LIGHTS - bool(head.active)]
        for light in others.tolist():
            offsets, strength = self._reach(data, light, points)
            lit = strength * np.maximum(-np.einsum("ij,ij->i", offsets, hits.normals), 0)
            own = strength[:, None] * model.light_ambient[light]
            if shadow is not None and model.light_castshadow[light]:
                lit = lit * ~shadow(light, points)
                passes.append(own + lit[:, None] * model.light_diffuse[light])
            else:
                total += own + lit[:, None] * model.light_diffuse[light]
        return passes

    def _reach(self, data: mujoco.MjData, light: int, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return directions (N, 3) from the light to the points, and how much (N,) of its light gets there."""
        model, axis = self._model, data.light_xdir[light]
        if kind_of_light(model, light) == DIRECTIONAL:
            return np.broadcast_to(axis, points.shape), np.ones(len(points))
        offsets = points - data.light_xpos[light]
        distance = np.linalg.norm(offsets, axis=1)
        offsets /= np.maximum(distance, 1e-9)[:, None]
        constant, linear, quadratic = model.light_attenuation[light]
        strength = 1 / (constant + linear * distance + quadratic * distance**2)
        if kind_of_light(model, light) == SPOT:
            along = offsets @ axis
            inside = along > np.cos(np.deg2rad(model.light_cutoff[light]))
            strength *= np.where(inside, np.maximum(along, 0) ** model.light_exponent[light], 0)
        return offsets, strength
