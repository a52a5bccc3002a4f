"""Engines that each break one rule."""

from __future__ import annotations

import os
import signal
import tempfile
from dataclasses import replace
from pathlib import Path

from coral_cli.engines.local import Local
from coral_cli.plugin import Engine, JobStatus


class Silent(Local):
    def __init__(self, most: int) -> None:
        super().__init__(most, 1)
        self.about = ""


class Good(Local):
    def __init__(self, most: int) -> None:
        super().__init__(most, 1)


class Blind(Good):
    def poll(self):
        return {
            name: replace(found, state="done" if found.reason else found.state)
            for name, found in super().poll().items()
        }


class Reasonless(Good):
    def poll(self):
        return {name: JobStatus(found.state) for name, found in super().poll().items()}


class Elsewhere(Good):
    def submit(self, jobs) -> None:
        super().submit([replace(job, directory=Path(tempfile.mkdtemp(dir=job.directory))) for job in jobs])


class Mute(Good):
    def submit(self, jobs) -> None:
        super().submit([replace(job, log=Path(os.devnull)) for job in jobs])


class Crowded(Good):
    def __init__(self, most: int) -> None:
        super().__init__(most + 1)


class Once(Good):
    def submit(self, jobs) -> None:
        super().submit([job for job in jobs if job.name not in self.poll()])


class Rewriting(Good):
    def submit(self, jobs) -> None:
        for job in jobs:
            job.log.unlink(missing_ok=True)
        super().submit(jobs)


class Hasty(Good):
    def cancel(self, at_once: bool) -> None:
        super().cancel(at_once)
        for job in list(self._running.values()):
            job.send_signal(signal.SIGKILL)


def engine(kind: type[Local]) -> Engine:
    return Engine("mine", "Mine.", lambda options, folder, most: kind(most or 1))  # type: ignore[call-arg,arg-type]
