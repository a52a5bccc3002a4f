"""``coral probe``: what it asks a session to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from coral_cli.sessions.requests import ProbeRequest


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[ProbeRequest]:
    """What the command asks for, instead of doing it."""
    requests: list[ProbeRequest] = []
    monkeypatch.setattr("coral_cli.commands.probe.run_session", lambda request: requests.append(request) or 0)
    return requests


def test_every_option(coral, asked: list[ProbeRequest]) -> None:
    words = "runs/a runs/b --episodes 1e2 --updates 5k --seed 4 --camera wrist --explore --embeddings --out look"
    assert coral("probe", *words.split(), "--device", "cpu", "--renderer", "raycast", "--json", "--quiet").code == 0
    (request,) = asked
    assert request.checkpoints == (Path("runs/a").absolute(), Path("runs/b").absolute())
    assert (request.episodes, request.updates, request.seed, request.camera) == (100, 5000, 4, "wrist")
    assert request.explore and request.embeddings and request.json and request.quiet
    assert (request.out, request.device, request.renderer) == (Path("look").absolute(), "cpu", "raycast")


def test_what_is_left_out(coral, asked: list[ProbeRequest]) -> None:
    coral("probe", "x.pt")
    (request,) = asked
    assert (request.episodes, request.updates, request.seed, request.camera) == (20, 2000, None, None)
    assert (request.out, request.device, request.renderer) == (None, "auto", "auto")
    assert not (request.explore or request.embeddings or request.json or request.quiet)


@pytest.mark.parametrize("words", [[], ["x.pt", "--episodes", "2"], ["x.pt", "--updates", "-1"], ["x.pt", "--frames"]])
def test_refusals(words: list[str], coral, asked: list[ProbeRequest]) -> None:
    outcome = coral("probe", *words)
    assert outcome.code == 2 and outcome.err.startswith("error: ") and not asked
