"""What a user reads when a plugin is broken, old, or clashes with another: each case with its exact words."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from coral_cli import builtin
from coral_cli.app import main
from coral_cli.commands import doctor
from coral_cli.registry.discovery import allowed_plainly, discover, versions_allowed
from coral_cli.registry.errors import PluginError
from coral_cli.version import __version__

LOSS = """
from coral_cli.plugin import Loss, LossOptions, hookimpl

@hookimpl
def coral_losses():
    yield Loss({name!r}, "A stranger's.", build=None)
"""
ENVIRONMENT = """
from coral_cli.plugin import Environment, hookimpl

@hookimpl
def coral_environments():
    yield Environment("fine", "A stranger's.", build=None, sensors=None)
"""
CHECK = """
import sys
from coral_cli.plugin import Check, hookimpl

@hookimpl
def coral_checks():
    yield Check("odd", "A stranger's.", {run})
"""
HERE = f"coral-rl {__version__}"
FINE = LOSS.format(name="fine")

TROUBLES = {
    "import": ("import nowhere_at_all", "is broken: ModuleNotFoundError: No module named 'nowhere_at_all'"),
    "hook": (FINE.replace("yield", "raise RuntimeError('late\\nagain'); yield"), "is broken: RuntimeError: late"),
    "nonsense": (
        FINE.replace("yield Loss('fine', \"A stranger's.\", build=None)", "yield 'cpc'"),
        "is broken: TypeError: coral_losses yielded 'cpc', which is no Loss",
    ),
    "nothing": (
        FINE.replace("yield Loss('fine', \"A stranger's.\", build=None)", "return None"),
        "is broken: TypeError: 'NoneType' object is not iterable",
    ),
    "mute": (
        "class Mute(Exception):\n    def __str__(self):\n        raise RuntimeError\nraise Mute",
        "is broken: Mute, whose message cannot be shown",
    ),
    "name": (
        FINE.replace("'fine'", "5"),
        "is broken: TypeError: coral_losses yielded a record whose name cannot be 5",
    ),
    "summary": (
        FINE.replace('"A stranger\'s."', "None"),
        "is broken: TypeError: coral_losses yielded a record whose summary cannot be None",
    ),
    "sensors": (
        FINE.replace("build=None", "build=None, sensors=None"),
        "is broken: TypeError: coral_losses yielded a record whose sensors cannot be None",
    ),
    "environment": (
        ENVIRONMENT,
        "is broken: TypeError: coral_environments yielded a record whose sensors cannot be None",
    ),
    "exit": ("import sys\nsys.exit(3)", "is broken: SystemExit: 3"),
    "print": (f"print('hello\\n there')\n{FINE}", "prints when it is loaded: hello there"),
}


@pytest.fixture(autouse=True)
def only_ours(monkeypatch) -> None:
    """Whatever else is installed here stays out."""
    monkeypatch.setenv("CORAL_PLUGINS", "pack-a,pack-b,pack-c")
    monkeypatch.delenv("CORAL_DISABLE_PLUGINS", raising=False)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_one_line_names_it_and_all_else_works(trouble, install, capsys, monkeypatch) -> None:
    source, message = TROUBLES[trouble]
    install("pack-a", source)
    install("pack-b", LOSS.format(name="other"))
    monkeypatch.setattr(doctor, "CHECKS", ())
    monkeypatch.setattr("coral_cli.commands.train.run_session", lambda request: 0)
    for words, code in (
        (["--help"], 0),
        (["plugins", "list"], 0),
        (["train", "--image-loss", "other"], 0),
        (["doctor"], int("broken" in message)),
    ):
        for module in [name for name in sys.modules if name.startswith("stranger_")]:
            del sys.modules[module]  # as in a new process
        assert main(words) == code
        out, err = capsys.readouterr()
        assert err == f"warning: plugin main (pack-a 1.0) {message}\n"
        assert "hello" not in out
    assert main(["plugins", "list", "--kind", "loss", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert "other" in [component["name"] for component in document["components"]]
    status = "active" if trouble == "print" else "broken"
    assert [plugin["status"] for plugin in document["plugins"] if plugin["distribution"].startswith("pack")] == [
        status,
        "active",
    ]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"[other.group]\njust text\n", "TypeError: "),
        (b"[coral]\nmain = caf\xe9\n", "UnicodeDecodeError: "),
        (b"[coral]\nmain = nowhere\n", "ValueError: its METADATA is missing"),
    ],
)
def test_a_distribution_that_cannot_be_read_is_one_line_too(content, error, tmp_path: Path, install, capsys) -> None:
    install("pack-b", LOSS.format(name="other"))
    info = tmp_path / "pack_a-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_bytes(content)
    assert main(["plugins", "list", "--kind", "loss"]) == 0
    out, err = capsys.readouterr()
    assert "other" in out
    assert err.startswith(f"warning: plugin pack-a (pack-a 1.0) is broken: {error}")


@pytest.mark.parametrize(
    ("run", "detail"),
    [
        ("lambda: None", "TypeError: it returned None, not a few words on what works"),
        ("lambda: sys.exit(7)", "SystemExit: 7"),
    ],
)
def test_a_check_that_keeps_no_contract_is_a_red_line(run, detail, install, capsys, monkeypatch) -> None:
    install("pack-a", CHECK.format(run=run))
    monkeypatch.setattr(doctor, "CHECKS", ())
    assert main(["doctor", "--json"]) == 1
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert checks[-1] == {"name": "odd (pack-a)", "ok": False, "detail": detail, "absent": False}


def test_a_circular_import(install, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.syspath_prepend(tmp_path / "more")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "circle_one.py").write_text("from circle_two import two\none = 1\n")
    (tmp_path / "more" / "circle_two.py").write_text("from circle_one import one\ntwo = 2\n")
    install("pack-a", "import circle_one")
    assert main(["plugins", "list"]) == 0
    where = tmp_path / "more" / "circle_one.py"
    assert capsys.readouterr().err == (
        "warning: plugin main (pack-a 1.0) is broken: ImportError: cannot import name 'one' from partially initialized "
        f"module 'circle_one' (most likely due to a circular import) ({where})\n"
    )


@pytest.mark.parametrize(
    ("requirement", "fits"),
    [
        ("coral-rl>=9,<10", False),
        ("coral_rl<0.1", False),
        (f"Coral.RL=={__version__}", True),
        ("coral-rl>=0.1,<1", True),
        ("coral-rl", True),
        ("coral-rl-extras>=9", True),
        ("coral-rl ???", True),
        ("torch>=99", True),
        ("coral-rl>=9; extra == 'next'", True),
    ],
)
def test_a_plugin_for_another_major_version(requirement, fits, install, capsys, monkeypatch) -> None:
    install("pack-a", "raise RuntimeError('not even imported')" if not fits else FINE, requires=[requirement])
    monkeypatch.setattr(doctor, "CHECKS", ())
    assert main(["doctor"]) == (0 if fits else 1)
    versions = requirement.removeprefix("coral-rl").removeprefix("coral_rl")
    versions = ",".join(sorted(versions.split(",")))  # as packaging writes them
    message = f"warning: plugin main (pack-a 1.0) is left out: it is made for coral-rl{versions}, and this is {HERE}\n"
    assert capsys.readouterr().err == ("" if fits else message)
    status = next(plugin.status for plugin in discover(builtin).plugins if plugin.distribution == "pack-a")
    assert status == ("active" if fits else "incompatible")


@pytest.mark.parametrize("requirement", ["coral-cli>=0.1,<1", "Coral_CLI", "coral-cli ; extra == 'all'"])
def test_one_that_requires_the_former_name_works_and_is_told(requirement, install, capsys) -> None:
    install("pack-a", FINE, requires=["torch>=2", requirement])
    install("pack-b", LOSS.format(name="other"), requires=["coral-client>=1"])
    assert main(["plugins", "list", "--kind", "loss", "--json"]) == 0
    out, err = capsys.readouterr()
    assert {"fine", "other"} <= {component["name"] for component in json.loads(out)["components"]}
    assert err == (
        "warning: plugin main (pack-a 1.0) requires coral-cli, which is another project today: "
        "its author must write coral-rl instead\n"
    )
    assert main(["plugins", "check", "pack-a"]) == 1
    checked = [line for line in capsys.readouterr().out.splitlines() if "plugin main" in line]
    assert any(
        "it requires coral-cli, which is another project today. Write coral-rl in its dependencies." in line
        for line in checked
    )
    assert main(["plugins", "check", "pack-b"]) == 1
    assert "coral-cli" not in capsys.readouterr().out


def test_the_versions_of_the_former_name_count_too(install, capsys) -> None:
    install("pack-a", "raise RuntimeError('not even imported')", requires=["coral-cli>=9"])
    assert main(["plugins", "list"]) == 0
    assert capsys.readouterr().err == (
        f"warning: plugin main (pack-a 1.0) is left out: it is made for coral-rl>=9, and this is {HERE}\n"
    )


def test_strict_refuses_an_incompatible_one(install) -> None:
    install("pack-a", FINE, requires=["coral-rl>=9"])
    with pytest.raises(PluginError, match="plugin main of pack-a is incompatible: it is made for coral-rl>=9, and"):
        discover(builtin, {"CORAL_STRICT_PLUGINS": "1", "CORAL_PLUGINS": "pack-a"})


def test_two_distributions_with_the_same_entry_point_name(install, capsys) -> None:
    install("pack-a", LOSS.format(name="one"), point="same")
    install("pack-b", LOSS.format(name="two"), point="same")
    assert main(["plugins", "list", "--kind", "loss", "--json"]) == 0
    out, err = capsys.readouterr()
    found = {component["name"]: component["distribution"] for component in json.loads(out)["components"]}
    assert (found["one"], found["two"], err) == ("pack-a", "pack-b", "")


def test_two_components_with_the_same_name(install, capsys, monkeypatch) -> None:
    monkeypatch.setattr("coral_cli.commands.train.run_session", lambda request: 0)
    for name in ("pack-a", "pack-b"):
        install(name, LOSS.format(name="twin"))
    assert main(["train", "--image-loss", "twin"]) == 2
    assert capsys.readouterr().err == (
        "error: loss 'twin' is offered by several plugins.\nhint: Write pack-a/twin or pack-b/twin.\n"
    )
    assert main(["train", "--image-loss", "pack-b/twin"]) == 0
    assert capsys.readouterr().err == ""


def test_a_name_of_a_built_in_is_shadowed(install, capsys) -> None:
    install("pack-a", LOSS.format(name="cpc"))
    assert main(["plugins", "info", "pack-a"]) == 0
    out, err = capsys.readouterr()
    assert "pack-a 1.0, shadowed" in out and err == ""


def test_a_disabled_one_is_named_where_it_is_needed(install, monkeypatch) -> None:
    install("pack-a", FINE)
    monkeypatch.setenv("CORAL_DISABLE_PLUGINS", "pack-a")
    with pytest.raises(PluginError) as caught:
        discover(builtin).locate("loss", "fine", "pack-a", "1.0")
    assert caught.value.message == "loss 'fine' needs pack-a, which is disabled."
    assert caught.value.hint == "Change CORAL_PLUGINS or CORAL_DISABLE_PLUGINS."


@pytest.mark.parametrize(
    ("source", "requires", "message"),
    [
        ("import nowhere_at_all", [], "which is broken: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        (
            FINE,
            ["coral-rl>=9"],
            f"which is incompatible: it is made for coral-rl>=9, and this is {HERE}",
        ),
    ],
)
def test_a_checkpoint_that_needs_one_that_is_not_active_says_why(source, requires, message, install) -> None:
    install("pack-a", source, requires=requires)
    with pytest.raises(PluginError) as caught:
        discover(builtin).locate("loss", "fine", "pack-a", "1.0")
    assert caught.value.message == f"loss 'fine' needs pack-a, {message}"


def test_a_checkpoint_that_needs_what_a_newer_version_dropped_says_so(install) -> None:
    install("pack-a", FINE, version="2.0")
    with pytest.raises(PluginError) as caught:
        discover(builtin).locate("loss", "old", "pack-a", "1.0")
    message = "loss 'old' comes from pack-a 1.0; installed is pack-a 2.0, which does not offer it."
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("line", "versions"),
    [
        ("coral-rl>=0.1,<1", "<1,>=0.1"),
        ("Coral_RL >= 0.1 , !=2", "!=2,>=0.1"),
        ("coral-rl", ""),
        ("coral-rl~=0.1", "~=0.1"),
        ("coral-rl[x]>=2", ">=2"),
        ("coral-rl>=1; python_version<'3'", None),
        ("coral-rl>=1..2", None),
        ("coral-rl=1", None),
        ("coral-rlhf>=1", None),
        ("coral-cli>=0.1,<1", "<1,>=0.1"),
        ("coral-cli[x] >= 2; python_version>'3'", ">=2"),
        ("coral-client>=1", None),
    ],
)
def test_which_versions_a_requirement_allows(line: str, versions: str | None) -> None:
    found = versions_allowed(line)
    assert (None if found is None else str(found)) == versions


@pytest.mark.parametrize("version", ["0.1.0", "0.1", "1", "1.2.3", "0.1.0rc1", "2.0.0"])
@pytest.mark.parametrize(
    "bounds", ["", ">=0.1,<1", ">0.1", "<=0.1", "==0.1", "==0.1.0.0", "!=1.0", ">=0.1.0, !=1.2.3", "<2,>1.2", "~=0.1"]
)
def test_plain_bounds_are_told_as_packaging_tells_them(bounds: str, version: str) -> None:
    """And without it; where it is asked instead, the bound or the version is none of the plain ones."""
    told = SpecifierSet(bounds).contains(version, prereleases=True)
    plain = bounds not in ("", "~=0.1") and version != "0.1.0rc1"
    assert allowed_plainly(f"coral-rl{bounds}", version) == (told and plain)
    assert not allowed_plainly(f"coral-rlhf{bounds}", version)
