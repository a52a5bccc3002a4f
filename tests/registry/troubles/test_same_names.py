"""Plugins that have a name in common, with each other or with what is built in."""

from __future__ import annotations

import json

from coral_cli.app import main

from .strangers import LOSS


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
