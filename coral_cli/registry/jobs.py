"""What an engine must offer, and the jobs of a sweep that it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Job:
    """A training of a sweep: ``command``, word by word, to be started in ``directory``.

    ``name`` is its own among those of the sweep. What it prints, on both streams, is appended to ``log``, whose folder
    is there. SIGTERM asks it to save and end, within a minute or so; another exit code than 0 follows. The same command
    goes on with what it had saved, wherever the directory is seen, and ends with 0 once all is done.
    """

    name: str
    command: tuple[str, ...]
    directory: Path
    log: Path


JobState: TypeAlias = Literal["pending", "running", "done", "failed", "preempted"]


@dataclass(frozen=True)
class JobStatus:
    """What has become of a job.

    ``state`` is ``pending`` before it runs, ``done`` after exit code 0, ``failed`` after any other, and ``preempted``
    where it was cut off by no fault of its own. ``reason`` says in a few words why it failed or was cut off.
    """

    state: JobState
    reason: str = ""


class EngineModule(Protocol):
    """What runs the jobs of a sweep. No method waits for a job; each may raise UsageError or another CoralError."""

    about: str
    """How jobs are run, in a few words, such as ``2 at a time, 1 thread each``."""

    def submit(self, jobs: Sequence[Job]) -> None:
        """Take on ``jobs``, to be started in their order.

        One that is over may be submitted again: that is how a preempted one goes on. An engine that puts it back into
        its queue by itself says ``pending`` instead.
        """
        ...

    def poll(self) -> Mapping[str, JobStatus]:
        """Return the status of every job that was submitted, by name. It is called about twice a second."""
        ...

    def cancel(self, at_once: bool) -> None:
        """Start nothing more, and have what runs save and end; ``at_once``, end it without. All these are preempted.

        It may be called again. ``poll`` says when they have ended.
        """
        ...

    def close(self) -> None:
        """Let go of everything, jobs that still run included; this is the last call.

        An engine of other machines may leave them running: it is what happens when a terminal is closed. Another
        process then submits the same jobs, and the engine has to know which of them are there already.
        """
        ...
