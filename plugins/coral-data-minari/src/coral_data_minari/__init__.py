"""The reader ``minari``: what coral asks of this package. Importing it imports neither h5py nor PyArrow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from coral_cli.plugin import AbsentError, NoOptions, Reader, hookimpl

if TYPE_CHECKING:
    from coral_cli.plugin import RecordingModule


def build(options: NoOptions, source: str) -> RecordingModule:
    """Open the dataset ``source``, a directory or an id. Raises AbsentError without h5py, UnreadableError for none."""
    try:
        from coral_data_minari.recording import MinariRecording
    except ImportError as error:
        raise AbsentError(f"minari is read with h5py ({error}).", "pip install h5py") from error
    return MinariRecording(source)


@hookimpl
def coral_readers() -> Iterable[Reader]:
    """Yield one reader."""
    yield Reader(
        "minari",
        "Minari datasets: HDF5, Arrow and Parquet.",
        build,
        takes="a dataset's directory, or the id of one in ~/.minari/datasets",
    )
