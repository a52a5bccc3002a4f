"""What a user reads when a plugin is broken: each case with its exact words."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from coral_cli.app import main
from coral_cli.commands import doctor

from .strangers import FINE, LOSS

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
