"""``coral hub``: what coral asks of this package. Importing it does not import huggingface_hub."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from coral_cli.plugin import Command, Help, hookimpl


@dataclass(frozen=True)
class PushOptions:
    """Options of ``coral hub push``."""

    folder: Annotated[str, Help("An exported agent: a folder of `coral export`.")] = ""
    repository: Annotated[str, Help("Where it goes: USER/NAME.")] = ""
    private: Annotated[bool, Help("Make a new repository private.")] = False
    message: Annotated[str, Help("Message of the commit.")] = "An agent of coral"
    endpoint: Annotated[str | None, Help("Another hub's address (default: HF_ENDPOINT, else huggingface.co).")] = None


@dataclass(frozen=True)
class PullOptions:
    """Options of ``coral hub pull``."""

    repository: Annotated[str, Help("Where it lies: USER/NAME.")] = ""
    folder: Annotated[str, Help("The folder to write: new, or empty.")] = ""
    revision: Annotated[str | None, Help("A branch, tag or commit (default: the newest).")] = None
    programs: Annotated[bool, Help("Also fetch the programs for torch and ONNX Runtime. They are not run.")] = False
    most: Annotated[float, Help("Gigabytes that all files may have together.", min=0.001)] = 2.0
    endpoint: Annotated[str | None, Help("Another hub's address (default: HF_ENDPOINT, else huggingface.co).")] = None


def _push(options: PushOptions) -> int:
    from coral_hub.pushing import push

    return push(options)


def _pull(options: PullOptions) -> int:
    from coral_hub.pulling import pull

    return pull(options)


@hookimpl
def coral_commands() -> Iterable[Command]:
    """Yield both directions."""
    yield Command("hub push", "Push an exported agent to the hub.", _push, PushOptions(), ("folder", "repository"))
    yield Command("hub pull", "Pull an agent; what comes is verified.", _pull, PullOptions(), ("repository", "folder"))
