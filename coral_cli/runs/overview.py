"""All that is told of a run among others, without torch and without what it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from coral_cli.registry.errors import UnreadableError
from coral_cli.registry.options import Json
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.finding import disk_space
from coral_cli.runs.flags import budget, metadata_and_flags
from coral_cli.runs.standing import Standing, standing


@dataclass(frozen=True)
class Overview:
    """One run: what it was to be and what it has come to; of a damaged one, why it cannot be read."""

    path: Path
    space: int
    """The bytes that it takes on the disk."""
    metadata: Mapping[str, Json] = field(default_factory=dict)
    """The contents of run.json."""
    flags: Mapping[str, Json] = field(default_factory=dict)
    """What was assembled: components by slot, ``SLOT.OPTION``, settings."""
    standing: Standing | None = None
    damage: UnreadableError | None = None

    @property
    def state(self) -> str:
        """The run's state, or ``damaged``."""
        return self.standing.state if self.standing else "damaged"

    @property
    def budget(self) -> int | None:
        """The steps that it is to do; updates, of a run on recorded data."""
        return budget(self.metadata, self.flags)

    @property
    def started(self) -> datetime | None:
        """When it was started first, in UTC."""
        return moment(self.metadata.get("started"))


def overview(path: Path) -> Overview:
    """Look at a run. What is damaged is told, and raises nothing."""
    space = disk_space(path)
    try:
        metadata, flags = metadata_and_flags(path)
        return Overview(path, space, metadata, flags, standing(RunDirectory(path)))
    except UnreadableError as error:
        return Overview(path, space, damage=error)


def moment(text: Json) -> datetime | None:
    """Return the time that a run's metadata tells (ISO 8601; UTC unless it says otherwise), None for what is none."""
    try:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
