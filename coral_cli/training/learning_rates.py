"""Learning rates that fall: a large one learns a task in time, a smaller one learns its last centimetres."""

from __future__ import annotations

from collections.abc import Collection

from torch.optim import Optimizer


class LearningRates:
    """The learning rates of ``optimizers``, multiplied by ``factor`` at each of ``drops`` (environment steps).

    They follow from the steps alone, so a run that goes on has the same ones, and other ones where its ``drops`` are
    others. Without ``drops`` nothing is touched, whatever an optimiser's own policy does to it.
    """

    def __init__(self, optimizers: Collection[Optimizer], drops: Collection[int], factor: float) -> None:
        self._drops, self._factor = tuple(drops), factor
        self._first = [(optimizer, [group["lr"] for group in optimizer.param_groups]) for optimizer in optimizers]
        self._scale: float | None = None

    def scale(self, steps: int) -> float:
        """Return what the rates are multiplied by after ``steps`` environment steps."""
        return self._factor ** sum(drop <= steps for drop in self._drops)

    def forget(self) -> None:
        """Forget which rates were set: the optimisers have those of a checkpoint."""
        self._scale = None

    def set(self, steps: int) -> bool:
        """Set the rates that belong to ``steps`` environment steps; return whether that was to be done."""
        scale = self.scale(steps)
        if not self._drops or scale == self._scale:
            return False
        self._scale = scale
        for optimizer, rates in self._first:
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * scale
        return True
