"""An agent comes from a hub: only files of known names and sizes, none that is run, and all of them verified."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coral_cli.plugin import UnreadableError, say
from coral_cli.plugin_agents import CARD, Package, filling
from coral_hub import PullOptions
from coral_hub.asking import api, asking

CARD_BYTES = 1 << 22
"""Bytes of a card, at most."""
SCRIPTS = ".py"


def pull(options: PullOptions) -> int:
    """Fetch the card, then what it names, into a folder that is there when all is verified. Raises CoralError."""
    hub = api(options.endpoint)
    with asking(options.repository):
        info = hub.model_info(options.repository, revision=options.revision, files_metadata=True)
    sizes = {each.rfilename: each.size for each in info.siblings or ()}
    if CARD not in sizes:
        raise UnreadableError(f"{options.repository} holds no agent of coral: it has no {CARD}.")
    _require_size(CARD, sizes[CARD], CARD_BYTES)
    out = Path(options.folder).expanduser()
    with filling(out) as folder:
        fetch = _Fetching(hub, options.repository, info.sha, folder)
        fetch(CARD)
        package = Package.open(folder)
        wanted = _wanted(package, options, sizes)
        for name in wanted:
            fetch(name)
            package.verify(name)
        package.keep(wanted)
        shutil.rmtree(folder / ".cache", ignore_errors=True)  # what huggingface_hub notes beside a download
    say(f"pulled {options.repository} at {str(info.sha)[:12]} to {out}, verified")
    say(f"try it with: coral eval {shlex.quote(str(out))}")
    return 0


class _Fetching:
    """A call that fetches one file of a commit into ``folder``."""

    def __init__(self, hub: Any, repository: str, commit: str, folder: Path) -> None:
        self._hub, self._repository, self._commit, self._folder = hub, repository, commit, folder

    def __call__(self, name: str) -> None:
        with asking(self._repository):
            self._hub.hf_hub_download(self._repository, name, revision=self._commit, local_dir=self._folder)
        path = self._folder / name
        if path.is_symlink() or not path.is_file():
            raise UnreadableError(f"{name} did not come as a file.")


def _wanted(package: Package, options: PullOptions, sizes: Mapping[str, int | None]) -> list[str]:
    """Return the files to fetch. Raises UnreadableError where the hub's sizes are not the card's, or are too large."""
    found = [
        name
        for name in package.files
        if not name.endswith(SCRIPTS) and (options.programs or name not in package.card["programs"])
    ]
    for name in found:
        if sizes.get(name) != package.files[name]:
            raise UnreadableError(f"{options.repository} does not have the {name} that its card describes.")
    _require_size("the agent", sum(package.files[name] for name in found), int(options.most * 1e9))
    return found


def _require_size(what: str, size: int | None, most: int) -> None:
    if size is None or size > most:
        raise UnreadableError(
            f"{what} has {size or 0:,} bytes, and {most:,} are allowed.", "Raise --most, if you mean it."
        )
