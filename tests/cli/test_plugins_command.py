"""``coral plugins list`` and ``coral doctor``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import coral_cli
from coral_cli.commands import doctor
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.errors import AbsentError


def test_components_of_one_kind(coral) -> None:
    document = json.loads(coral("plugins", "list", "--kind", "encoder", "--json").out)
    names = [(c["name"], c["distribution"], c["version"], c["status"]) for c in document["components"]]
    assert names[0][:2] == ("conv", "coral-rl")
    assert ("vit", "coral-byol", "2.0", "active") in names
    assert {c["kind"] for c in document["components"]} == {"encoder"}


def test_plugins_that_offer_nothing_are_listed(coral, toy_catalog: Catalog) -> None:
    document = json.loads(coral("plugins", "list", "--json", catalog=toy_catalog).out)
    assert {"name": "bad", "distribution": "coral-bad", "version": "0.1", "status": "broken"}.items() <= document[
        "plugins"
    ][1].items()
    table = coral("plugins", "list", catalog=toy_catalog).out
    assert table.splitlines()[-2:] == [
        "plugin  from                   error",
        "bad     coral-bad 0.1, broken  ImportError: no module named 'jax'",
    ]


@pytest.mark.parametrize("words", [["plugins", "list"], ["methods"], ["doctor"]])
def test_in_a_pipe_nothing_is_wrapped_or_padded(words: list[str], coral, toy_catalog: Catalog, monkeypatch) -> None:
    monkeypatch.setattr(doctor, "CHECKS", (doctor.CHECKS[1], lambda: "ok\n" * 40))
    narrow, wide = (coral(*words, width=width, catalog=toy_catalog).out for width in (30, 300))
    assert narrow == wide
    assert max(map(len, narrow.splitlines())) > 80
    assert not any(line.endswith(" ") for line in narrow.splitlines())


def test_an_empty_catalog(coral) -> None:
    assert coral("plugins", "list", catalog=Catalog([])).out == "No such component is installed.\n"


def test_the_doctor_is_red_when_a_plugin_is_broken(coral, toy_catalog: Catalog, monkeypatch) -> None:
    monkeypatch.setattr(doctor, "CHECKS", (doctor.CHECKS[1], doctor.CHECKS[-1]))
    assert coral("doctor").code == 0
    outcome = coral("doctor", "--json", catalog=toy_catalog)
    document = json.loads(outcome.out)
    assert (outcome.code, document["ok"]) == (1, False)
    assert [line["name"] for line in document["checks"] if not line["ok"]] == ["plugin bad"]


def test_the_doctor_is_red_when_a_check_fails(coral, monkeypatch, tmp_path) -> None:
    def _nothing() -> str:
        raise OSError("no space left")

    monkeypatch.setattr(doctor, "CHECKS", (_nothing,))
    outcome = coral("doctor")
    assert outcome.code == 1
    assert outcome.out.splitlines()[1].split() == ["failed", "nothing", "OSError:", "no", "space", "left"]


@pytest.mark.slow
def test_the_doctor_draws_films_and_computes_here() -> None:
    command = [sys.executable, "-m", "coral_cli", "doctor", "--json"]  # apart, for it chooses what mujoco draws with
    outcome = subprocess.run(command, env={**os.environ, "CORAL_PLUGINS": ""}, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout
    checks = json.loads(outcome.stdout)["checks"]
    assert checks[0]["detail"] == f"coral-rl {coral_cli.__version__} ({Path(coral_cli.__file__).parent})"
    names = [line["name"] for line in checks]
    names = [name for name in names if not name.startswith("plugin ")]  # what is installed beside coral
    assert names == ["coral", "python", "torch", "simulation", "drawing", "control suite", "video", "writing"]


def test_what_is_optional_may_be_absent(coral, monkeypatch) -> None:
    def _control_suite() -> str:
        raise AbsentError("dm-control is not installed.", "python -m pip install dm-control")

    monkeypatch.setattr(doctor, "CHECKS", (_control_suite,))
    outcome = coral("doctor")
    assert outcome.code == 0
    assert outcome.out.splitlines()[1] == (
        "absent  control suite  dm-control is not installed. hint: python -m pip install dm-control"
    )
    (line,) = json.loads(coral("doctor", "--json").out)["checks"]
    assert (line["ok"], line["absent"]) == (True, True)
