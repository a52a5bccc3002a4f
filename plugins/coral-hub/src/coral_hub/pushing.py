"""An exported agent goes to a hub."""

from __future__ import annotations

from pathlib import Path

from coral_cli.plugin import say
from coral_cli.plugin_agents import CARD, Package
from coral_hub import PushOptions
from coral_hub.asking import api, asking
from coral_hub.page import page


def push(options: PushOptions) -> int:
    """Verify the folder, and commit all that its card names, with a page. Raises CoralError."""
    package = Package.open(Path(options.folder).expanduser())
    package.verify()
    hub = api(options.endpoint)
    from huggingface_hub import CommitOperationAdd

    files = {name: str(package.folder / name) for name in (CARD, *package.files)}
    contents = {**files, "README.md": page(package.card, options.repository).encode()}
    operations = [CommitOperationAdd(name, content) for name, content in contents.items()]
    with asking(options.repository):
        hub.create_repo(options.repository, private=options.private or None, exist_ok=True)
        commit = hub.create_commit(options.repository, operations, commit_message=options.message)
    size = sum(package.files.values())
    say(f"pushed {len(contents)} files ({size / 1e6:.1f} MB) to {options.repository}: {commit.commit_url}")
    say(f"pull it with: coral hub pull {options.repository} DIR")
    return 0
