"""Checkpoints: a torch archive of tensors and primitives, with metadata in JSON that needs no torch to read.

An agent's weights alone, which ``coral export`` writes, are a file of safetensors with the same metadata.

The archive is a zip file; ``archive/coral.json`` in it holds the metadata, the rest is what ``torch.save``
writes. Its comment, the end of the file, is a SHA-256 of all before it, so damage is found before anything is
used; a zip's own checksums leave its directory out. Tensors are only ever loaded with ``weights_only=True``,
so loading runs no code. Whoever wrote a file could give it the right checksum, so that what is read is held to the form
that coral writes, too.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from coral_cli.registry.errors import UnreadableError
from coral_cli.registry.options import Json
from coral_cli.runs import documents, safetensors
from coral_cli.runs.documents import FormError
from coral_cli.runs.files import SUFFIX, replacing
from coral_cli.runs.state import require_form

if TYPE_CHECKING:
    import torch

FORMAT = 1
"""The format's number, raised whenever an older coral could no longer read what this one writes."""

MEMBER = "archive/coral.json"
"""The metadata's place in the archive: torch refuses members outside its own folder."""

KEY = "record"
"""The metadata's key there."""

WANTED = "Give a checkpoint written by `coral train`."

CHECKSUM = 64
"""Bytes of the checksum, in hexadecimal digits."""

METADATA: dict[str, documents.Check] = {
    "assembly": documents.table,
    "sensors": documents.sensors,
    "action_size": documents.action_size,
    "renderer": documents.drawer,
    "coral": documents.text,
    "pretrained": documents.flag,
}
"""What the metadata says, as far as every reader relies on it."""

KEPT = 2
"""So many numbered checkpoints stay, so that one damaged file does not lose the run."""


def save(path: Path, metadata: Json, state: dict[str, Any]) -> None:
    """Write a checkpoint; ``path`` is either the old file or the complete new one.

    ``state`` is made of dicts, lists, tuples, tensors, numbers, strings and None. Raises TypeError for
    anything else, CoralError when the file cannot be written.
    """
    import torch

    _require_plain(state, "state")
    with replacing(path) as partial:
        try:
            with partial.open("wb") as file:
                torch.save(state, file)
        except RuntimeError as error:  # torch hides a full disk behind its own error
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise
        seal(partial, json.dumps({"format": FORMAT, KEY: metadata}))


def save_weights(path: Path, metadata: Json, weights: Mapping[str, torch.Tensor]) -> None:
    """Write an agent's weights alone, as safetensors: a tenth of a checkpoint, for an agent that has learned enough.

    Raises TypeError for a weight that the format cannot hold, CoralError when the file cannot be written.
    """
    safetensors.write(path, json.dumps({"format": FORMAT, KEY: metadata}), weights)


def read_metadata(path: Path) -> Json:
    """Return the metadata alone, without torch. Raises UnreadableError when ``path`` is no intact checkpoint."""
    try:
        if path.suffix == safetensors.SUFFIX:
            return _metadata(path, _header(path).metadata.encode())
        with path.open("rb") as file:
            _require_archive(path, file)
            _require_intact(path, file)
            with zipfile.ZipFile(file) as archive, archive.open(MEMBER) as member:
                return _metadata(path, member.read(documents.DOCUMENT_BYTES + 1))
    except OSError as error:
        raise UnreadableError(f"{path} cannot be opened ({error.strerror or error}).") from error


def load(path: Path, device: str | torch.device = "cpu") -> tuple[Json, dict[str, Any]]:
    """Return the metadata and the state, its tensors on ``device``. Raises UnreadableError; never runs code.

    The state of weights alone has no ``optimizers``, and nothing that a run could go on with.
    """
    import pickle

    import torch

    metadata = read_metadata(path)
    if path.suffix == safetensors.SUFFIX:
        return metadata, {"agent": {"weights": safetensors.read_tensors(path, device), "optimizers": {}}}
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        require_form(state)
    except pickle.UnpicklingError as error:
        raise UnreadableError(
            f"{path} holds more than tensors and numbers and was refused, because loading it could run code.",
            WANTED,
        ) from error
    except FormError as error:
        raise _damaged(path, str(error)) from error
    except Exception as error:  # torch raises almost anything for an archive that it did not write
        raise _damaged(path, "its tensors are not what torch writes") from error
    return metadata, state


def load_latest(directory: Path) -> tuple[Json, dict[str, Any], str]:
    """Return the newest intact metadata and state in ``directory``, and what to say of a newer damaged one, if any.

    Raises UnreadableError when none is intact.
    """
    try:
        return *load(directory / "latest.pt"), ""
    except UnreadableError as error:
        for path in reversed(_numbered(directory)):
            with suppress(UnreadableError):
                return *load(path), f"{error.message} Going on from {path.name}."
        raise


