"""The reader ``lerobot``: what coral asks of this package. Importing it imports neither PyArrow nor PyAV."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from coral_cli.plugin import AbsentError, Help, Reader, hookimpl

if TYPE_CHECKING:
    from coral_cli.plugin import RecordingModule


@dataclass(frozen=True)
class LeRobotOptions:
    """Options of which columns say what was paid, and where an episode ended."""

    reward: Annotated[str, Help("The column of rewards, or none.")] = "next.reward"
    ended: Annotated[
        str,
        Help(
            "The column that says where no future follows, or none (auto: next.terminated, or next.done where there is "
            "next.success, too, or next.done)."
        ),
    ] = "auto"


def build(options: LeRobotOptions, source: str) -> RecordingModule:
    """Open the dataset in the directory ``source``. Raises AbsentError without PyArrow, UnreadableError for another."""
    try:
        from coral_data_lerobot.recording import LeRobotRecording
    except ImportError as error:
        raise AbsentError(f"lerobot is read with PyArrow and PyAV ({error}).", "pip install pyarrow av") from error
    return LeRobotRecording(options, Path(source))


@hookimpl
def coral_readers() -> Iterable[Reader]:
    """Yield one reader."""
    yield Reader(
        "lerobot",
        "LeRobot datasets of version 3: Parquet and videos.",
        build,
        LeRobotOptions(),
        takes="a dataset's directory, which holds meta/info.json",
    )
