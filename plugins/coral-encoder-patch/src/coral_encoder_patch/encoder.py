"""Patches and an MLP-Mixer (Tolstikhin et al., 2021): an image encoder that is nothing but matrix products."""

from __future__ import annotations

from torch import Tensor, nn


class PatchEncoder(nn.Module):
    """An encoder that cuts the image into P patches, projects each to W values, mixes them, and embeds all P W values.

    MLP-Mixer averages over the patches in the end; here they stay apart, since where something is matters for control.
    """

    def __init__(self, shape: tuple[int, ...], patch: int, width: int, layers: int, size: int) -> None:
        super().__init__()
        height, columns, channels = shape
        count = (height // patch) * (columns // patch)
        self.patches = nn.Linear(patch * patch * channels, width)
        self.mixers = nn.Sequential(*(Mixer(count, width) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        self.embedding = nn.Linear(count * width, size)
        self.size = size
        self._patch = patch

    def forward(self, image: Tensor) -> Tensor:
        """Return the embeddings (N, size) of images (N, C, H, W) in [-0.5, 0.5]."""
        mixed = self.mixers(self.patches(cut(image, self._patch)))  # (N, P, W)
        embedding: Tensor = self.embedding(self.norm(mixed).flatten(1))
        return embedding


class Mixer(nn.Module):
    """A layer between patches, then between the values of each patch: x + MLP(LayerNorm(x)), with W hidden units."""

    def __init__(self, patches: int, width: int) -> None:
        super().__init__()
        self.across = nn.Sequential(nn.Linear(patches, width), nn.GELU(), nn.Linear(width, patches))
        self.within = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))
        self.norm_across, self.norm_within = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, patches: Tensor) -> Tensor:
        """Mix patches (N, P, W), and return them in the same shape."""
        patches = patches + self.across(self.norm_across(patches).transpose(1, 2)).transpose(1, 2)
        mixed: Tensor = patches + self.within(self.norm_within(patches))
        return mixed


def cut(image: Tensor, patch: int) -> Tensor:
    """Cut images (N, C, H, W) into (N, P, patch * patch * C).

    Patches come row by row; in each pixels row by row, then channels.
    """
    count, channels, height, width = image.shape
    rows, columns = height // patch, width // patch
    lines = image.permute(0, 2, 3, 1).reshape(count, rows, patch, columns, patch, channels)
    return lines.transpose(2, 3).reshape(count, rows * columns, -1)
