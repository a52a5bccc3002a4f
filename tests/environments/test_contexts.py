"""Renderers side by side, and what is left of them when they are closed."""

import resource
from pathlib import Path

import mujoco
import pytest

from coral_cli.environments.box_push.scene import build_model
from coral_cli.environments.rendering import make_renderer
from coral_cli.environments.rendering.views import Views
from coral_cli.plugin import Rendering

BALL = "<mujoco><worldbody><light/><camera pos='0 0 2'/><geom size='.1'/></worldbody></mujoco>"


def simulated(model):
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return model, data


def test_renderers_live_side_by_side_and_close_on_their_own(backend):
    model, data = simulated(build_model())
    small, large = make_renderer(model, 16, 16, "fast", backend), make_renderer(model, 64, 48, "smooth", backend)
    first = small.render(data, 0)
    assert large.render(data, 1).shape == (64, 48, 3)
    assert (small.render(data, 0) == first).all()
    large.close()
    large.close()
    assert (small.render(data, 0) == first).all()
    small.close()


def test_views_free_their_contexts_when_they_change_models_and_when_they_close(backend):
    if backend == "raycast":
        pytest.skip("the ray caster holds none")
    from coral_cli.environments.rendering.opengl import open_renderers

    before = set(open_renderers())
    model, data = simulated(build_model())
    views = Views(model, Rendering(16, 16, backend=backend), 0, 1)
    views.agent(data), views.outside(data)
    first = set(open_renderers()) - before
    views.replace(build_model(), 0, 1)
    second = set(open_renderers()) - before
    assert len(first) == 2 and len(second) == 1 and not first & second
    views.close()
    assert not set(open_renderers()) - before


def test_drawing_leaves_no_memory_behind(backend):
    """Forty OpenGL contexts that are kept take 700 megabytes."""
    model, data = simulated(mujoco.MjModel.from_xml_string(BALL))

    def draw_once():
        views = Views(model, Rendering(64, 64, backend=backend), 0, 0)
        views.agent(data), views.background(floor=True)
        views.close()

    for _ in range(5):
        draw_once()
    before = resident()
    for _ in range(40):
        draw_once()
    assert resident() - before < 5


def resident():
    """Megabytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
