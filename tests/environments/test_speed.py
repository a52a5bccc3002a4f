"""How fast a backend draws."""

import sys

import pytest

from coral_cli.environments.rendering.speed import frames_per_second
from coral_cli.registry.errors import CoralError


def test_frames_are_counted(backend):
    assert 5 < frames_per_second(backend) < 100_000


def test_a_renderer_that_does_not_work_is_an_error(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(CoralError, match=r"raycast draws nothing .*exit code 1"):
        frames_per_second("raycast")
