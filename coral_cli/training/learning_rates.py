"""Learning rates that fall: a large one learns a task in time, a smaller one learns its last centimetres."""

from __future__ import annotations

from collections.abc import Collection

from torch.optim import Optimizer


class LearningRates:
    """The learning rates of ``optimizers``, multiplied by ``factor`` at each of ``drops`` (environment steps).

    They follow from the steps alone, so a run that goes on has the same ones, and other ones where its ``drops`` are
    others, or none any more. Between drops nothing is touched, whatever else a policy does to its optimisers' rates.
    """

    def __init__(self, optimizers: Collection[Optimizer], drops: Collection[int], factor: float) -> None:
        self._drops, self._factor = tuple(drops), factor
        self._first = [(optimizer, [group["lr"] for group in optimizer.param_groups]) for optimizer in optimizers]
        self.multiple = 1.0
        """What the rates are multiplied by now; a checkpoint keeps it beside the rates."""

    def scale(self, steps: int) -> float:
        """Return what the rates are multiplied by after ``steps`` environment steps."""
        return self._factor ** sum(drop <= steps for drop in self._drops)

    def set(self, steps: int) -> bool:
        """Set the rates that belong to ``steps`` environment steps; return whether that was to be done."""
        scale = self.scale(steps)
        if scale == self.multiple:
            return False
        self.multiple = scale
        for optimizer, rates in self._first:
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * scale
        return True
