"""``coral plugins info``, ``check`` and ``new``, and the list of requirements."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from coral_cli.app import main
from coral_cli.commands.plugin_new import TRIED, Kind

KINDS = get_args(Kind)
ROOT = Path(__file__).parents[2]


def test_info_of_a_component(coral) -> None:
    outcome = coral("plugins", "info", "byol")
    assert outcome.out.splitlines()[:3] == ["loss byol", "  Bootstrap.", "  from coral-byol 2.0, active"]
    assert "  temperature float: Softness. [default 0.5, at least 0, at most 5]" in outcome.out
    assert "  decay float: Decay of the target. [default none, at least 0, at most 1]" in outcome.out


def test_info_of_a_plugin_that_is_broken(coral, toy_catalog) -> None:
    assert coral("plugins", "info", "coral-bad", catalog=toy_catalog).out.splitlines() == [
        "plugin bad",
        "  coral-bad 0.1, broken",
        "  ImportError: no module named 'jax'",
    ]
    document = json.loads(coral("plugins", "info", "coral-byol", "--json", catalog=toy_catalog).out)
    assert [component["name"] for component in document["components"]] == ["byol", "vit"]
    assert [plugin["status"] for plugin in document["plugins"]] == ["active"]


def test_info_shows_source_choices_and_traceback(tmp_path, capsys) -> None:
    assert main(["plugins", "info", "recon", "--json"]) == 0
    component = json.loads(capsys.readouterr().out)["components"][0]
    assert Path(component["file"]).name == "records.py"
    assert component["options"][0] | {"help": ""} == {
        "name": "weight",
        "type": "float",
        "optional": False,
        "default": 1.0,
        "min": 0,
        "max": None,
        "help": "",
    }
    (tmp_path / "bad.py").write_text("import nowhere_at_all")
    assert main(["plugins", "info", "bad", "--plugin", str(tmp_path / "bad.py")]) == 0
    out = capsys.readouterr().out
    assert "Traceback (most recent call last):" in out and "import nowhere_at_all" in out


@pytest.mark.parametrize("name", ["coral-rl", "coral_rl", "coral-cli"])
def test_info_of_all_that_coral_itself_offers(name: str, coral) -> None:
    document = json.loads(coral("plugins", "info", name, "--json").out)
    names = {component["name"] for component in document["components"]}
    assert {"cpc", "gaussian", "sac", "maze"} <= names and not names & {"byol", "vit"}
    (one,) = json.loads(coral("plugins", "info", f"{name}/cpc", "--json").out)["components"]
    assert (one["name"], one["distribution"]) == ("cpc", "coral-rl")


def test_what_is_not_there_has_no_info(coral) -> None:
    outcome = coral("plugins", "info", "bjol")
    assert (outcome.code, outcome.err) == (
        2,
        "error: no component or plugin is named 'bjol'.\nhint: Did you mean 'byol'?\n",
    )


def test_requirements_name_each_distribution_once(coral, toy_catalog, tmp_path, capsys) -> None:
    assert coral("plugins", "list", "--requirements", catalog=toy_catalog).out == "coral-byol==2.0\ncoral-bad==0.1\n"
    as_json = coral("plugins", "list", "--requirements", "--json", catalog=toy_catalog).out
    assert json.loads(as_json) == ["coral-byol==2.0", "coral-bad==0.1"]
    assert main(["plugins", "new", "fresh", "--kind", "loss", "--out", str(tmp_path / "fresh")]) == 0
    (tmp_path / "lone.py").write_text("")
    paths = ["--plugin", str(tmp_path / "fresh"), "--plugin", str(tmp_path / "lone.py")]
    capsys.readouterr()
    assert main(["plugins", "list", "--requirements", *paths]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"coral-loss-fresh @ {(tmp_path / 'fresh').as_uri()}", f"# {tmp_path / 'lone.py'}"]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Path:
    """A new package of each kind, ``fresh/KIND``."""
    root = tmp_path_factory.mktemp("fresh")
    for kind in KINDS:
        assert main(["plugins", "new", "mine", "--kind", kind, "--out", str(root / kind)]) == 0
    return root


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_keeps_its_contract(kind: str, fresh: Path, capsys) -> None:
    assert main(["plugins", "check", str(fresh / kind)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ok      plugin mine",
        "ok      names",
        f"ok      {kind} mine",
    ]


@pytest.mark.parametrize(
    ("kind", "name", "called"),
    [
        ("environment", "box", "BoxEnvironment"),
        ("policy", "adam", "AdamPolicy"),
        ("rssm", "trajectory", "TrajectoryRssm"),
        ("encoder", "none", "NoneEncoder"),
        ("loss", "true", "TrueLoss"),
        ("loss", "loss-module", "LossModuleLoss"),
    ],
)
def test_a_name_that_means_something_already(kind: str, name: str, called: str, tmp_path: Path, capsys) -> None:
    out = tmp_path / "package"
    assert main(["plugins", "new", name, "--kind", kind, "--out", str(out)]) == 0
    assert f"class {called}" in next(out.glob(f"src/*/{kind}.py")).read_text()
    assert main(["plugins", "check", str(out)]) == 0


def test_new_code_is_clean(fresh: Path) -> None:
    command = [sys.executable, "-m", "ruff"]
    for words in (["check", "--ignore", "D103,D100"], ["format", "--check"]):
        outcome = subprocess.run(
            [*command, *words, "--config", str(ROOT / "pyproject.toml"), str(fresh)], capture_output=True, text=True
        )
        assert outcome.returncode == 0, outcome.stdout


def test_new_says_what_comes_next(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["plugins", "new", "my-arm", "--kind", "environment"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "coral-env-my-arm holds the environment my-arm. Next:",
        "  pip install -e coral-env-my-arm",
        "  coral plugins check coral-env-my-arm",
        "  coral train --env my-arm --size tiny --dry-run",
    ]
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert files == [
        "coral-env-my-arm/README.md",
        "coral-env-my-arm/pyproject.toml",
        "coral-env-my-arm/src/coral_env_my_arm/__init__.py",
        "coral-env-my-arm/src/coral_env_my_arm/environment.py",
        "coral-env-my-arm/src/coral_env_my_arm/py.typed",
        "coral-env-my-arm/tests/test_coral_env_my_arm.py",
    ]


def test_new_quotes_and_prints_json(tmp_path, capsys) -> None:
    out = tmp_path / "my arm"
    assert main(["plugins", "new", "arm", "--kind", "environment", "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "path": str(out),
        "kind": "environment",
        "name": "arm",
        "next": [
            f"pip install -e '{out}'",
            f"coral plugins check '{out}'",
            "coral train --env arm --size tiny --dry-run",
        ],
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["mine"],
            "error: --kind is missing.\nhint: Add one of: loss, encoder, rssm, environment, distraction, policy",
        ),
        (["My Loss", "--kind", "loss"], "error: 'My Loss' is no name for a component.\nhint: Use small letters"),
        (["cpc", "--kind", "loss"], "error: coral itself has the loss 'cpc'.\nhint: Choose another name."),
        (
            ["mine", "--kind", "loss", "--out", "{taken}"],
            "error: {taken} is there already.\nhint: Choose another",
        ),
    ],
)
def test_what_new_refuses(words, message, tmp_path, capsys) -> None:
    (tmp_path / "file").write_text("")
    assert main(["plugins", "new", *(word.format(taken=tmp_path) for word in words)]) == 2
    assert capsys.readouterr().err.startswith(message.format(taken=tmp_path))


def test_each_kind_says_how_it_is_tried() -> None:
    assert set(TRIED) == set(KINDS)


HEAVY = """
import gymnasium
from coral_cli.plugin import Loss, hookimpl
def build(options, sensor, embedding_size, feature_size):
    raise ValueError("not yet")
