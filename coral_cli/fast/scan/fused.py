"""The steps of a filter with a Gaussian latent on a GPU: a kernel a layer, forwards and backwards."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor

from coral_cli.fast.gpu import begins_early, makes_kernels
from coral_cli.fast.scan.tape import Chain, Tape, turned

ROWS, COLUMNS, DEPTH = 16, 16, 512
WARPS, STAGES = 2, 3
"""A tile has so many rows and columns; its sums take so many terms at once, with so many warps, loaded so far ahead."""


def fits(tape: Tape) -> bool:
    """Return whether there are kernels for this tape, and a GPU for them.

    In single precision, where they have no matrix units to use, torch's own products are faster.
    """
    return (
        tape.hs.is_cuda
        and tape.hs.dtype == torch.float32
        and tape.z_to_u.dtype == torch.bfloat16
        and tape.family.kernel == "gaussian"
        and makes_kernels(tape.hs.device)
    )


def kernels() -> Any:
    """Return the module of kernels. Raises ImportError without Triton."""
    from coral_cli.fast.scan import kernels

    return kernels


def launch(kernel: Any, columns: int, x: Tensor, weight: Tensor, *others: Any, first: bool = False) -> None:
    """Run ``kernel`` for a result (B, columns) of x (B, K) and a weight (columns or a multiple, K), in tiles.

    All but the ``first`` one of a chain begin early where that can be: its weights may be another one's result.
    """
    batch, terms = len(x), weight.shape[1]
    depth = min(DEPTH, max(16, 1 << (terms - 1).bit_length()))
    early = begins_early(x.device) and not first
    kernel[-(-columns // COLUMNS), -(-batch // ROWS)](
        *placed(x), weight, *others, batch, N=columns, K=terms, BM=ROWS, BN=COLUMNS, BK=depth,
        EARLY=early, num_warps=WARPS, num_stages=STAGES, launch_pdl=early,
    )  # fmt: skip


def placed(rows: Tensor) -> tuple[Tensor, int]:
    """Return rows with the distance between them in memory, which is 0 for a bias, the same for all."""
    return rows, 0 if rows.dim() == 1 else rows.stride(0)


def forward(tape: Tape, known_u: Tensor) -> None:
    """Do all steps, as ``stepwise.forward`` does."""
    (steps, batch, _), latent, size = tape.gates.shape, tape.z_to_u.shape[1], tape.hs.shape[2]
    family: Any = tape.family
    tape.z = tape.hs.new_empty(steps + 1, batch, latent)
    tape.parameters = tape.hs.new_empty(steps, batch, 2 * latent)
    tape.z[0] = 0
    for t in range(steps):
        layer(tape.z[t], tape.z_to_u, known_u[t], tape.transition.read[0][t], first=not t)
        last = all_but_the_last(tape.transition, t)
        launch(kernels().gru, size, *last, *placed(tape.shares[t]), tape.hs[t], tape.gates[t], tape.hs[t + 1])
        layer(tape.hs[t + 1], tape.from_h, tape.shares[t + 1], tape.shares[t + 1], linear=3 * size)
        last = all_but_the_last(tape.posterior, t)
        results = tape.parameters[t], tape.z[t + 1]
        launch(kernels().gaussian, latent, *last, tape.noise[t], *results, family.min_std)


def layer(x: Tensor, weight: Tensor, base: Tensor, out: Tensor, linear: int = 0, first: bool = False) -> None:
    """Write ELU(base + x @ weight.T) to ``out`` (B, O); the first ``linear`` columns without ELU."""
    launch(kernels().layer, len(weight), x, weight, *placed(base), *placed(out), linear, first=first)


def all_but_the_last(chain: Chain, t: int) -> tuple[Tensor, Tensor, Tensor]:
    """Run all layers but the last at step t; return what that reads, its weight and its bias."""
    for number, (weight, bias) in enumerate(zip(chain.weights[:-1], chain.biases[:-1], strict=True)):
        layer(chain.read[number][t], weight, bias, chain.read[number + 1][t])
    return chain.read[-1][t], chain.weights[-1], chain.biases[-1]


def backward(tape: Tape, of_shares: Tensor, *gradients: Tensor) -> None:
    """Fill the gradients from the last step to the first, as ``stepwise.backward`` does."""
    of_h, of_z, of_parameter = (given if given.stride(2) == 1 else given.contiguous() for given in gradients)
    of_u, of_inputs = tape.transition.gradients[0], tape.transition.gradients[-1]
    of_parameters, kept = tape.posterior.gradients[-1], of_h[-1].clone(memory_format=torch.contiguous_format)
    to_latent, to_u = Backwards(tape.posterior), Backwards(tape.transition)
    to_h, to_z = turned(tape.from_h), turned(tape.z_to_u)
    slopes = tape.family.slopes(tape.parameters[-1], tape.noise[-1])
    tape.family.pull(slopes, of_z[-1], of_parameter[-1], out=of_parameters[-1])
    last = len(of_h) - 1
    for t in reversed(range(len(of_h))):
        to_latent(t, first=t == last)
        before = max(t - 1, 0)  # nothing comes of what reaches the zero state
        launch(
            kernels().gru_gradient, len(to_h), of_shares[t + 1], to_h, of_shares[t], tape.shares[t], tape.hs[t],
            tape.gates[t], kept, *placed(of_h[before]), of_inputs[t],
        )  # fmt: skip
        to_u(t)
        if t:
            launch(
                kernels().gaussian_gradient, len(to_z), of_u[t], to_z, *placed(of_z[before]),
                *placed(of_parameter[before]), tape.noise[before], tape.parameters[before], of_parameters[before],
            )  # fmt: skip


class Backwards:
    """A chain's step t backwards, from the gradient of ``left``, which lies in its place."""

    def __init__(self, chain: Chain) -> None:
        weights, gradients = map(turned, chain.weights), itertools.pairwise(chain.gradients)
        self._layers = list(zip(weights, chain.read, gradients, strict=True))

    def __call__(self, t: int, first: bool = False) -> None:
        for weight, read, (entered, output) in reversed(self._layers):
            places = *placed(read[t]), *placed(entered[t])
            launch(kernels().layer_gradient, len(weight), output[t], weight, *places, first=first)
            first = False
