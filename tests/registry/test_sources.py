"""Plugins that are not installed: a package's directory, or a single file."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from coral_cli import builtin
from coral_cli.app import main
from coral_cli.assembly.flags import split_plugins
from coral_cli.registry.discovery import discover
from coral_cli.registry.errors import UsageError
from coral_cli.registry.sources import at

LOSS = """
from coral_cli.plugin import Loss, hookimpl
from {part} import SUMMARY

@hookimpl
def coral_losses():
    yield Loss("mine", SUMMARY, build=None)
"""
PROJECT = """
[project]
name = "coral-mine"
version = "1.2"
dependencies = {requires}

[project.entry-points.coral]
mine = "{package}"
"""


@pytest.fixture(autouse=True)
def only_ours(monkeypatch) -> None:
    """Whatever is installed here stays out."""
    monkeypatch.setenv("CORAL_PLUGINS", "")


@pytest.fixture
def package(tmp_path: Path, monkeypatch):
    """``package("src")`` makes a package whose modules lie in ``src``, or beside its pyproject.toml."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def make(name: str, layout: str = "src", requires: str = "[]") -> Path:
        root = tmp_path / name
        source = root / layout / name
        source.mkdir(parents=True)
        (root / "pyproject.toml").write_text(PROJECT.format(package=name, requires=requires))
        (source / "__init__.py").write_text(LOSS.format(part=f"{name}.part"))
        (source / "part.py").write_text("SUMMARY = 'Mine.'\n")
        return root

    return make


@pytest.mark.parametrize(("name", "layout"), [("deep_mine", "src"), ("flat_mine", ".")])
def test_a_package_is_loaded_from_its_directory(name, layout, package) -> None:
    root = package(name, layout)
    catalog = discover(builtin, {"CORAL_PLUGINS": ""}, [root])
    entry = catalog.get("loss", "mine")
    assert (entry.distribution, entry.version, entry.path) == ("coral-mine", "1.2", str(root))
    assert catalog.paths == (str(root),)
    plugin = next(plugin for plugin in catalog.plugins if plugin.path)
    assert (plugin.name, plugin.status, plugin.error) == ("mine", "active", "")
    assert Path(plugin.file) == root / layout / name / "__init__.py"


def test_a_single_file_is_a_plugin(tmp_path: Path) -> None:
    file = tmp_path / "my_loss.py"
    file.write_text(LOSS.format(part="coral_cli").replace("SUMMARY", "__version__"))
    entry = discover(builtin, {"CORAL_PLUGINS": ""}, [file]).get("loss", "my_loss/mine")
    assert (entry.distribution, entry.version, entry.path) == ("my_loss", "0", str(file))


def test_it_takes_the_place_of_what_is_installed(package, install) -> None:
    root = package("newer_mine")
    install("Coral.Mine", "raise RuntimeError('not even imported')")
    catalog = discover(builtin, {}, [root])
    assert catalog.get("loss", "mine").path
    old = next(plugin for plugin in catalog.plugins if plugin.distribution == "Coral.Mine")
    assert (old.status, old.error) == ("shadowed", f"--plugin {root} stands in for it")


def test_it_takes_the_place_of_what_is_imported_already(package) -> None:
    old, new = package("twice_mine"), package("other_mine")
    shutil.copytree(old, new, dirs_exist_ok=True)
    (new / "src" / "twice_mine" / "part.py").write_text("SUMMARY = 'Newer.'\n")
    for root, summary in ((old, "Mine."), (new, "Newer."), (new, "Newer.")):
        assert discover(builtin, {}, [root]).get("loss", "mine").record.summary == summary


def test_the_requirements_of_a_package_hold_for_it_too(package, capsys) -> None:
    root = package("future_mine", requires='["coral-rl>=9"]')
    assert main(["plugins", "list", "--plugin", str(root)]) == 0
    assert "warning: plugin mine (coral-mine 1.2) is left out: it is made for coral-rl>=9" in capsys.readouterr().err


def test_a_broken_one_disturbs_nothing(tmp_path: Path, capsys) -> None:
    file = tmp_path / "bad.py"
    file.write_text("import nowhere_at_all")
    assert main(["--plugin", str(file), "plugins", "list"]) == 0
    assert capsys.readouterr().err == (
        "warning: plugin bad (bad 0) is broken: ModuleNotFoundError: No module named 'nowhere_at_all'\n"
    )


def test_what_only_a_broken_one_may_offer_is_its_fault(tmp_path: Path, capsys) -> None:
    file = tmp_path / "bad.py"
    file.write_text("import nowhere_at_all")
    assert main(["train", "--plugin", str(file), "--image-loss", "bad"]) == 3
    assert capsys.readouterr().err.splitlines()[1:] == [
        "error: there is no loss named 'bad'; plugin bad, which may offer it, is broken: ModuleNotFoundError: "
        "No module named 'nowhere_at_all'",
        f"hint: See `coral plugins check {file}`.",
    ]
    assert main(["train", "--image-loss", "bad"]) == 2


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        (
            None,
            "{path} does not exist.",
            "Name the directory of a package, or a .py file.",
        ),
        (
            {},
            "{path} holds no pyproject.toml.",
            "Name the directory of a package, or a .py file.",
        ),
        ({"pyproject.toml": "["}, "{path}/pyproject.toml cannot be read as a package's (", ""),
        ({"pyproject.toml": "[tool]"}, "{path}/pyproject.toml cannot be read as a package's ('project').", ""),
        (
            {"pyproject.toml": "[project]\nname = 'x'"},
            "{path}/pyproject.toml names no plugin.",
            'Add [project.entry-points.coral] with NAME = "package.module".',
        ),
    ],
)
def test_where_there_is_no_plugin(content, message, hint, tmp_path: Path, capsys) -> None:
    path = tmp_path / "there"
    if content is not None:
        path.mkdir()
        for name, text in content.items():
            (path / name).write_text(text)
    assert main(["plugins", "list", "--plugin", str(path)]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: {message.format(path=path)}") and hint in err


@pytest.mark.parametrize(
    ("words", "rest", "paths"),
    [
        ("train --plugin a --env x", "train --env x", ["a"]),
        ("--plugin=a train --plugin b", "train", ["a", "b"]),
        ("train -- --plugin a", "train -- --plugin a", []),
    ],
)
def test_the_flag_may_stand_anywhere(words, rest, paths) -> None:
    assert split_plugins(words.split()) == (rest.split(), [Path(path) for path in paths])


@pytest.mark.parametrize("words", [["train", "--plugin"], ["--plugin=", "train"], ["--plugin", "", "train"]])
def test_the_flag_needs_a_path(words) -> None:
    with pytest.raises(UsageError, match="--plugin needs a path"):
        split_plugins(words)


def test_a_path_that_leads_to_itself_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(tmp_path / "there")
    (tmp_path / "there").symlink_to(tmp_path / "here")
    with pytest.raises(UsageError, match="here does not exist"):
        list(at(tmp_path / "here"))
