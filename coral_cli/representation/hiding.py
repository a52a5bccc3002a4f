"""Images hidden in training: a latent that must do without them for a while has to remember."""

from __future__ import annotations

import torch
from torch import Tensor


def hidden_stretches(
    sequences: int, steps: int, probability: float, longest: int, device: torch.device | str = "cpu"
) -> Tensor:
    """Draw the steps whose images the latent does not get to see, a mask (B, T), true where they are hidden.

    With ``probability``, independently, a sequence has one stretch of n ~ U{1 .. L} steps that begins at
    step s ~ U{1 .. T - n}: steps s .. s + n - 1 are hidden; L = min(longest, T - 1). The first step is always seen, so
    that there is something to remember. On average probability * (L + 1) / (2 T) of all steps are hidden.
    """
    longest = min(longest, steps - 1)
    chosen, size, place = torch.rand(3, sequences, 1, device=device)
    length = 1 + (size * longest).long()  # (B, 1)
    start = 1 + (place * (steps - length)).long()
    step = torch.arange(steps, device=device)
    hidden: Tensor = (chosen < probability) & (step >= start) & (step < start + length)
    return hidden
