"""A GRU-based filter over all steps as one operation, its gradient worked out by hand.

Step by step, autograd spends more time on bookkeeping than on the small products in between. Here a step
forwards is a handful of operations into tensors made once, a step backwards as many, and every weight's gradient is a
single product over all steps in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from coral_cli.representation.rssm.gates import gate_slopes, gated


class Family(Protocol):
    """A kind of latent, made of network outputs (..., P) and sampled with noise of its own."""

    def __call__(self, parameters: Tensor) -> Any:
        """The Latent with these parameters; ``at(noise)`` is its sample, ``noise()`` draws what that takes."""
        ...

    def slopes(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """What ``pull`` needs to know of every step, (T, B, ...)."""
        ...

    def pull(self, slopes: Tensor, gradient: Tensor, direct: Tensor, out: Tensor) -> None:
        """Writes to ``out`` the gradient (B, P) at a step's parameters: ``direct``, and that through its sample.

        ``gradient`` (B, Z) is the one at the sample. All but ``out`` are in the states' own precision.
        """
        ...


class Chain:
    """At every step an ELU and a linear layer, one after the other; the first layer's input comes from outside.

    ``weights`` (O, I) and ``biases`` (O) are those of the layers. ``entered`` (T, B, I) is where the caller puts the
    input of each step; ELU overwrites it there. ``left`` (T, B, O) is where the last layer's output stands.
    """

    def __init__(self, entered: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor]) -> None:
        self._weights, self._biases = weights, biases
        self._turned = [turned(weight) for weight in weights]
        written = [entered.new_empty(*entered.shape[:2], len(weight)) for weight in weights]
        self._read, self.left = [entered, *written[:-1]], written[-1]
        self._steps = [tensor.unbind(0) for tensor in (entered, *written)]

    def forward(self, t: int) -> Tensor:
        """Step t's input, which lies in ``entered``, to the output (B, O), which lies in ``left``."""
        for layer, (weight, bias) in enumerate(zip(self._turned, self._biases, strict=True)):
            x = torch.ops.aten.elu_(self._steps[layer][t])
            torch.addmm(bias, x, weight, out=self._steps[layer + 1][t])
        return self._steps[-1][t]

    def begin_backward(self, of_entered: Tensor) -> Tensor:
        """Where the caller puts the gradients (T, B, O) of ``left``; ``backward`` turns them into ``of_entered``."""
        self._gradients = [of_entered, *(torch.empty_like(tensor) for tensor in (*self._read[1:], self.left))]
        self._gradient_steps = [gradient.unbind(0) for gradient in self._gradients]
        self._slopes = [(read.clamp(max=0) + 1).unbind(0) for read in self._read]  # of ELU, from its result
        return self._gradients[-1]

    def backward(self, t: int) -> Tensor:
        """Step t's gradient of the input, where it has been put."""
        for layer in reversed(range(len(self._weights))):
            output, entered = self._gradient_steps[layer + 1][t], self._gradient_steps[layer][t]
            torch.mul(output @ self._weights[layer], self._slopes[layer][t], out=entered)
        return entered

    def weight_gradients(self) -> list[Tensor]:
        """Of weight and bias, layer by layer."""
        parts = zip(self._gradients[1:], self._read, strict=True)
        return [part for output, read in parts for part in (product(output, read), output.sum((0, 1)))]


def turned(weight: Tensor) -> Tensor:
    """(O, I) to (I, O) in memory too: products of a few rows with it are up to twice as fast on a processor."""
    return weight.T.contiguous()


def product(output: Tensor, entered: Tensor) -> Tensor:
    """A weight's gradient (O, I), from those (T, B, O) of all its outputs and from all its inputs (T, B, I)."""
    return output.flatten(0, 1).T @ entered.flatten(0, 1)


