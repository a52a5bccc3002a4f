"""What holds without Meta-World: names, and what is said where it is missing."""

from importlib import metadata

from coral_cli.testing import run
from coral_env_metaworld import INSTALL, coral_environments

RECORDS = {record.name: record for record in coral_environments()}


def test_there_are_fifty_tasks():
    assert len(RECORDS) == 50 and "metaworld-reach-v3" in RECORDS


def test_without_metaworld_the_line_that_installs_it_is_told(monkeypatch):
    def version(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("coral_env_metaworld.version", version)
    outcome = run("train --env metaworld-reach-v3 --dry-run", components=RECORDS.values())
    assert outcome.code == 3 and "metaworld is not installed" in outcome.err and INSTALL in outcome.err
