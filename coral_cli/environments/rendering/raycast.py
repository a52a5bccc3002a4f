"""Draws without OpenGL: MuJoCo casts the rays, NumPy shades them. A 64x64 frame costs about two milliseconds.

Against OpenGL it leaves out tendons, skins, highlights and mirrors.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import mujoco
import numpy as np

from coral_cli.environments.rendering.rays import at_geoms, at_site
from coral_cli.environments.rendering.shading import DIRECTIONAL, Hits, Lens, Shading, kind_of_light

_SHOWN, _HIDDEN = 0, 5
_OPEN = (mujoco.mjtGeom.mjGEOM_PLANE, mujoco.mjtGeom.mjGEOM_HFIELD)  # which enclose nothing
_SHOWN_BY_DEFAULT = 3  # MuJoCo shows the groups 0, 1 and 2
_SHADOW_BIAS = 1e-3  # metres
_SUN = 1e3  # scene sizes between the scene and where directional light comes from


class RayCaster:
    """A renderer that casts rays at one size and quality: ``smooth`` 4 a pixel, ``paper`` shadows as well."""

    def __init__(self, model: mujoco.MjModel, height: int, width: int, quality: str) -> None:
        self._model = model
        self._fine = 1 if quality == "fast" else 2
        self._height, self._width = height * self._fine, width * self._fine  # in rays
        self._shadows = quality == "paper"
        self._shading = Shading(model, self._height)
        self.shown = model.geom_group < _SHOWN_BY_DEFAULT
        """Which geoms (ngeom,) are drawn at all."""
        self._closed = np.append(~np.isin(model.geom_type, _OPEN), False)  # -1, no hit, reads the appended value
        self._sites = np.flatnonzero(model.site_group < _SHOWN_BY_DEFAULT)
        self._rays: dict[tuple[float, int], np.ndarray] = {}

    def render(self, data: mujoco.MjData, camera: int) -> np.ndarray:
        """Return a new (H, W, 3) uint8 image from the model's camera ``camera``."""
        origin, directions = self.rays(data, camera, self._fine)
        pixel = 2 * np.tan(np.deg2rad(self._model.cam_fovy[camera]) / 2) / self._height
        lens = Lens(-data.cam_xmat[camera].reshape(3, 3)[:, 2], pixel)
        rgba = self._shading.rgba()
        solid = self.shown & (rgba[: self._model.ngeom, 3] >= 1)
        hits = self._see(data, origin, directions, solid)
        colours = self._colours(data, hits, rgba, lens)
        self._blend(colours, data, hits, rgba, lens, self.shown & ~solid & (rgba[: self._model.ngeom, 3] > 0))
        return self._image(colours)

    def segment(self, data: mujoco.MjData, camera: int) -> np.ndarray:
        """Return shapes (H, W) int32, numbered as ``Renderer.segment`` says, by one ray a pixel."""
        ngeom = self._model.ngeom
        origin, directions = self.rays(data, camera, 1)
        visible = self._shading.rgba()[:, 3] > 0
        hits = self._see(data, origin, directions, self.shown & visible[:ngeom])
        nearest = np.where(hits.shape < 0, np.inf, hits.distance)
        for site in self._sites[visible[ngeom + self._sites]]:
            rays, at_site = self._site_layer(data, hits, site)
            seen = (at_site.shape >= 0) & (at_site.distance < nearest[rays])
            hits.shape[rays[seen]], nearest[rays[seen]] = ngeom + site, at_site.distance[seen]
        return hits.shape.reshape(self._height // self._fine, self._width // self._fine)

    def cut_out(self, data: mujoco.MjData, camera: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the image, sky included, and where (H, W) that is."""
        return self.render(data, camera), self.segment(data, camera) < 0

    def upload_height_fields(self) -> None:
        """Do nothing: rays read the model."""

    def close(self) -> None:
        """Do nothing: there is nothing to free."""

    def rays(self, data: mujoco.MjData, camera: int, fine: int) -> tuple[np.ndarray, np.ndarray]:
        """Return where the camera is (3,), and unit vectors (N, 3) through ``fine`` x ``fine`` points of each pixel."""
        rays = self._camera_rays(float(self._model.cam_fovy[camera]), fine)
        return data.cam_xpos[camera].copy(), rays @ data.cam_xmat[camera].reshape(3, 3).T

    def _camera_rays(self, fovy: float, fine: int) -> np.ndarray:
        """Return unit vectors (N, 3) in the camera's frame, which looks along -z with y up."""
        if (fovy, fine) not in self._rays:
            height, width = self._height * fine // self._fine, self._width * fine // self._fine
            half = np.tan(np.deg2rad(fovy) / 2)
            y = half * (1 - 2 * (np.arange(height) + 0.5) / height)
            x = half * (2 * (np.arange(width) + 0.5) / width - 1) * width / height
            rays = np.stack([*np.meshgrid(x, y), -np.ones((height, width))], -1).reshape(-1, 3)
            self._rays[fovy, fine] = rays / np.linalg.norm(rays, axis=1, keepdims=True)
        return self._rays[fovy, fine]

    def _see(self, data: mujoco.MjData, origin: np.ndarray, directions: np.ndarray, geoms: np.ndarray) -> Hits:
        """Cast rays, but see no geom around the origin: OpenGL leaves out the inner sides of shapes."""
        hits, rays = self.cast(data, origin, directions, geoms), np.arange(len(directions))
        while len(rays := rays[self._from_within(_some(hits, rays))]):
            geoms = geoms & ~np.isin(np.arange(len(geoms)), hits.shape[rays])
            beyond = self.cast(data, origin, directions[rays], geoms)
            hits.shape[rays], hits.distance[rays], hits.normals[rays] = beyond.shape, beyond.distance, beyond.normals
        return hits

    def _from_within(self, hits: Hits) -> np.ndarray:
        """Return which rays (N,) meet a shape from its inside."""
        within: np.ndarray = self._closed[hits.shape] & (hits.facing() < 0)
        return within

    def cast(self, data: mujoco.MjData, origin: np.ndarray, directions: np.ndarray, geoms: np.ndarray) -> Hits:
        """Return the nearest hits of rays from one point with those geoms where ``geoms`` (ngeom,) is true."""
        with self._rays_meet_only(geoms):
            return Hits(origin, directions, *at_geoms(self._model, data, origin, directions))

    @contextmanager
    def _rays_meet_only(self, geoms: np.ndarray) -> Iterator[None]:
        """Hide the other geoms through their group, and the bodies' bounding boxes, which are for contacts.

        MuJoCo skips a body when a ray misses its box, and that box leaves out geoms (a finger's, a tray's walls).
        """
        groups, trees = self._model.geom_group.copy(), self._model.body_bvhadr.copy()
        self._model.geom_group[:] = np.where(geoms, _SHOWN, _HIDDEN)
        self._model.body_bvhadr[:] = -1
        try:
            yield
        finally:
            self._model.geom_group[:] = groups
            self._model.body_bvhadr[:] = trees

    def _colours(self, data: mujoco.MjData, hits: Hits, rgba: np.ndarray, lens: Lens) -> np.ndarray:
        missed = hits.shape < 0
        if not missed.any():
            return self._shade(data, hits, rgba, lens)
        colours = np.empty((len(missed), 3), np.float32)
        colours[missed] = self._shading.sky(hits.directions[missed])
        colours[~missed] = self._shade(data, _some(hits, ~missed), rgba, lens)
        return colours

    def _shade(self, data: mujoco.MjData, hits: Hits, rgba: np.ndarray, lens: Lens) -> np.ndarray:
        def shadow(light: int, points: np.ndarray) -> np.ndarray:
            return self._in_shadow(data, light, points)

        return self._shading(data, hits, rgba, lens, shadow if self._shadows else None)

    def _in_shadow(self, data: mujoco.MjData, light: int, points: np.ndarray) -> np.ndarray:
        """Return which points (N,) the light does not reach. Directional light comes from very far away."""
        source = data.light_xpos[light].copy()
        if kind_of_light(self._model, light) == DIRECTIONAL:
            source = self._model.stat.center - _SUN * self._model.stat.extent * data.light_xdir[light]
        offsets = points - source
        distance = np.linalg.norm(offsets, axis=1)
        blockers = self.cast(data, source, offsets / np.maximum(distance, 1e-9)[:, None], self.shown)
        shaded: np.ndarray = (blockers.shape >= 0) & (blockers.distance < distance - _SHADOW_BIAS)
        return shaded

    def _blend(
        self, colours: np.ndarray, data: mujoco.MjData, solid: Hits, rgba: np.ndarray, lens: Lens, clear: np.ndarray
    ) -> None:
        """Draw see-through geoms and sites over the solid scene, each twice, as MuJoCo does with OpenGL.

        In the first round the nearest comes first, in the second the farthest.
        """
        ngeom = self._model.ngeom
        layers = []
        for geom in np.flatnonzero(clear):
            rays = self._towards(solid, data.geom_xpos[geom], self._model.geom_rbound[geom])
            hits = self._see(data, solid.origin, solid.directions[rays], np.arange(ngeom) == geom)
            layers.append((rays, hits))
        for site in self._sites[rgba[ngeom + self._sites, 3] > 0]:
            layers.append(self._site_layer(data, solid, site))
        nearest_solid = np.where(solid.shape < 0, np.inf, solid.distance)
        drawn = []
        for rays, hits in layers:
            seen = (hits.shape >= 0) & (hits.distance < nearest_solid[rays])
            if seen.any():
                hits = _some(hits, seen)
                drawn.append(
                    (hits.distance.mean(), rays[seen], rgba[hits.shape, 3:], self._shade(data, hits, rgba, lens))
                )
        drawn.sort(key=lambda layer: layer[0])
        for _, rays, alpha, layer in (*drawn, *reversed(drawn)):
            colours[rays] += alpha * (layer - colours[rays])

    def _towards(self, hits: Hits, centre: np.ndarray, radius: float) -> np.ndarray:
        """Return indices of the rays that may meet a sphere; ``radius`` 0 stands for no bound, as for planes."""
        offset = centre - hits.origin
        along = hits.directions @ offset
        near = offset @ offset - along**2 <= radius**2
        return np.flatnonzero(near if radius > 0 else np.ones_like(near))

    def _site_layer(self, data: mujoco.MjData, hits: Hits, site: int) -> tuple[np.ndarray, Hits]:
        """Return indices (M,) of the rays of ``hits`` that may meet a site, and where they do."""
        rays = self._towards(hits, data.site_xpos[site], float(np.linalg.norm(self._model.site_size[site])))
        return rays, self._cast_at_site(data, hits.origin, hits.directions[rays], site)

    def _cast_at_site(self, data: mujoco.MjData, origin: np.ndarray, directions: np.ndarray, site: int) -> Hits:
        """Return where rays from one point hit a site."""
        shape, distance, normals = at_site(self._model, data, site, origin, directions)
        return Hits(origin, directions, np.where(shape < 0, -1, self._model.ngeom + site), distance, normals)

    def _image(self, colours: np.ndarray) -> np.ndarray:
        image = colours.reshape(self._height, self._width, 3)
        if self._fine > 1:
            n = self._fine
            image = image.reshape(self._height // n, n, self._width // n, n, 3).clip(0, 1).mean((1, 3))
        return (image.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def _some(hits: Hits, keep: np.ndarray) -> Hits:
    """Return the hits where ``keep`` (N,) is true."""
    return Hits(hits.origin, hits.directions[keep], hits.shape[keep], hits.distance[keep], hits.normals[keep])
