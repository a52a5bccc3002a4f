"""Which backend is chosen, and what is said when none works."""

import sys

import pytest

from coral_cli.environments.rendering import backend as module
from coral_cli.environments.rendering.backend import probe, select_backend
from coral_cli.registry.errors import CoralError, UsageError


@pytest.fixture
def works(monkeypatch):
    """Makes exactly the given OpenGL backends work."""

    def only(*names):
        monkeypatch.setattr(module, "probe", lambda name: None if name in (*names, "raycast") else "it is broken")

    return only


@pytest.mark.parametrize(
    ("working", "environ", "expected"),
    [
        (("egl", "osmesa"), {}, "egl"),
        (("osmesa",), {}, "osmesa"),
        ((), {}, "raycast"),
        (("egl", "osmesa"), {"MUJOCO_GL": "osmesa"}, "osmesa"),
        (("egl",), {"MUJOCO_GL": "osmesa"}, "egl"),
        (("egl",), {"MUJOCO_GL": "glfw"}, "egl"),
        (("egl",), {"MUJOCO_GL": "disable"}, "raycast"),
    ],
)
def test_auto_takes_the_users_wish_then_egl_then_osmesa_then_rays(works, working, environ, expected):
    works(*working)
    assert select_backend("auto", environ) == expected
    assert environ["MUJOCO_GL"] == ("disable" if expected == "raycast" else expected)
    assert environ["LP_NUM_THREADS"] == "0"
    assert environ["DISABLE_RENDER_THREAD_OFFLOADING"] == "1"
    assert select_backend("auto", environ) == expected  # what it set leads to the same choice


def test_a_renderer_asked_for_must_work(works):
    works("osmesa")
    assert select_backend("osmesa", {}) == "osmesa"
    assert select_backend("raycast", {"MUJOCO_GL": "egl"}) == "raycast"
    with pytest.raises(CoralError, match="egl does not work here") as caught:
        select_backend("egl", {})
    assert "apt-get install" in caught.value.hint
    assert "libegl1 libgl1" in caught.value.hint


def test_an_unknown_renderer_is_a_usage_error():
    with pytest.raises(UsageError, match="vulkan"):
        select_backend("vulkan", {})


def test_probe_names_a_missing_library(monkeypatch):
    monkeypatch.setattr(module, "_LIBRARIES", {"egl": ("libnothing.so.1",)})
    assert probe.__wrapped__("egl") == "libnothing.so.1 is not installed"
    assert probe.__wrapped__("raycast") is None


def test_probe_reports_the_last_line_of_a_failing_child(monkeypatch):
    monkeypatch.setattr(module, "_LIBRARIES", {"egl": ("libc.so.6",)})
    monkeypatch.setattr(module, "_DRAW_ONE_FRAME", "raise RuntimeError('no driver')")
    assert probe.__wrapped__("egl") == "RuntimeError: no driver"
    monkeypatch.setattr(module, "_DRAW_ONE_FRAME", "raise SystemExit(3)")
    assert probe.__wrapped__("egl") == "exit code 3"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the libraries are Linux'")
def test_the_chosen_backend_has_drawn():
    assert probe(select_backend()) is None