def seal(path: Path, content: str) -> None:
    """Add the metadata and the checksum to what torch wrote."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(MEMBER, content)
        archive.comment = b"0" * CHECKSUM
    with path.open("r+b") as file:
        checksum = _checksum(file)
        file.seek(-CHECKSUM, os.SEEK_END)
        file.write(checksum)


def _checksum(file: BinaryIO) -> bytes:
    """Return the checksum that the file should have; leave ``file`` where it stands."""
    digest = hashlib.sha256()
    left = file.seek(-CHECKSUM, os.SEEK_END)
    file.seek(0)
    while left:
        chunk = file.read(min(left, 1 << 20))
        digest.update(chunk)
        left -= len(chunk)
    return digest.hexdigest().encode()


def save_latest(directory: Path, step: int, metadata: Json, state: dict[str, Any], best: bool = False) -> Path:
    """Write ``step-000050000.pt``, point ``latest.pt`` at it once it is complete, and drop old ones.

    The ``best`` one is kept as ``best.pt``, also after it has been dropped under its own name. It gets that name first:
    a process killed in between goes on from a state that has yet to find it.
    """
    path, kept = directory / f"step-{step:09d}.pt", directory / "best.pt"
    save(path, metadata, state)
    if best:
        _point(kept, path)
    _point(directory / "latest.pt", path)
    _drop_old(directory, path)
    return kept if best else path


def _point(name: Path, target: Path) -> None:
    """Make ``name`` a second name of the complete file ``target``, or a copy where the disk has no hard links."""
    with replacing(name) as partial:
        partial.unlink(missing_ok=True)
        try:
            os.link(target, partial)
        except OSError:
            shutil.copyfile(target, partial)


def _drop_old(directory: Path, newest: Path) -> None:
    """Drop all but those written last, ``newest`` among them even if the clock has gone back."""
    others = [path for path in _numbered(directory) if path != newest]
    unfinished = directory.glob(f".*{SUFFIX}")  # which a killed process left
    for path in [*others[: 1 - KEPT], *unfinished]:
        path.unlink(missing_ok=True)


def _numbered(directory: Path) -> list[Path]:
    """Return checkpoints in the order written; steps would not do: a run may go on from an older one."""
    return sorted(directory.glob("step-*.pt"), key=lambda path: (path.stat().st_mtime_ns, path.name))


def _header(path: Path) -> safetensors.Header:
    try:
        return safetensors.read_header(path)
    except FormError as error:
        raise UnreadableError(
            f"{path} is damaged, or not what coral writes: {error}.", "Get it again, or export it again."
        ) from error


def _require_archive(path: Path, file: BinaryIO) -> None:
    start = file.read(4)
    if start[:1] == b"\x80":
        raise UnreadableError(f"{path} is a Python pickle, which coral never opens, because that can run code.", WANTED)
    if start != b"PK\x03\x04":
        raise UnreadableError(f"{path} is no checkpoint.", WANTED)
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except Exception as error:  # a damaged zip makes the standard library raise almost anything
        raise _damaged(path, "it is cut short or no whole zip archive") from error
    ours = {MEMBER, "archive/data.pkl"}.issubset(member.filename for member in members)
    if not ours or any(member.compress_type != zipfile.ZIP_STORED for member in members):  # packed, it could be vast
        raise UnreadableError(f"{path} is an archive that coral did not write.", WANTED)


def _require_intact(path: Path, file: BinaryIO) -> None:
    if _checksum(file) != file.read():
        raise _damaged(path, "its checksum is wrong")


def _metadata(path: Path, content: bytes) -> Json:
    try:
        if len(content) > documents.DOCUMENT_BYTES:
            raise FormError(f"it has more than {documents.DOCUMENT_BYTES:,} bytes")
        document = documents.table(documents.parsed(content), "it")
        documents.require(document, {"format": documents.whole}, ("format", KEY))
        version = document["format"]
        if version == FORMAT:
            documents.require(documents.table(document[KEY], "it"), METADATA)
    except FormError as error:
        raise _damaged(path, f"its metadata is not what coral writes ({error})") from error
    if version != FORMAT:
        raise UnreadableError(
            f"{path} has checkpoint format {version}, and this coral reads format {FORMAT}.",
            "Use the version of coral that wrote it, or a newer one.",
        )
    return document[KEY]


def _damaged(path: Path, how: str) -> UnreadableError:
    return UnreadableError(f"{path} is damaged: {how}.", "Use another checkpoint of the run; the last ones are kept.")


def _require_plain(value: Any, where: str) -> None:
    """Hold a caller to what ``weights_only=True`` reads back, before an unreadable file is written."""
    import torch

    if type(value) in (dict, OrderedDict):
        for key, item in value.items():
            _require_plain(key, f"a key of {where}")
            _require_plain(item, f"{where}[{key!r}]")
    elif type(value) in (list, tuple):
        for index, item in enumerate(value):
            _require_plain(item, f"{where}[{index}]")
    elif not (value is None or type(value) in (bool, int, float, str) or isinstance(value, torch.Tensor)):
        raise TypeError(f"{where} is a {type(value).__name__}, which a checkpoint cannot hold")