@hookimpl
def coral_losses():
    yield Loss("mine", "Mine.", build, sensors=("vector",))
    yield Loss("mine", "no sentence", build, sensors=("vector",))
"""


def test_check_names_each_failure_in_one_line(tmp_path, capsys) -> None:
    (tmp_path / "mine.py").write_text(HEAVY)
    assert main(["plugins", "check", str(tmp_path / "mine.py")]) == 1
    lines = capsys.readouterr().out.splitlines()
    told = [(line.split("  ")[1], line.split("  ")[2].split(":")[0]) for line in lines]
    assert told == [
        ("plugin mine", "import"),
        ("names", "names"),
        ("loss mine", "import"),
        ("loss mine", "name and summary"),
        ("loss mine", "import"),
    ]
    assert all(line.startswith("failed  ") for line in lines)
    (tmp_path / "bad.py").write_text("raise SystemExit('gone')")
    assert main(["plugins", "check", str(tmp_path / "bad.py"), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert not document["ok"]
    assert [verdict["subject"] for verdict in document["checked"] if verdict["failures"]] == ["plugin bad", "names"]
    assert document["checked"][0]["failures"][0]["problem"] == "it is broken: SystemExit: gone."


def test_check_needs_a_plugin(tmp_path, capsys) -> None:
    assert main(["plugins", "check", str(tmp_path)]) == 2
    message = f"error: {tmp_path} holds no pyproject.toml.\n"
    assert capsys.readouterr().err.startswith(message)
    assert main(["plugins", "check", "nothing-here"]) == 2
    assert capsys.readouterr().err.startswith("error: there is no plugin 'nothing-here'.\nhint: Name a directory")
