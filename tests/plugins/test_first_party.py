"""The packages in plugins/ are what a stranger could write: entry points that use nothing but the public modules."""

import ast
import importlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from coral_cli import builtin, plugin, plugin_agents, plugin_recordings, plugin_simulation, plugin_tensors, testing
from coral_cli.app import main
from coral_cli.registry.discovery import discover

PLUGINS = Path(__file__).parents[2] / "plugins"
PACKAGES = sorted(path.parent for path in PLUGINS.glob("*/pyproject.toml"))


def project(package: Path) -> dict:
    return tomllib.loads((package / "pyproject.toml").read_text())["project"]


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """What a file takes from coral, wherever in it: module and name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "*") for alias in node.names if alias.name.split(".")[0] == "coral_cli")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "coral_cli":
            yield from ((node.module, alias.name) for alias in node.names)


def command(package: Path) -> str:
    """The first of coral's commands in its README."""
    return re.findall(r"^coral .*$", (package / "README.md").read_text(), re.M)[0]


def test_the_index_names_every_package_and_its_command() -> None:
    rows = re.findall(
        r"^\| \[`([\w-]+)`\]\((.+?)/README.md\) \|.*\| `(.+)` \|$", (PLUGINS / "README.md").read_text(), re.M
    )
    assert rows == [(package.name, package.name, command(package)) for package in PACKAGES] and rows


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_it_uses_nothing_but_the_public_modules(package: Path) -> None:
    used = {pair for path in package.rglob("*.py") for pair in imported(path)}
    doors = (plugin, plugin_agents, plugin_recordings, plugin_simulation, plugin_tensors, testing)
    public = {(module.__name__, name) for module in doors for name in module.__all__}
    assert used <= public and ("coral_cli.plugin", "hookimpl") in used


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_it_is_a_whole_package(package: Path) -> None:
    about = project(package)
    assert about["name"] == package.name and "coral-rl>=0.1,<1" in about["dependencies"]
    assert about["description"].endswith(".") and about["license"] == "MIT"
    (module,) = about["entry-points"]["coral"].values()
    assert (package / "src" / module / "__init__.py").exists() and list(package.glob("tests/test_*.py"))
    readme = (package / "README.md").read_text()
    assert readme.startswith(f"# {package.name}\n") and f"pip install ./plugins/{package.name}" in readme
    assert importlib.import_module(module).__file__ == str(package / "src" / module / "__init__.py"), "not installed"


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_it_is_discovered_and_rehearses_a_training(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    catalog = discover(builtin, {"CORAL_PLUGINS": package.name, "CORAL_STRICT_PLUGINS": "1"})
    found = {found.distribution: found.status for found in catalog.plugins}
    assert found[package.name] == "active" and sum(status == "active" for status in found.values()) == 1
    line = command(package)
    tiny = "--size tiny --batch-size 2 --batch-length 4 --env.action-repeat 10 --renderer raycast --dry-run"
    trains = line.split()[1] in ("train", "sweep")
    code, said = main(f"{line} {tiny if trains else '--help'}".split()[1:], catalog), capsys.readouterr().err
    if code == 3 and "is not installed" in said:
        pytest.skip("what it simulates with is not installed here; .ci/simulators tests it")
    assert code == 0, said
