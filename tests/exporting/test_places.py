"""A package tells strangers nothing of the machine that it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from coral_cli.app import main
from coral_cli.exporting.places import nameless, without_places
from coral_cli.runs.checkpoint import load, save_weights


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("coral train --out /home/me/runs/a --plugin=/srv/my-plugin/", "coral train --out a --plugin=my-plugin"),
        ("coral train --out '/home/me/my runs/a b'", "coral train --out 'a b'"),
        ("coral train --init-from ~/old --plugin ~you/x", "coral train --init-from old --plugin x"),
        ("coral train --env 'gym:m:A-v0?file=/home/me/a.xml&g=9.8'", "coral train --env 'gym:m:A-v0?file=a.xml&g=9.8'"),
        ("coral train --out runs/a --env gym:ALE/Pong-v5", "coral train --out runs/a --env gym:ALE/Pong-v5"),
        ("coral train --distraction.video.folder a,/b/c", "coral train --distraction.video.folder a,c"),
        ("coral train --endpoint https://hub.example/x", "coral train --endpoint https://hub.example/x"),
    ],
)
def test_absolute_paths_of_a_command_are_their_last_names(command, told):
    assert nameless(command) == told


def test_weights_do_not_tell_places(monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: Path("/home/me"))
    choice = {"kind": "loss", "component": "x", "path": "/srv/plugins/mine", "options": {"clips": "/home/me/clips"}}
    port = {"kind": "environment", "component": "arm", "options": {"port": "/dev/ttyUSB0", "sizes": [1, 2]}}
    metadata = {
        "assembly": {"choices": {"a-loss": choice, "env": port}, "settings": {"init_from": "/tmp/old", "seed": 1}}
    }
    found = without_places(metadata)
    assert found["assembly"]["choices"]["a-loss"] == {**choice, "path": "mine", "options": {"clips": "clips"}}
    assert found["assembly"]["choices"]["env"] == port  # what a task needs on any machine stays
    assert found["assembly"]["settings"] == {"init_from": "old", "seed": 1}


def test_an_export_has_none(saved, tmp_path, monkeypatch):
    path = saved(tmp_path, env="cartpole-swingup", method="proprio-sac", init_from=str(tmp_path / "secret" / "old"))
    metadata, state = load(path)
    metadata["sensors"]["proprio"]["shape"] = [5]
    save_weights(path, metadata, state["agent"]["weights"])
    assert main(["export", str(path), "--out", str(tmp_path / "out"), "--format", "torch"]) == 0
    for file in (tmp_path / "out").iterdir():
        assert b"secret" not in file.read_bytes(), file.name
