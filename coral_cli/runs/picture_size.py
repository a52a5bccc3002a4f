"""What becomes of recorded pictures that are of another size than the model sees: geometry alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from coral_cli.registry.sensors import Fit

Size: TypeAlias = tuple[int, int]
"""Height and width, in pixels."""


@dataclass(frozen=True)
class Scaling:
    """The way of a recorded picture to the model: its centre of size ``view`` becomes ``target``, crops included."""

    view: Size
    target: Size

    @property
    def scales(self) -> bool:
        """Whether pictures change more than by losing their edges."""
        return self.view != self.target

    def seen(self, fit: Fit) -> float:
        """Return the share of the view that is left, from 0 to 1."""
        if fit != "crop":
            return 1.0
        (height, width), (high, wide) = self.view, self.target
        pixels = min(height / high, width / wide)  # of the view, along one of the target
        return (high * pixels / height) * (wide * pixels / width)


def scaling(stored: Size, margin_stored: int, image: Size, margin: int) -> Scaling:
    """Return how pictures of the size ``stored`` come to an ``image`` with ``margin`` pixels for random crops.

    Without its own margin a picture may be smaller than an image, since some cameras draw less, and then stays as it
    is; the target may be larger than what is stored. A picture that is larger is scaled, with as much of its margin as
    the one that is asked for takes.
    """
    seen = tuple(side - margin_stored for side in stored)
    target = tuple(min(had, wanted) + margin for had, wanted in zip(seen, image, strict=True))
    view = tuple(
        min(side, round(had * now / max(now - margin, 1))) for side, had, now in zip(stored, seen, target, strict=True)
    )
    return Scaling((view[0], view[1]), (target[0], target[1]))
