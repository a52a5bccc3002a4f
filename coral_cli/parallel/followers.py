"""Learning in step: one process leads, and the others do every update with it, each on its share of the batch.

Only the leading process has environments, keeps checkpoints and tells how it goes. The others open the same replay's
files, draw the same batch from the same random stream and read only their share of it, so no batch is ever sent. All
keep optimisers of their own, which stay alike because the averaged gradients are.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import torch
import torch.distributed as dist


@dataclass(frozen=True)
class Order:
    """The order to do one update.

    It says whether to measure gradients' shares, how many episodes and environment steps there are, and a noise seed.
    """

    shares: bool
    episodes: int
    noise: int
    steps: int


class Channel:
    """A channel from the leading process to the others, beside what the updates exchange.

    It goes through the processors' memory alone, so that whoever waits for an order keeps no device waiting.
    """

    def __init__(self, **options: Any) -> None:
        self._group = dist.new_group(backend="gloo", **options)

    def say(self, order: Order | None, enclosed: object = None) -> None:
        """Give an order (None: it is over) and, if need be, what goes with it."""
        words = (order.shares, order.episodes, order.noise, order.steps) if order else (0, 0, 0, 0)
        dist.broadcast(torch.tensor([order is not None, enclosed is not None, *words]), 0, self._group)
        if enclosed is not None:
            dist.broadcast_object_list([enclosed], 0, self._group)

    def hear(self) -> tuple[Order | None, Any]:
        """Return the next order, None also when the leading process has gone, and what goes with it."""
        words, enclosed = torch.zeros(6, dtype=torch.long), [None]
        try:
            dist.broadcast(words, 0, self._group)
            going_on, more, shares, episodes, noise, steps = words.tolist()
            if more:
                dist.broadcast_object_list(enclosed, 0, self._group)
        except RuntimeError:
            return None, None
        return Order(bool(shares), episodes, noise, steps) if going_on else None, enclosed[0]


class Led(Protocol):
    """What followers must know of what learns in step."""

    @property
    def noise(self) -> int:
        """A number that is another one before every update."""
        ...

    @property
    def episodes(self) -> int:
        """How many episodes the replay of the learner has had."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return all that makes another learner like this one."""
        ...


class Followers:
    """The processes that follow this one; without a channel, nobody. Leaving its ``with`` block dismisses them."""

    def __init__(self, channel: Channel | None = None) -> None:
        self.processes = dist.get_world_size() if channel else 1
        self._channel = channel
        self._alike = self._updating = False

    def __enter__(self) -> Followers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._channel and not self._updating:  # in the midst of an update nobody listens
            with suppress(RuntimeError):  # who has gone needs no dismissal
                self._channel.say(None)

    def begin(self, with_what: object) -> None:
        """Tell the others what to build their learner from."""
        if self._channel:
            self._channel.say(Order(False, 0, 0, 0), with_what)

    @contextmanager
    def updating(self, learner: Led, shares: bool, steps: int) -> Iterator[None]:
        """Have all others do the update that is done inside; before the first, their learners become like this one."""
        if self._channel:
            order = Order(shares, learner.episodes, learner.noise, steps)
            self._channel.say(order, None if self._alike else _packed(learner.state_dict()))
        self._alike = self._updating = True
        yield
        self._updating = False


def _packed(state: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()
