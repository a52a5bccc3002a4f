"""The steps of a filter in torch's own operations, on any device and for any family."""

from __future__ import annotations

import torch
from torch import Tensor

from coral_cli.fast.scan.gates import Gates, gate_slopes
from coral_cli.fast.scan.tape import Chain, Tape, turned


def forward(tape: Tape, known_u: Tensor) -> None:
    """Do all steps, one after the other; ``known_u`` (T, B, U) is what is known of the transition's first layer."""
    own, dtype = tape.hs.dtype, known_u.dtype
    into_gates, into_latent = Forwards(tape.transition), Forwards(tape.posterior)
    combined = Gates(tape.transition.left, tape.shares[:-1], tape.gates, tape.hs)
    z = tape.hs.new_zeros(tape.hs.shape[1], tape.z_to_u.shape[1])
    zs, z_turned, h_turned = [z], turned(tape.z_to_u), turned(tape.from_h)
    known, u, shares = (part.unbind(0) for part in (known_u, tape.transition.read[0], tape.shares))
    for t, noise in enumerate(tape.noise):
        torch.addmm(known[t], z.to(dtype), z_turned, out=u[t])
        into_gates(t)
        shares[t + 1].addmm_(combined(t).to(dtype), h_turned)
        z = tape.family.sample(into_latent(t).to(own), noise)
        zs.append(z)
    tape.z, tape.parameters = torch.stack(zs), tape.posterior.left.to(own)


def backward(tape: Tape, of_shares: Tensor, of_h: Tensor, of_z: Tensor, of_parameter: Tensor) -> None:
    """Fill the chains' gradients and ``of_shares``, from the last step to the first."""
    size, z_to_u, gates = tape.hs.shape[2], tape.z_to_u, tape.gates
    to_latent, to_u = Backwards(tape.posterior), Backwards(tape.transition)
    slopes = tape.family.slopes(tape.parameters, tape.noise)
    to_inputs, to_states, update = gate_slopes(gates, tape.shares[:-1, :, 2 * size : 3 * size], tape.hs[:-1])
    of_inputs, of_states = tape.transition.gradients[-1], of_shares[..., : 3 * size]
    into_shares, into_h, into_z, direct, out, slope, updates = (
        part.unbind(0) for part in (of_shares, of_h, of_z, of_parameter, tape.posterior.gradients[-1], slopes, update)
    )
    chained = [
        (to.unbind(0), of.unflatten(-1, (3, size)).unbind(0))
        for to, of in ((to_states, of_states), (to_inputs, of_inputs))
    ]
    kept, sampled = into_h[-1], into_z[-1]  # what reaches h and z of a step from all later ones
    for t in reversed(range(len(gates))):
        tape.family.pull(slope[t], sampled, direct[t], out=out[t])
        to_latent(t)
        h = added(kept, into_shares[t + 1], tape.from_h)
        for to, of in chained:
            torch.mul(h[:, None], to[t], out=of[t])
        into_u = to_u(t)
        if t:
            kept = torch.addcmul(into_h[t - 1], h, updates[t])
            sampled = added(into_z[t - 1], into_u, z_to_u)


class Forwards:
    """A chain's step t, from the first layer's input, which lies in its place and is overwritten by its ELU."""

    def __init__(self, chain: Chain) -> None:
        self._layers = [(turned(weight), bias) for weight, bias in zip(chain.weights, chain.biases, strict=True)]
        self._steps = [tensor.unbind(0) for tensor in (*chain.read, chain.left)]

    def __call__(self, t: int) -> Tensor:
        """Return the output (B, O) of step t, which lies in ``left``."""
        for layer, (weight, bias) in enumerate(self._layers):
            x = torch.ops.aten.elu_(self._steps[layer][t])
            torch.addmm(bias, x, weight, out=self._steps[layer + 1][t])
        return self._steps[-1][t]


class Backwards:
    """A chain's step t backwards, from the gradient of ``left``, which lies in its place."""

    def __init__(self, chain: Chain) -> None:
        self._weights = chain.weights
        self._gradients = [gradient.unbind(0) for gradient in chain.gradients]
        self._slopes = [(read.clamp(max=0) + 1).unbind(0) for read in chain.read]  # of ELU, from its result

    def __call__(self, t: int) -> Tensor:
        """Return the gradient (B, I) at what enters step t, where it has been put."""
        for layer in reversed(range(len(self._weights))):
            output, entered = self._gradients[layer + 1][t], self._gradients[layer][t]
            torch.mul(output @ self._weights[layer], self._slopes[layer][t], out=entered)
        return entered


def added(base: Tensor, gradient: Tensor, weight: Tensor) -> Tensor:
    """Return ``base + gradient @ weight`` in the precision of ``base``."""
    if base.dtype == weight.dtype:
        return torch.addmm(base, gradient, weight)
    return base + gradient @ weight
