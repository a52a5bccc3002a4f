"""The readers ``robomimic`` and ``maniskill``: what coral asks of this package. Importing it does not import h5py."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from coral_cli.plugin import AbsentError, Help, NoOptions, Reader, hookimpl

if TYPE_CHECKING:
    from coral_cli.plugin import RecordingModule


@dataclass(frozen=True)
class RobomimicOptions:
    """Options of which demonstrations are read, and where they ended."""

    filter: Annotated[
        str | None, Help("Only the demonstrations under this filter key, such as train (default: all).")
    ] = None
    ended: Annotated[
        Literal["dones", "reward", "none"],
        Help(
            "Where no future follows: where the last of dones is 1, which robomimic also writes where a demonstration "
            "is cut off; where the last reward is above 0; or nowhere."
        ),
    ] = "dones"


def robomimic(options: RobomimicOptions, source: str) -> RecordingModule:
    """Open the file ``source``. Raises AbsentError without h5py, UnreadableError for another file."""
    try:
        from coral_data_robomimic.robomimic import RobomimicRecording
    except ImportError as error:
        raise _absent("robomimic", error) from error
    return RobomimicRecording(options, Path(source))


def maniskill(options: NoOptions, source: str) -> RecordingModule:
    """Open the file ``source`` and the one beside it. Raises AbsentError without h5py, UnreadableError for others."""
    try:
        from coral_data_robomimic.maniskill import ManiSkillRecording
    except ImportError as error:
        raise _absent("maniskill", error) from error
    return ManiSkillRecording(Path(source))


def _absent(name: str, error: ImportError) -> AbsentError:
    return AbsentError(f"{name} is read with h5py ({error}).", "pip install h5py")


@hookimpl
def coral_readers() -> Iterable[Reader]:
    """Yield both readers."""
    yield Reader(
        "robomimic",
        "robomimic demonstrations: one HDF5 file with observations.",
        robomimic,
        RobomimicOptions(),
        takes="an .hdf5 file with observations",
    )
    yield Reader(
        "maniskill",
        "ManiSkill trajectories: HDF5, and JSON of the same name beside it.",
        maniskill,
        takes="a trajectory's .h5 file, with its .json beside it",
    )
