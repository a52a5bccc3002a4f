"""What the machine can do at most: measured rates of large matrix products and convolutions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import conv2d

from coral_cli.measuring.timing import seconds_of

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
SIDES = (256, 512, 1024, 2048, 4096, 8192)
"""The sides of square matrices."""
IMAGES = (16, 64, 256, 1024)
"""The images in a batch for the second layer of the paper's image encoder, 32 x 31 x 31 to 64 x 14 x 14."""
SECONDS = 0.3
"""The longest time that one product or convolution may take, unless the smallest one does."""
REPEATS = 5

Work = tuple[Callable[[], object], float]
"""A call, and the floating-point operations it makes."""


@dataclass(frozen=True)
class Peak:
    """The most floating-point operations a second."""

    gemm: float
    convolution: float


@torch.inference_mode()
def measure_peak(precision: str, device: torch.device) -> Peak:
    """Return the best of several repeats; it takes about a second, or longer where arithmetic is emulated."""
    dtype = DTYPES[precision]

    def product(side: int) -> Work:
        left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
        return lambda: left @ right, 2 * side**3

    def convolution(images: int) -> Work:
        batch = torch.randn(images, 32, 31, 31, device=device).to(dtype, memory_format=torch.channels_last)
        weight = torch.randn(64, 32, 4, 4, device=device).to(dtype, memory_format=torch.channels_last)
        return lambda: conv2d(batch, weight, stride=2), 2 * images * 64 * 14 * 14 * 32 * 4 * 4

    return Peak(best_rate(product, SIDES, device), best_rate(convolution, IMAGES, device))


def best_rate(make: Callable[[int], Work], sizes: Sequence[int], device: torch.device) -> float:
    """Return the best operations a second on ``sizes`` (ascending), up to the largest that does not take long."""
    best = 0.0
    for size in sizes:
        call, flops = make(size)
        if best and flops / best > SECONDS:
            break
        if not best:
            call()  # loads a library, which can take longer than all the rest
        first = seconds_of(call, device)  # prepares caches and kernels, and says whether it is quick at all
        best = max(best, flops / first)
        if first > SECONDS:
            break
        best = max(best, *(flops / seconds_of(call, device) for _ in range(REPEATS)))
    return best
