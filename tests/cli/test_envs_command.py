"""``coral envs``: the list, one environment, and what it looks like."""

import json

import numpy as np
import pytest
from PIL import Image

from coral_cli.app import main
from coral_cli.environments.records import ENVIRONMENTS
from coral_cli.registry.errors import AbsentError


def test_the_list_names_sensors_actions_and_suite(capsys) -> None:
    assert main(["envs", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["cheetah-run"]["action_size"] == 6 and rows["cheetah-run"]["suite"] == "control"
    assert rows["box-push"]["sensors"] == {"image": "image", "wrist": "image", "proprio": "vector"}
    assert main(["envs"]) == 0
    assert "cheetah-run" in capsys.readouterr().out


def test_one_is_shown_and_drawn(tmp_path, capsys) -> None:
    picture = tmp_path / "strip.png"
    words = ["--renderer", "raycast", "--frames", "3", "--every", "1", "--image", str(picture), "--json"]
    assert main(["envs", "show", "cartpole-swingup", "--distraction", "disks", *words]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["sensors"] == {
        "image": {"kind": "image", "shape": [64, 64, 3]},
        "proprio": {"kind": "vector", "shape": [2]},
    }
    assert (report["action_size"], report["action_repeat"], report["distraction"]) == (1, 8, ["disks"])
    drawn = np.asarray(Image.open(picture))
    assert drawn.shape == (2 * 192 + 4, 3 * 192 + 2 * 4, 3)
    agent, outside = drawn[:192, :192], drawn[196:, :192]
    assert len(np.unique(agent.reshape(-1, 3), axis=0)) > 10 and not np.array_equal(agent, outside)


def test_sensors_that_are_left_out_are_listed_and_not_drawn(tmp_path, capsys) -> None:
    picture = tmp_path / "strip.png"
    words = ["--renderer", "raycast", "--frames", "2", "--sensors", "proprio,wrist", "--image", str(picture)]
    assert main(["envs", "show", "box-push", *words]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()[:3]}
    assert rows["image"].endswith("(not in use)")
    assert not rows["wrist"].endswith("(not in use)") and not rows["proprio"].endswith("(not in use)")
    assert np.asarray(Image.open(picture)).shape[0] == 2 * 192 + 4  # the wrist's row and the one from outside
    assert main(["envs", "show", "box-push", "--sensors", "proprio,wrist", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (list(report["sensors"]), report["in_use"]) == (["image", "wrist", "proprio"], ["wrist", "proprio"])


@pytest.mark.parametrize(
    "line",
    [
        "--json show box-push --seed 3",
        "show --seed 3 --json box-push",
        "show --seed=3 box-push --json",
        "show --json --seed 3 --env box-push",
    ],
)
def test_name_and_flags_stand_in_any_order(line: str, capsys, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr("coral_cli.sessions.show.show", lambda request: asked.append(request) or {})
    assert main(["envs", *line.split()]) == 0
    assert capsys.readouterr().out == "{}\n"
    assembly = asked[0].assembly
    assert (assembly.choices["env"].component, assembly.settings.seed) == ("box-push", 3)


@pytest.mark.parametrize("line", ["box-push --seed 3", "--seed=3 --json box-push"])
def test_a_name_alone_is_shown(line: str, capsys, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr("coral_cli.sessions.show.show", lambda request: asked.append(request) or {})
    assert main(["envs", "--json", *line.replace("--json ", "").split()]) == 0
    assert (asked[0].assembly.choices["env"].component, asked[0].assembly.settings.seed) == ("box-push", 3)


def test_a_flag_before_its_command_is_told_where_it_goes(capsys) -> None:
    assert main(["--json", "envs"]) == 2
    assert capsys.readouterr().err == (
        "error: --json stands before the command.\nhint: Write it behind the command: coral envs --json.\n"
    )


def test_an_id_of_gymnasium_is_known_by_its_form(capsys) -> None:
    assert main(["envs", "show", "ALE/Pong-v5"]) == 2
    assert "hint: For an id of Gymnasium, write gym:ALE/Pong-v5." in capsys.readouterr().err


def test_what_cannot_be_is_said(tmp_path, capsys) -> None:
    assert main(["envs", "show", "cartpole-swngup"]) == 2
    assert "Did you mean 'cartpole-swingup'" in capsys.readouterr().err
    assert main(["envs", "show", "cartpole-swingup", "--image", "strip.jpg"]) == 2
    assert "pictures are .png files" in capsys.readouterr().err
    assert main(["envs", "shwo"]) == 2
    assert "there is no command 'shwo'" in capsys.readouterr().err
    assert main(["envs", "show", "box-push", "maze"]) == 2
    assert "extra argument" in capsys.readouterr().err


def test_what_cannot_be_made_here_is_listed_with_what_mends_it(capsys, monkeypatch) -> None:
    monkeypatch.setenv("CORAL_PLUGINS", "")  # what some of them need may be missing, too

    def require() -> None:
        raise AbsentError("dm-control is not installed.", "python -m pip install dm-control")

    for record in ENVIRONMENTS:
        if record.suite == "control":
            monkeypatch.setitem(record.__dict__, "require", require)
    assert main(["envs"]) == 0
    listed, missing = capsys.readouterr().out.split("\n\n")
    assert "box-push" in listed and "acrobot-swingup" not in listed
    count = sum(record.suite == "control" for record in ENVIRONMENTS)
    first, hint, second = missing.splitlines()
    assert first == f"{count} more cannot be made here: dm-control is not installed."
    assert hint == "hint: python -m pip install dm-control"
    assert second.startswith("They are acrobot-swingup, ") and "cheetah-run" in second
    assert main(["envs", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["box-push"]["missing"] is None and "not installed" in rows["cheetah-run"]["missing"]["reason"]
    assert main(["envs", "show", "cheetah-run"]) == 3
    assert capsys.readouterr().err == (
        "error: cheetah-run cannot be made here: dm-control is not installed.\nhint: python -m pip install dm-control\n"
    )
