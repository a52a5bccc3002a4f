"""Rays through a MuJoCo model, and the normals where they hit.

MuJoCo gives normals from 3.5 on; before, they follow from where neighbouring rays hit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypeAlias

import mujoco
import numpy as np

GIVES_NORMALS = "normal" in (mujoco.mj_multiRay.__doc__ or "")
_UNASKED = (None,) if GIVES_NORMALS else ()

_GROUPS = np.array([1, 0, 0, 0, 0, 0], np.uint8)
_FAR = 1e6  # metres; MuJoCo applies this to a geom's centre, and a long floor's is far away
_STEP = 1e-5  # radians between a ray and its neighbours
_CONVEX = [
    int(getattr(mujoco.mjtGeom, f"mjGEOM_{kind}")) for kind in ("SPHERE", "CAPSULE", "ELLIPSOID", "CYLINDER", "BOX")
]

Shoot: TypeAlias = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""A function from unit vectors (N, 3) to what their rays hit (N,), -1 for nothing, and distances (N,)."""


class Ends(NamedTuple):
    """The ends of N rays."""

    shapes: np.ndarray
    """The shapes hit, (N,): -1 where there is nothing."""
    distances: np.ndarray
    """The distances from the origin, (N,)."""
    normals: np.ndarray
    """The normals (N, 3): out of a shape, up from a plane; meaningless where there is nothing."""


def at_geoms(model: mujoco.MjModel, data: mujoco.MjData, origin: np.ndarray, directions: np.ndarray) -> Ends:
    """Return the nearest geoms of group 0 that rays from ``origin`` (3,) along unit vectors (N, 3) meet."""
    if not GIVES_NORMALS:
        return geoms_by_neighbours(model, data, origin, directions)
    normals = np.empty((len(directions), 3))
    return Ends(*_meet_geoms(model, data, origin, directions, normals.ravel()), normals)


def at_site(model: mujoco.MjModel, data: mujoco.MjData, site: int, origin: np.ndarray, directions: np.ndarray) -> Ends:
    """Return where rays from ``origin`` (3,) along unit vectors (N, 3) meet a site, which is shape 0 here."""
    if not GIVES_NORMALS:
        return site_by_neighbours(model, data, site, origin, directions)
    normals = np.empty((len(directions), 3))
    return Ends(*_meet_site(model, data, site, origin, directions, normals[:, None]), normals)


def geoms_by_neighbours(model: mujoco.MjModel, data: mujoco.MjData, origin: np.ndarray, directions: np.ndarray) -> Ends:
    """Return what ``at_geoms`` does, without MuJoCo's normals."""
    shapes, distances, normals = _by_neighbours(partial(_meet_geoms, model, data, origin), directions)
    outward = -directions
    convex = np.isin(np.append(model.geom_type, -1)[shapes], _CONVEX)  # -1, no hit, reads the appended -1
    ends = origin + directions[convex] * distances[convex, None]
    outward[convex] = ends - data.geom_xpos[shapes[convex]]
    return Ends(shapes, distances, _turned(normals, outward))


def site_by_neighbours(
    model: mujoco.MjModel, data: mujoco.MjData, site: int, origin: np.ndarray, directions: np.ndarray
) -> Ends:
    """Return what ``at_site`` does, without MuJoCo's normals."""
    shapes, distances, normals = _by_neighbours(partial(_meet_site, model, data, site, origin), directions)
    away = origin + directions * distances[:, None] - data.site_xpos[site]
    return Ends(shapes, distances, _turned(normals, away))


def _meet_geoms(
    model: mujoco.MjModel, data: mujoco.MjData, origin: np.ndarray, rays: np.ndarray, *normals: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    count, asked = len(rays), normals or _UNASKED
    geoms, distances = np.empty(count, np.int32), np.empty(count)
    mujoco.mj_multiRay(model, data, origin, rays.ravel(), _GROUPS, True, -1, geoms, distances, *asked, count, _FAR)
    return geoms, distances


def _meet_site(
    model: mujoco.MjModel, data: mujoco.MjData, site: int, origin: np.ndarray, rays: np.ndarray, *normals: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which rays meet a site, 0 or else -1, and distances, ray by ray: MuJoCo has no call for many."""
    place, kind = (data.site_xpos[site], data.site_xmat[site], model.site_size[site]), int(model.site_type[site])
    each = normals[0] if normals else [_UNASKED] * len(rays)
    distances = np.array([mujoco.mju_rayGeom(*place, origin, ray, kind, *n) for ray, n in zip(rays, each, strict=True)])
    return np.where(distances >= 0, 0, -1), distances


def _by_neighbours(shoot: Shoot, directions: np.ndarray) -> Ends:
    """Return ends whose normals, of either sign, are across the way to two neighbours that hit the same.

    Where there are no such neighbours, they are against the ray.
    """
    shapes, distances = shoot(directions)
    least = np.eye(3)[np.abs(directions).argmin(1)]
    right = np.cross(directions, least)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    sides = np.stack([right, np.cross(directions, right)])
    turned = directions + _STEP * np.stack([sides, -sides])  # (2 signs, 2 sides, N, 3)
    turned /= np.linalg.norm(turned, axis=-1, keepdims=True)
    met, far = (found.reshape(turned.shape[:3]) for found in shoot(turned.reshape(-1, 3)))
    same = met == shapes
    edges = turned * far[..., None] - directions * distances[:, None]
    edges = np.where(same[0][..., None], edges[0], edges[1])
    normals = np.cross(edges[0], edges[1])
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    found = same.any(0).all(0)[:, None] & (length > 0)
    return Ends(shapes, distances, np.where(found, normals / np.where(found, length, 1), -directions))


def _turned(normals: np.ndarray, outward: np.ndarray) -> np.ndarray:
    """Return each of ``normals`` (N, 3) or its opposite, whichever points along ``outward`` (N, 3)."""
    return np.where(np.einsum("ij,ij->i", normals, outward)[:, None] < 0, -normals, normals)
