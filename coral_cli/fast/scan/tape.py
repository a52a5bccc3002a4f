"""What a filter over all steps writes down on its way forwards, and reads on its way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from coral_cli.fast.scan.families import Family


class Chain:
    """A chain of layers at every step: an ELU and a linear layer, one after the other.

    ``weights`` (O, I) and ``biases`` (O) are those of the layers, ``read[l]`` (T, B, I) is what layer l's product
    reads, after the ELU; the first one comes from outside. ``left`` (T, B, O) is the last layer's output.
    """

    def __init__(self, entered: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor]) -> None:
        self.weights, self.biases = weights, biases
        written = [entered.new_empty(*entered.shape[:2], len(weight)) for weight in weights]
        self.read, self.left = [entered, *written[:-1]], written[-1]

    def begin_backward(self) -> None:
        """Make room for ``gradients``: [l] (T, B, I) at what enters layer l's ELU, the last one at ``left``."""
        self.gradients = [torch.empty_like(tensor) for tensor in (*self.read, self.left)]

    def weight_gradients(self) -> list[Tensor]:
        """Return the gradients of weight and bias, layer by layer."""
        parts = zip(self.gradients[1:], self.read, strict=True)
        return [part for output, read in parts for part in (product(output, read), output.sum((0, 1)))]


@dataclass
class Tape:
    """All steps of a filter, each in its place of tensors made once; sizes as in Filter.

    ``shares`` (T + 1, B, 3 H + V) are h's in the gates of step t, beside those in the posterior of step t - 1 with what
    is known there; ``hs`` (T + 1, B, H) begins with the zero state; ``gates`` (T, B, 3 H) are reset, update, candidate.
    ``from_h`` (3 H + V, H) are all weights that read h. ``z`` (T + 1, B, Z), which begins with the zero state too, and
    ``parameters`` (T, B, P) are the steps' own to make.
    """

    family: Family
    noise: Tensor
    z_to_u: Tensor
    from_h: Tensor
    transition: Chain
    posterior: Chain
    shares: Tensor
    hs: Tensor
    gates: Tensor
    z: Tensor
    parameters: Tensor

    @classmethod
    def blank(
        cls,
        family: Family,
        layers: int,
        noise: Tensor,
        known_u: Tensor,
        known_v: Tensor,
        weights: Sequence[Tensor],
    ) -> Tape:
        """Make a tape with what is known of all steps; the arguments are Filter's."""
        dtype, (steps, batch, _) = known_u.dtype, known_u.shape
        z_to_u, *rest = (weight.detach().to(dtype) for weight in weights)
        inner, (from_h, bias_h, h_to_v, *outer) = rest[: 2 * layers], rest[2 * layers :]
        from_h = torch.cat([from_h, h_to_v])
        size = from_h.shape[1]
        shares = known_v.new_empty(steps + 1, batch, len(from_h))
        shares[..., : 3 * size], shares[1:, :, 3 * size :] = bias_h, known_v
        return cls(
            family,
            noise,
            z_to_u.contiguous(),
            from_h,
            transition=Chain(torch.empty_like(known_u), inner[::2], inner[1::2]),
            posterior=Chain(shares[1:, :, 3 * size :], outer[::2], outer[1::2]),
            shares=shares,
            hs=weights[0].new_zeros(steps + 1, batch, size),
            gates=weights[0].new_empty(steps, batch, 3 * size),
            z=weights[0].new_empty(0),
            parameters=weights[0].new_empty(0),
        )

    def begin_backward(self) -> Tensor:
        """Make room for gradients; return that for those of ``shares``."""
        of_shares = torch.zeros_like(self.shares)
        self.transition.begin_backward()
        self.posterior.begin_backward()
        self.posterior.gradients[0] = of_shares[1:, :, 3 * self.hs.shape[2] :]
        return of_shares

    def weight_gradients(self, of_shares: Tensor) -> list[Tensor]:
        """Return the weights' gradients in the order of Filter's ``weights``, in the precision of the states."""
        dtype, size = self.z_to_u.dtype, 3 * self.hs.shape[2]
        of_from_h = product(of_shares[1:], self.hs[1:].to(dtype))
        gradients = [
            product(self.transition.gradients[0], self.z[:-1].to(dtype)), *self.transition.weight_gradients(),
            of_from_h[:size], of_shares[..., :size].sum((0, 1)), of_from_h[size:], *self.posterior.weight_gradients(),
        ]  # fmt: skip
        return [gradient.to(self.hs.dtype) for gradient in gradients]


def turned(weight: Tensor) -> Tensor:
    """Return a weight (O, I) as (I, O) in memory too: a processor's products of a few rows are up to twice as fast."""
    return weight.T.contiguous()


def product(output: Tensor, entered: Tensor) -> Tensor:
    """Return a weight's gradient (O, I), from those (T, B, O) of all its outputs and from all its inputs (T, B, I)."""
    return output.flatten(0, 1).T @ entered.flatten(0, 1)
