"""Who dominates: how much of the gradient that reaches the encoders comes from each term of the objective."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from coral_cli.representation.objective import Losses


def gradient_shares(losses: Losses) -> Mapping[str, Tensor]:
    """Return each term's share of the summed gradient norms at all sensors' embeddings; empty when these are frozen.

    This costs a backward pass through the RSSM per term, none through the encoders, and leaves every gradient as it is.
    """
    reached = [embedding for embedding in losses.embeddings.values() if embedding.requires_grad]
    if not reached:
        return {}
    norms = {name: _norm(term, reached) for name, term in losses.terms.items() if term.requires_grad}
    total = torch.stack(list(norms.values())).sum().clamp(min=torch.finfo(torch.float32).tiny)
    return {name: norm / total for name, norm in norms.items()}


def _norm(term: Tensor, reached: list[Tensor]) -> Tensor:
    gradients = torch.autograd.grad(term, reached, retain_graph=True, allow_unused=True)
    parts = [gradient.flatten() for gradient in gradients if gradient is not None]
    return torch.linalg.vector_norm(torch.cat(parts)) if parts else term.new_zeros(())
