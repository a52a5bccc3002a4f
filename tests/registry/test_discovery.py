"""Discovery: one broken plugin never hides the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from coral_cli import builtin
from coral_cli.registry.catalog import Catalog, Plugin
from coral_cli.registry.discovery import discover
from coral_cli.registry.errors import PluginError

GOOD = """
from coral_cli.plugin import Loss, hookimpl

@hookimpl
def coral_losses():
    yield Loss({name!r}, "A stranger's.", build=None)
"""
BROKEN = {
    "import": "import a_module_that_is_nowhere",
    "exit": "raise SystemExit(3)",
    "syntax": "def (",
    "hook": GOOD.format(name="x").replace("yield", "raise RuntimeError('late'); yield"),
    "nonsense": GOOD.format(name="x").replace("yield Loss", "yield dict(a=Loss").replace("build=None)", "build=None))"),
    "kind": GOOD.format(name="x").replace("coral_losses", "coral_encoders"),
    "unknown-hook": GOOD.format(name="x").replace("coral_losses", "coral_loses"),
    "options": GOOD.format(name="x").replace("build=None", "build=None, options=3"),
}
Install = Callable[..., None]


def plugins(catalog: Catalog) -> dict[str, Plugin]:
    return {plugin.distribution: plugin for plugin in catalog.plugins if plugin.distribution.startswith("pack")}


def test_a_strangers_loss_stands_beside_the_built_in_ones(install: Install) -> None:
    install("pack-a", GOOD.format(name="byol"), version="2.1")
    catalog = discover(builtin, {})
    entry = catalog.get("loss", "byol")
    assert (entry.distribution, entry.version, entry.record.summary) == ("pack-a", "2.1", "A stranger's.")
    assert catalog.names("loss")[:3] == ("recon", "cv", "cpc")
    assert plugins(catalog)["pack-a"].status == "active"


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_plugin_is_noted_and_hides_no_other(how: str, install: Install) -> None:
    install("pack-a", GOOD.format(name="first"))
    install("pack-bad", BROKEN[how])
    install("pack-c", GOOD.format(name="third"))
    catalog = discover(builtin, {})
    assert {"recon", "first", "third"} <= set(catalog.names("loss"))
    assert "x" not in catalog.names("loss") + catalog.names("encoder")
    found = plugins(catalog)
    assert (found["pack-a"].status, found["pack-bad"].status, found["pack-c"].status) == ("active", "broken", "active")
    assert found["pack-bad"].error
    assert "\n" not in found["pack-bad"].error
    assert "Traceback" in found["pack-bad"].traceback


def test_a_good_entry_point_survives_a_broken_one_of_its_distribution(install: Install) -> None:
    install("pack-a", BROKEN["import"], point="bad")
    install("pack-a", GOOD.format(name="byol"), point="good")
    catalog = discover(builtin, {})
    assert catalog.get("loss", "byol").distribution == "pack-a"
    assert sorted((p.name, p.status) for p in catalog.plugins if p.distribution == "pack-a") == [
        ("bad", "broken"),
        ("good", "active"),
    ]


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({}, {"one", "two"}),
        ({"CORAL_PLUGINS": "pack-a"}, {"one"}),
        ({"CORAL_PLUGINS": "pack-a:main,second"}, {"one", "two"}),
        ({"CORAL_PLUGINS": ""}, set()),
        ({"CORAL_DISABLE_PLUGINS": "pack-a"}, {"two"}),
        ({"CORAL_DISABLE_PLUGINS": "second,pack-a"}, set()),
        ({"CORAL_PLUGINS": "pack-a,pack-b", "CORAL_DISABLE_PLUGINS": "pack-b"}, {"one"}),
    ],
)
def test_plugins_can_be_chosen(environ: dict[str, str], names: set[str], install: Install) -> None:
    install("pack-a", GOOD.format(name="one"))
    install("pack-b", GOOD.format(name="two"), point="second")
    catalog = discover(builtin, environ)
    assert {"one", "two"} & set(catalog.names("loss")) == names
    disabled = {plugin.distribution for plugin in plugins(catalog).values() if plugin.status == "disabled"}
    assert len(disabled) == 2 - len(names)


def test_a_disabled_plugin_is_not_even_imported(install: Install) -> None:
    install("pack-bad", BROKEN["import"])
    assert plugins(discover(builtin, {"CORAL_DISABLE_PLUGINS": "pack-bad"}))["pack-bad"].error == ""


@pytest.mark.parametrize("how", ["import", "exit", "hook", "nonsense"])
def test_strict_raises(how: str, install: Install) -> None:
    install("pack-bad", BROKEN[how])
    with pytest.raises(PluginError, match="pack-bad is broken") as caught:
        discover(builtin, {"CORAL_STRICT_PLUGINS": "1", "CORAL_PLUGINS": "pack-bad"})
    assert caught.value.__cause__ is not None
    discover(builtin, {"CORAL_STRICT_PLUGINS": "0", "CORAL_PLUGINS": "pack-bad"})


def test_names_of_built_ins_are_never_taken(install: Install) -> None:
    install("pack-a", GOOD.format(name="cpc"))
    catalog = discover(builtin, {})
    assert catalog.get("loss", "cpc").distribution == "coral-rl"
    assert catalog.get("loss", "pack-a/cpc").distribution == "pack-a"
    assert plugins(catalog)["pack-a"].status == "shadowed"


def test_the_built_ins_alone() -> None:
    catalog = discover(builtin, {"CORAL_PLUGINS": ""})
    assert catalog.names("loss") == ("recon", "cv", "cpc", "infonce", "none")
    assert catalog.names("encoder") == ("conv", "mlp")
    assert {entry.distribution for entry in catalog.entries("policy")} == {"coral-rl"}
