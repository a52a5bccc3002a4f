"""An exported agent: a folder of files that a card, ``agent.json``, names with their sizes and checksums.

It may come from a stranger. Nothing of it is run here, and only files of known names are looked at.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from coral_cli.registry.errors import UnreadableError
from coral_cli.registry.options import Json
from coral_cli.runs import documents
from coral_cli.runs.checkpoint import read_metadata
from coral_cli.runs.directory import PACKAGED
from coral_cli.runs.documents import FormError
from coral_cli.runs.files import replacing

FORMAT = 1
"""The number of the card's format, raised whenever an older coral could no longer read what this one writes."""
CARD = "agent.json"
TORCH, ONNX = "policy.pt2", "policy.onnx"
EXAMPLES = {TORCH: "example_torch.py", ONNX: "example_onnx.py"}
"""The script that runs each program without coral."""
FILES = (PACKAGED, TORCH, ONNX, *EXAMPLES.values())
"""All that a card may name."""
MOST_BYTES = 1 << 32
"""Bytes of a file, at most."""
DIGEST = 64
"""Digits of a checksum."""

CHECKS: dict[str, documents.Check] = {
    **dict.fromkeys(("coral", "task", "command"), documents.text),
    **dict.fromkeys(("state", "noise", "programs", "scores", "files"), documents.table),
    "sensors": documents.sensors,
}


@dataclass(frozen=True)
class Package:
    """An exported agent in ``folder``; ``card`` is what agent.json says."""

    folder: Path
    card: Mapping[str, Json]

    @classmethod
    def open(cls, folder: Path) -> Package:
        """Read the card of an exported agent. Raises UnreadableError for what is none, or not as coral writes it."""
        if not (folder / CARD).is_file():
            raise UnreadableError(
                f"{folder} holds no exported agent: there is no {CARD}.", "Make one: coral export RUN --out DIR."
            )
        package = cls(folder, documents.read(folder / CARD))
        try:
            documents.require(package.card, {"format": documents.whole, **CHECKS}, ("format", *CHECKS))
            if package.card["format"] != FORMAT:
                raise FormError(f"its format is {package.card['format']}, and this coral reads {FORMAT}")
            for name, about in package.card["files"].items():
                _require_file(name, about)
            if PACKAGED not in package.card["files"]:
                raise FormError(f"it names no {PACKAGED}")
        except FormError as error:
            raise UnreadableError(f"{folder / CARD} is damaged, or no exported agent's: {error}.") from error
        return package

    def keep(self, names: Collection[str]) -> Package:
        """Write the card anew with the files in ``names`` alone; return the package. Raises CoralError."""
        card = {**self.card}
        for part in ("files", "programs"):
            card[part] = {name: about for name, about in card[part].items() if name in names}
        with replacing(self.folder / CARD) as unfinished:
            unfinished.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        return replace(self, card=card)

    @property
    def files(self) -> dict[str, int]:
        """The files that the card names, with their bytes."""
        return {name: about["bytes"] for name, about in self.card["files"].items()}

    def verify(self, *names: str) -> None:
        """Compare files, by default all, with the card.

        Raises UnreadableError for one that is missing or another, and for weights that are no agent's.
        """
        for name in names or self.files:
            path, said = self.folder / name, self.card["files"][name]
            try:
                same = path.stat().st_size == said["bytes"] and checksum(path) == said["sha256"]
            except OSError as error:
                raise UnreadableError(f"{path} cannot be read ({error.strerror or error}).") from error
            if not same:
                raise UnreadableError(
                    f"{path} is not the file that its card describes: its size or its checksum is another.",
                    "Get the package again, or export it again.",
                )
            if name == PACKAGED:
                read_metadata(path)


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def described(path: Path) -> dict[str, Json]:
    """Return what a card says of a file. Raises OSError."""
    return {"bytes": path.stat().st_size, "sha256": checksum(path)}


def _require_file(name: str, value: Json) -> None:
    if name not in FILES:
        raise FormError(f"it names a file that no agent has: {name[: documents.SHOWN]!r}")
    about = documents.table(value, name)
    documents.require(about, {"bytes": documents.whole, "sha256": documents.text}, ("bytes", "sha256"))
    if about["bytes"] > MOST_BYTES:
        raise FormError(f"{name} has more than {MOST_BYTES:,} bytes")
    if len(about["sha256"]) != DIGEST:
        raise FormError(f"the checksum of {name} is none")
