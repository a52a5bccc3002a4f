"""What the image encoder looks at: by how much each pixel would change the latent."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def saliency(latent: Callable[[Tensor], Tensor], pictures: Tensor, directions: Tensor) -> Tensor:
    """Return the norm of the gradient of ``latent`` with respect to each pixel, (N, H, W), for pictures (N, C, H, W).

    ``latent`` maps pictures to values (N, Z), each of its own picture alone. For orthonormal ``directions`` (Z, Z) it
    is sqrt(sum over j and channels of (d latent_j / d pixel)^2); for D random ones (D, Z), of independent values with
    variance 1 / D, an estimate of it.
    """
    squares = torch.zeros(len(pictures), *pictures.shape[2:], device=pictures.device)
    for direction in directions:
        entered = pictures.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad((latent(entered) * direction).sum(), entered)
        squares += gradient.square().sum(1)
    return squares.sqrt()
