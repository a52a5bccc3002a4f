"""What a reader must offer, and the episodes of the recordings that it opens. Axes: N actions, A action size."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coral_cli.registry.sensors import Sensor


@dataclass(frozen=True)
class RecordedEpisode:
    """An episode of a recording: N actions, each with what came before it and what it led to.

    ``observations`` has by sensor N + 1 values one after another, or N where nothing was seen after the last action: an
    array, or anything that yields each as it is stored. They are read once, one sensor after the other. ``actions``
    (N, A) are as recorded. ``rewards`` (N,) are those of each action, None where nobody was paid. ``terminated`` (N,)
    is true where no future follows what the action led to, and not where the recording was only cut off. ``metrics``
    are numbers to report of it, such as ``success``.
    """

    observations: Mapping[str, Iterable[NDArray[Any]]]
    actions: NDArray[Any]
    rewards: NDArray[Any] | None
    terminated: NDArray[Any]
    metrics: Mapping[str, float] = field(default_factory=dict)


class RecordingModule(Protocol):
    """Recordings of one robot, opened to be read. Each method may raise UnreadableError, UsageError or AbsentError."""

    @property
    def sensors(self) -> Mapping[str, Sensor]:
        """What there is to observe, by the recordings' own names."""
        ...

    @property
    def action_size(self) -> int:
        """The numbers of an action, A."""
        ...

    @property
    def episodes(self) -> int:
        """How many there are."""
        ...

    @property
    def bounds(self) -> tuple[NDArray[Any], NDArray[Any]] | None:
        """The lowest and the highest action (A,), where the format says them."""
        ...

    @property
    def fps(self) -> float | None:
        """Steps per second, where the format says them."""
        ...

    @property
    def lossy(self) -> bool:
        """Whether pictures have lost detail where they are stored."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """What a user must know of how it was read, in sentences."""
        ...

    def episode(self, number: int, sensors: Collection[str]) -> RecordedEpisode:
        """Return an episode, with the values of ``sensors`` alone.

        Numbers come in ascending order, first all without sensors, which must be quick, then all with them.
        """
        ...

    def close(self) -> None:
        """Let go of files; this is the last call."""
        ...
