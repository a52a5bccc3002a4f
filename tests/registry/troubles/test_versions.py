"""Plugins for other versions of coral, and for its former name: what is left out, and what is said."""

from __future__ import annotations

import json

import pytest
from packaging.specifiers import SpecifierSet

from coral_cli import builtin
from coral_cli.app import main
from coral_cli.commands import doctor
from coral_cli.registry.discovery import allowed_plainly, discover, versions_allowed
from coral_cli.registry.errors import PluginError
from coral_cli.version import __version__

from .strangers import FINE, HERE, LOSS


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
