"""The reader ``rlds``: what coral asks of this package. Importing it does not import Pillow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from coral_cli.plugin import AbsentError, Help, Reader, hookimpl

if TYPE_CHECKING:
    from coral_cli.plugin import RecordingModule


@dataclass(frozen=True)
class RldsOptions:
    """Options of which episodes are read, what an action is, and how an episode ended."""

    split: Annotated[str, Help("The split that is read.")] = "train"
    action: Annotated[
        str, Help("The action's parts, by commas; of a part with parts of its own, all that are numbers.")
    ] = "action"
    last: Annotated[
        Literal["observation", "action"],
        Help(
            "Of a step that is_last, only its observation counts, as RLDS says, or its action and reward, too, as many "
            "converters write them: then nothing was seen after it."
        ),
    ] = "observation"
    ended: Annotated[
        Literal["is_terminal", "none"],
        Help("Where no future follows: where the last step is_terminal, or nowhere."),
    ] = "is_terminal"


def build(options: RldsOptions, source: str) -> RecordingModule:
    """Open the dataset in the directory ``source``. Raises AbsentError without Pillow, UnreadableError for another."""
    try:
        from coral_data_rlds.recording import RldsRecording
    except ImportError as error:
        raise AbsentError(f"rlds is read with Pillow ({error}).", "pip install pillow") from error
    return RldsRecording(options, Path(source))


@hookimpl
def coral_readers() -> Iterable[Reader]:
    """Yield one reader."""
    yield Reader(
        "rlds",
        "RLDS datasets: TFRecord files of TensorFlow Datasets, as Open X-Embodiment has them.",
        build,
        RldsOptions(),
        takes="a dataset's directory, which holds features.json",
    )
