"""A step of the representation for one episode on the CPU: as ``Representation.step``, in fewer and faster calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from coral_cli.fast.single_rows import Row, convolutions, dense, gaussian, gru, is_own
from coral_cli.representation.batch import Normalization
from coral_cli.representation.encoders.conv import ConvEncoder
from coral_cli.representation.encoders.mlp import MlpEncoder
from coral_cli.representation.networks import Mlp
from coral_cli.representation.objective import Representation, State
from coral_cli.representation.rssm.gaussian import Gaussians
from coral_cli.representation.rssm.gru import GruRssm

MIDDLE, SCALE = np.float32(127.5), np.float32(1 / 255)


@dataclass(frozen=True)
class RowStep:
    """A step by views of the weights: an encoder for each sensor, and what an RSSM is made of, each for one row.

    Each thread needs one of its own.
    """

    encoders: Mapping[str, Callable[[NDArray[Any]], Row]]
    nothing: Mapping[str, Row]
    transition: Callable[[Row], Row]
    gru: Callable[[Row, Row], Row]
    posterior: Callable[[Row], Row]
    latent: Callable[[Row], tuple[Tensor, Row]]

    def __call__(self, state: State, action: Tensor, observations: Mapping[str, NDArray[Any]]) -> tuple[State, Row]:
        """Return what ``Representation.step`` does, of raw observations (...) without those that are missing."""
        moved = self.transition(np.concatenate((state.z.numpy()[0], action.numpy()[0])))
        h = self.gru(moved, state.h.numpy()[0])
        seen = [
            encoder(observations[name]) if name in observations else self.nothing[name]
            for name, encoder in self.encoders.items()
        ]
        z, mean = self.latent(self.posterior(np.concatenate((*seen, h))))
        return State(torch.from_numpy(h[None]), z), np.concatenate((mean, h))


def row_step(model: nn.Module) -> RowStep | None:
    """Return the step of ``model``; None where a part of it is a plugin's, a subclass or has hooks."""
    if not is_own(model, Representation) or not is_own(model.rssm, GruRssm):
        return None
    rssm, sizes = model.rssm, model.sizes
    dense_ones = rssm.transition, rssm.posterior_network
    transition, posterior = (dense(network) if is_own(network, Mlp) else None for network in dense_ones)
    cell = gru(rssm.gru)
    encoders = {name: _encoder(name, encoder, model.normalization) for name, encoder in model.encoders.items()}
    known = {name: encoder for name, encoder in encoders.items() if encoder is not None}
    if transition is None or posterior is None or cell is None or len(known) < len(encoders):
        return None
    nothing = {name: np.zeros(size, np.float32) for name, size in sizes.items()}
    return RowStep(known, nothing, transition, cell, posterior, _latent(rssm.latent))


def _latent(latent: Callable[[Tensor], Any]) -> Callable[[Row], tuple[Tensor, Row]]:
    """Return what draws a sample (1, Z) from parameters (P), and gives the mean (Z)."""
    if type(latent) is Gaussians:
        return gaussian(latent.min_std)

    def drawn(parameters: Row) -> tuple[Tensor, Row]:
        posterior = latent(torch.from_numpy(parameters)[None])
        return posterior.sample(), posterior.mean[0].numpy()

    return drawn


def _encoder(name: str, encoder: nn.Module, normalization: Normalization) -> Callable[[NDArray[Any]], Row] | None:
    """Return what makes an embedding (E) of a raw observation."""
    if is_own(encoder, ConvEncoder):
        return convolutions(encoder.convolutions, partial(_read, normalization, name))
    if is_own(encoder, MlpEncoder) and is_own(encoder.layers, Mlp) and hasattr(normalization, f"{name}_mean"):
        of_vector = dense(encoder.layers)
        mean, std = (getattr(normalization, f"{name}_{part}").numpy() for part in ("mean", "std"))
        return None if of_vector is None else lambda vector: of_vector((vector - mean) / std)
    return None


def _read(normalization: Normalization, name: str, image: NDArray[Any], into: Row) -> None:
    """Write a raw image or depth (H, W, C) normalised."""
    if image.dtype == np.uint8:
        np.subtract(image, MIDDLE, out=into, dtype=np.float32)  # as ``centred``
        np.multiply(into, SCALE, out=into)
    else:
        into[...] = normalization(name, torch.from_numpy(image)[None])[0].permute(1, 2, 0).numpy()