class Filter(torch.autograd.Function):
    """h (T, B, H), z (T, B, Z) and the posterior's parameters (T, B, P).

    ``known_u`` (T, B, U) and ``known_v`` (T, B, V) are the shares in the first layers of transition and posterior of
    what is known for all steps; their type is that of all products, while states stay in that of the weights.
    ``weights``: z's in the transition, those and biases of its further layers and of the GRU's input, of the GRU's
    state, h's in the posterior, weights and biases of its further layers. ``layers`` counts the transition's.
    """

    @staticmethod
    def forward(
        context: Any,
        family: Family,
        layers: int,
        noise: Sequence[Tensor],
        known_u: Tensor,
        known_v: Tensor,
        *weights: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        own, dtype, (steps, batch, _) = weights[0].dtype, known_u.dtype, known_u.shape
        z_to_u, *rest = (weight.detach().to(dtype) for weight in weights)
        inner, (from_h, bias_h, h_to_v, *outer) = rest[: 2 * layers], rest[2 * layers :]
        from_h = torch.cat([from_h, h_to_v])  # (3 H + V, H)
        size = from_h.shape[1]
        u = torch.empty_like(known_u)
        # h's shares in the gates of step t, and in the posterior of step t - 1, beside each other
        shares = known_v.new_empty(steps + 1, batch, len(from_h))
        shares[..., : 3 * size], shares[1:, :, 3 * size :] = bias_h, known_v
        transition = Chain(u, inner[::2], inner[1::2])
        posterior = Chain(shares[1:, :, 3 * size :], outer[::2], outer[1::2])
        hs = weights[0].new_zeros(steps + 1, batch, size)
        gates = weights[0].new_empty(steps, batch, 3 * size)  # reset, update, candidate
        z = weights[0].new_zeros(batch, z_to_u.shape[1])
        zs, z_turned, h_turned = [z], turned(z_to_u), turned(from_h)
        for t in range(steps):
            torch.addmm(known_u[t], z.to(dtype), z_turned, out=u[t])
            gated(transition.forward(t).to(own), shares[t, :, : 3 * size].to(own), hs[t], gates[t], hs[t + 1])
            shares[t + 1].addmm_(hs[t + 1].to(dtype), h_turned)
            z = family(posterior.forward(t).to(own)).at(noise[t])
            zs.append(z)
        z, parameters = torch.stack(zs), posterior.left.to(own).detach()  # what the graph holds must not be an output
        context.save_for_backward(hs, z, parameters, gates, shares, *noise)
        context.family, context.chains, context.matrices = family, (transition, posterior), (z_to_u, from_h)
        return hs[1:], z[1:], parameters

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Any, ...]:
        hs, zs, parameters, gates, shares, *noise = context.saved_tensors
        (transition, posterior), (z_to_u, from_h) = context.chains, context.matrices
        (steps, batch, _), size, dtype = parameters.shape, hs.shape[2], z_to_u.dtype
        of_u, of_shares = z_to_u.new_empty(steps, batch, len(z_to_u)), torch.zeros_like(shares)
        of_gates, of_v = of_shares[..., : 3 * size], of_shares[1:, :, 3 * size :]
        of_inputs, of_parameters = transition.begin_backward(of_u), posterior.begin_backward(of_v)
        slopes = context.family.slopes(parameters, torch.stack(noise))
        to_inputs, to_states, update = gate_slopes(gates, shares[:-1, :, 2 * size : 3 * size], hs[:-1])
        of_h, of_z, of_parameter = gradients
        kept, sampled = of_h[-1], of_z[-1]  # what reaches h and z of a step from all later ones
        for t in reversed(range(steps)):
            context.family.pull(slopes[t], sampled, of_parameter[t], out=of_parameters[t])
            posterior.backward(t)
            h = added(kept, of_shares[t + 1], from_h)
            for to, of in ((to_states, of_gates), (to_inputs, of_inputs)):
                torch.mul(h[:, None], to[t], out=of[t].unflatten(-1, (3, size)))
            into_u = transition.backward(t)
            if t:
                kept = torch.addcmul(of_h[t - 1], h, update[t])
                sampled = added(of_z[t - 1], into_u, z_to_u)
        known = (None, None, None, of_u, of_v)
        if not any(context.needs_input_grad[len(known) :]):
            return *known, *[None] * (len(context.needs_input_grad) - len(known))
        of_from_h = product(of_shares[1:], hs[1:].to(dtype))
        of_weights = [
            product(of_u, zs[:-1].to(dtype)), *transition.weight_gradients(),
            of_from_h[: 3 * size], of_gates.sum((0, 1)), of_from_h[3 * size :], *posterior.weight_gradients(),
        ]  # fmt: skip
        return *known, *(gradient.to(hs.dtype) for gradient in of_weights)


def added(base: Tensor, gradient: Tensor, weight: Tensor) -> Tensor:
    """``base + gradient @ weight`` in the precision of ``base``."""
    if base.dtype == weight.dtype:
        return torch.addmm(base, gradient, weight)
    return base + gradient @ weight
