"""Texture look-ups on arrays of points, for the ray caster."""

from __future__ import annotations

import mujoco
import numpy as np


class Texture:
    """A flat image with the pyramid of its halvings, so that distant patterns fade instead of flickering."""

    def __init__(self, image: np.ndarray) -> None:
        levels = [image]
        while min(levels[-1].shape[:2]) >= 2:
            levels.append(_halved(levels[-1]))
        self.mean = image.mean((0, 1))
        self._shapes = np.array([level.shape[:2] for level in levels])
        self._starts = np.cumsum([0, *self._shapes[:-1].prod(1)])
        self._texels = np.concatenate([level.reshape(-1, 3) for level in levels])

    def __call__(self, u: np.ndarray, v: np.ndarray, footprint: np.ndarray) -> np.ndarray:
        """Return colours (N, 3) at ``u``, ``v`` (N,), which wrap at 1, for pixels ``footprint`` (N,) textures wide."""
        wanted = np.rint(np.log2(np.maximum(footprint * self._shapes[0].max(), 1))).astype(np.intp)
        level = np.minimum(wanted, len(self._starts) - 1)
        rows, columns = self._shapes[level].T
        row = ((v % 1) * rows).astype(np.intp) % rows  # x % 1 may round up to 1
        column = ((u % 1) * columns).astype(np.intp) % columns
        texels: np.ndarray = self._texels[self._starts[level] + row * columns + column]
        return texels


class Skybox:
    """A sky of six square faces seen from inside; OpenGL's cube map order, with MuJoCo's z as up."""

    def __init__(self, image: np.ndarray, texels: int) -> None:
        """Take an ``image`` (6 n, n, 3), or (n, n, 3) for six equal faces; halve it while n stays above ``texels``."""
        while image.shape[1] % 2 == 0 and image.shape[1] // 2 >= texels:
            image = _halved(image)
        self._size = image.shape[1]
        faces = image.reshape(-1, self._size, self._size, 3)
        self._faces = faces if len(faces) == 6 else np.repeat(faces[:1], 6, axis=0)

    def __call__(self, directions: np.ndarray) -> np.ndarray:
        """Return colours (N, 3) towards ``directions`` (N, 3)."""
        x, y, z = directions[:, 0], directions[:, 2], -directions[:, 1]
        axis = np.abs(directions[:, [0, 2, 1]]).argmax(1)
        major = np.choose(axis, (x, y, z))
        face = 2 * axis + (major < 0)
        s = np.choose(face, (-z, z, x, x, x, -x))
        t = np.choose(face, (-y, -y, z, -z, -y, -y))
        row, column = (
            np.clip((coordinate / np.abs(major) + 1) * (self._size / 2), 0, self._size - 1).astype(np.intp)
            for coordinate in (t, s)
        )
        texels: np.ndarray = self._faces[face, row, column]
        return texels


def image_of(model: mujoco.MjModel, texture: int) -> np.ndarray:
    """Return the texture's (H, W, 3) float32 image in [0, 1]."""
    height, width = int(model.tex_height[texture]), int(model.tex_width[texture])
    channels, start = int(model.tex_nchannel[texture]), int(model.tex_adr[texture])
    flat = model.tex_data[start : start + height * width * channels]
    image = flat.reshape(height, width, channels)[..., :3].astype(np.float32) / 255
    return np.broadcast_to(image, (height, width, 3))  # one channel is grey


def _halved(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[0] // 2, image.shape[1] // 2
    smaller: np.ndarray = image[: 2 * height, : 2 * width].reshape(height, 2, width, 2, 3).mean((1, 3))
    return smaller
