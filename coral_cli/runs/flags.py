"""The flags of a run, as its run.json says them; no component has to be installed for that."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from coral_cli.registry.errors import UnreadableError
from coral_cli.registry.options import Json
from coral_cli.runs import documents
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.documents import FormError

COMPONENT: dict[str, documents.Check] = {"component": documents.text, "options": documents.table}
"""What is taken from what run.json says of a component."""


def metadata_and_flags(path: Path) -> tuple[dict[str, Json], dict[str, Json]]:
    """Return what the run.json of a run says, and the flags of its assembly.

    Those are components by slot, ``SLOT.OPTION`` and settings. Raises UnreadableError where it is damaged.
    """
    directory = RunDirectory.open(path)
    metadata = directory.read_metadata()
    if "assembly" not in metadata:
        raise UnreadableError(f"{directory.metadata} names no assembly.", "It is damaged, or no run's.")
    try:
        return metadata, _flags(metadata["assembly"])
    except FormError as error:
        raise UnreadableError(f"{directory.metadata} is damaged, or no run's: {error}.") from error


def budget(metadata: Mapping[str, Json], flags: Mapping[str, Json]) -> int | None:
    """Return the steps that a run is to do, or the updates of one on recorded data; None where nobody says it."""
    value = metadata.get("updates") if "data" in metadata else flags.get("steps")
    return value if type(value) is int else None


def _flags(assembly: Json) -> dict[str, Json]:
    """Return the flags of an assembly. Raises FormError when it is none, or names no environment."""
    tables = dict.fromkeys(("choices", "settings"), documents.table)
    documents.require(documents.table(assembly, "it"), tables, tables)
    settings = {"distraction": [], **assembly["settings"]}  # older runs do not say it
    documents.require(settings, {"distraction": documents.texts, "seed": documents.whole})
    documents.require(assembly["choices"], {}, ("env",))
    flags: dict[str, Json] = {}
    for name, choice in assembly["choices"].items():
        documents.require(documents.table(choice, name), COMPONENT, COMPONENT)
        slot = name.replace("_", "-")
        flags[slot] = choice["component"]
        flags |= {f"{slot}.{option.replace('_', '-')}": value for option, value in choice["options"].items()}
    flags |= {name.replace("_", "-"): value for name, value in settings.items()}
    for flag, value in flags.items():
        documents.plain(value, flag)
    return flags
