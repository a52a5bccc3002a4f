"""The random numbers of a step, taken from somewhere else: what a program is to compute again must be its input."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from coral_cli.registry.errors import CoralError

Kind = Literal["normal", "uniform"]
"""Standard normal numbers, or uniform ones from 0 to 1."""
DRAW: dict[Kind, Callable[..., Tensor]] = {"normal": torch.randn, "uniform": torch.rand}
LIKE: dict[Any, Kind] = {torch.randn_like: "normal", torch.rand_like: "uniform"}
SIZED: dict[Any, Kind] = {torch.randn: "normal", torch.rand: "uniform"}
OTHERS = {
    torch.bernoulli,
    torch.multinomial,
    torch.normal,
    torch.poisson,
    torch.randint,
    torch.randint_like,
    torch.randperm,
    torch.Tensor.bernoulli_,
    torch.Tensor.cauchy_,
    torch.Tensor.exponential_,
    torch.Tensor.geometric_,
    torch.Tensor.log_normal_,
    torch.Tensor.random_,
}
"""What draws numbers of other kinds."""


@dataclass(frozen=True)
class Draw:
    """What a step draws once: numbers of a ``kind``, ``shape`` of them for each episode of the batch."""

    kind: Kind
    shape: tuple[int, ...]


class Drawing(TorchFunctionMode):
    """Inside it, whatever draws standard normal or uniform numbers gets them from ``source(kind, shape)``.

    Raises CoralError where something else is drawn.
    """

    def __init__(self, source: Callable[[Kind, torch.Size], Tensor]) -> None:
        super().__init__()
        self._source = source

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in LIKE:
            return self._source(LIKE[func], args[0].shape)
        if func in SIZED:
            size = kwargs.get("size", args[0] if args and not isinstance(args[0], int | torch.SymInt) else args)
            return self._source(SIZED[func], torch.Size(size))
        if func is torch.Tensor.normal_:
            return _filled(self._source("normal", args[0].shape), *args, **kwargs)
        if func is torch.Tensor.uniform_:
            return _between(self._source("uniform", args[0].shape), *args, **kwargs)
        if func in OTHERS or (func is torch.nn.functional.dropout and kwargs.get("training", True)):
            name = getattr(func, "__name__", str(func))
            raise CoralError(
                f"this agent draws numbers with {name}, which cannot be made an input of a program.",
                "Use it with coral_cli.load_agent; or have its plugin draw with torch.randn_like or torch.rand_like.",
            )
        return func(*args, **kwargs)


def noting(draws: list[tuple[Draw, Tensor]]) -> Drawing:
    """Return a mode that draws as torch does, and appends to ``draws`` what was drawn, with its numbers."""

    def source(kind: Kind, shape: torch.Size) -> Tensor:
        numbers = DRAW[kind](shape)
        draws.append((Draw(kind, tuple(shape[1:])), numbers))
        return numbers

    return Drawing(source)


def giving(numbers: Iterable[Tensor]) -> Drawing:
    """Return a mode in which ``numbers`` are drawn, one after the other."""
    left = iter(numbers)
    return Drawing(lambda kind, shape: next(left))


def _filled(numbers: Tensor, into: Tensor, mean: float = 0.0, std: float = 1.0, **_: Any) -> Tensor:
    return into.copy_(mean + std * numbers)


def _between(numbers: Tensor, into: Tensor, low: float = 0.0, high: float = 1.0, **named: Any) -> Tensor:
    low, high = named.get("from", low), named.get("to", high)
    return into.copy_(low + (high - low) * numbers)
