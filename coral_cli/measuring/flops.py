"""Floating-point operations, counted as torch performs them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from coral_cli.measuring.spans import spans

CONVOLUTIONS = {torch.ops.aten.convolution, torch.ops.aten._convolution, torch.ops.aten.convolution_backward}
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Flops:
    """The operations of matrix products and convolutions, forward and backward; ``parts`` by label, as in ``spans``.

    A multiplication and an addition are two. What works element by element is left out, as is usual.
    """

    products: float
    convolutions: float
    parts: Mapping[str, float]

    @property
    def total(self) -> float:
        return self.products + self.convolutions

    def utilisation(self, seconds: float, peak: float) -> float:
        """Return the share of ``peak`` (operations a second) that doing them in ``seconds`` amounts to."""
        return self.total / (seconds * peak)


def counted(call: Callable[[], object]) -> Flops:
    """Count while ``call`` runs, which takes much longer then. Compiled code and foreign kernels count nothing."""
    with FlopCounterMode(display=False, custom_mapping=_UNCOUNTED) as counter, spans(counter.get_total_flops) as parts:
        call()
    by_operation = counter.get_flop_counts().get("Global", {})
    convolutions = sum(flops for operation, flops in by_operation.items() if operation in CONVOLUTIONS)
    return Flops(counter.get_total_flops() - convolutions, convolutions, dict(parts))


def _added_product(_: Shape, left: Shape, right: Shape, *args: Any, **kwargs: Any) -> int:
    """Return the operations of an added matrix product (N, K) x (K, M), of a batch of them, or with a vector (K)."""
    return _product(left, right)


def _product(left: Shape, right: Shape, *args: Any, **kwargs: Any) -> int:
    return 2 * math.prod(left) * (right[-1] if len(right) > 1 else 1)


_UNCOUNTED = {
    torch.ops.aten.addmm_: _added_product,
    torch.ops.aten.baddbmm_: _added_product,
    torch.ops.aten.addmv: _added_product,
    torch.ops.aten.addmv_: _added_product,
    torch.ops.aten.mv: _product,
    torch.ops.aten.dot: _product,
}
"""Operations that torch's counter knows only in another form."""
