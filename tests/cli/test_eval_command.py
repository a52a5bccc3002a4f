"""``coral eval``: what it asks a session to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from coral_cli import builtin
from coral_cli.assembly.resolve import resolve
from coral_cli.commands import conditions
from coral_cli.registry.discovery import discover
from coral_cli.registry.errors import UsageError


@pytest.mark.parametrize(
    ("line", "video"),
    [
        ("runs/x", None),
        ("runs/x --video", "auto"),
        ("--video runs/x", "auto"),
        ("--video --episodes 3 runs/x", "auto"),
        ("--video films/a.mp4 runs/x", Path("films/a.mp4").absolute()),
        ("runs/x --video A.MP4", Path("A.MP4").absolute()),
        ("runs/x --video=a.mp4", Path("a.mp4").absolute()),
    ],
)
def test_video_may_stand_alone(line: str, video: object, coral, requests) -> None:
    assert coral("eval", *line.split()).code == 0
    assert requests[0].checkpoint == Path("runs/x").absolute()
    assert requests[0].video == video


@pytest.mark.parametrize("line", ["runs/x --video=film.avi", "runs/x --video film.avi", "--video film.GIF runs/x"])
def test_a_video_is_an_mp4_file(line: str, coral, requests) -> None:
    outcome = coral("eval", *line.split())
    assert outcome.code == 2
    assert "but videos are .mp4 files" in outcome.err
    assert not requests


def test_options(coral, requests) -> None:
    coral("eval", "x.pt", "--episodes", "1e2", "--seed", "4", "--device", "cpu", "--renderer", "raycast", "--json")
    request = requests.pop()
    assert (request.episodes, request.seed, request.device, request.renderer) == (100, 4, "cpu", "raycast")
    assert request.json
    coral("eval", "x.pt")
    assert (requests[0].episodes, requests[0].seed, requests[0].renderer) == (20, None, "auto")


@pytest.mark.parametrize(
    ("trained", "hint"),
    [("foreign_toys:Drawing", "Name its own if you know it"), ("gym:Pendulum-v1", "Leave --env out")],
)
def test_another_environment_is_refused_with_what_can_be_done(trained: str, hint: str, monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "environments" / "foreign"))
    catalog = discover(builtin, {"CORAL_PLUGINS": ""})
    assembly = resolve({"env": trained}, catalog)
    monkeypatch.setattr(conditions, "trained", lambda checkpoint: assembly)
    with pytest.raises(
        UsageError, match=f"--env is foreign_toys:make_blind, but run was trained in {trained}"
    ) as error:
        conditions.allow("foreign_toys:make_blind", Path("run"), catalog)
    assert error.value.hint.startswith(hint)
