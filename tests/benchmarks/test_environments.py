"""The benchmark of environments compares like with like."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from coral_cli.environments.rendering.backend import select_backend

BACKEND = select_backend()  # before mujoco

import mujoco  # noqa: E402

from coral_cli.environments.records import ENVIRONMENTS  # noqa: E402
from coral_cli.plugin import Rendering  # noqa: E402

FOLDER = Path(__file__).parents[2] / "benchmarks"
RECORDS = {record.name: record for record in ENVIRONMENTS}


@pytest.fixture
def script(monkeypatch):
    """benchmarks/environments.py, under a name that no package of tests has."""
    monkeypatch.syspath_prepend(FOLDER)
    spec = importlib.util.spec_from_file_location("benchmark_of_environments", FOLDER / "environments.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


ROUNDING = 0 if mujoco.mj_version() >= 3005000 else 1e-9  # before, copied data did not always step bit for bit alike


@pytest.mark.parametrize("backend", ["raycast", pytest.param("opengl", id="opengl")])
@pytest.mark.parametrize("task", ["cartpole-swingup", "walker-walk", "box-push", "ant-empty", "hurdle-cheetah-run"])
def test_mujoco_alone_reaches_the_same_states_and_draws_the_same_frames(task, backend, script):
    if backend == "opengl" and BACKEND == "raycast":
        pytest.skip("no OpenGL on this machine")
    rendering = Rendering(24, 32, backend="raycast" if backend == "raycast" else BACKEND)
    env = RECORDS[task].build(script.timed(RECORDS[task]), rendering)
    first, _ = env.reset(seed=3)
    bare = script.Bare(env, rendering, coarse=True)
    actions = script.random_actions(env)
    for _ in range(12):
        action = next(actions)
        observation, *_ = env.step(action)
        bare.begin()
        frame = bare.act(action)
        data = env.unwrapped.scene.data
        assert bare.data.qpos == pytest.approx(data.qpos, rel=0, abs=ROUNDING)
        assert bare.data.qvel == pytest.approx(data.qvel, rel=0, abs=ROUNDING)
        assert np.array_equal(bare.data.ctrl, data.ctrl) and bare.data.time == data.time
        assert (frame != observation["image"]).mean() <= (0.01 if ROUNDING else 0)  # a ray may just miss an edge
    assert (observation["image"] != first["image"]).any()
    bare.close()
    env.close()


def test_contestants_take_turns(script, monkeypatch):
    monkeypatch.setattr(script, "BLOCK", 1)
    result = script.compared("cartpole-swingup", BACKEND, 1)
    assert result.bare > 0 and result.coarse > 0
    assert result.over_bare == pytest.approx(result.coral / result.bare)
    assert result.over_coarse == pytest.approx(result.coral / result.coarse)
    assert (result.stock is None) == (BACKEND == "raycast")
    lines = script.table([result]).splitlines()
    assert len(lines) == 3 and lines[2].startswith("| cartpole-swingup | ")
    assert len({line.count("|") for line in lines}) == 1


def test_stock_gets_the_same_actions(script):
    if BACKEND == "raycast":
        pytest.skip("no OpenGL on this machine")
    env = RECORDS["cartpole-swingup"].build(RECORDS["cartpole-swingup"].options, Rendering(8, 8, backend=BACKEND))
    env.reset(seed=0)
    assert script.stock_of("box-push") is None
    stock = script.stock_of("cartpole-swingup")
    script.stepping_stock(stock, env)(np.array([0.5], np.float32))
    assert stock.physics.control() == pytest.approx([0.5])
    assert stock.physics.time() == pytest.approx(0.08)  # 8 steps of 10 ms
    stock.physics.free()
    env.close()


def test_stock_draws_its_own_images_between_the_others(script):
    if BACKEND == "raycast":
        pytest.skip("no OpenGL on this machine")
    stock = script.stock_of("cheetah-run")
    stock.reset()
    alone = stock.physics.render(32, 32, 0)
    env = RECORDS["cheetah-run"].build(RECORDS["cheetah-run"].options, Rendering(32, 32, backend=BACKEND))
    env.reset(seed=0)
    assert (stock.physics.render(32, 32, 0) != alone).any()  # into a context that is not its own
    script.make_current(stock)
    assert np.array_equal(stock.physics.render(32, 32, 0), alone)
    stock.physics.free()
    env.close()


def test_mujoco_alone_draws_shapes_as_round_as_the_model_asks(script):
    if BACKEND == "raycast":
        pytest.skip("no OpenGL on this machine")
    rendering = Rendering(64, 64, backend=BACKEND)
    env = RECORDS["walker-walk"].build(RECORDS["walker-walk"].options, rendering)
    observation, _ = env.reset(seed=3)
    bare = script.Bare(env, rendering)
    bare.begin()
    round_ones = bare.draw(bare.data).astype(int)
    different = (abs(round_ones - observation["image"]) > 24).any(-1)
    assert 0 < different.sum() < 0.01 * different.size
    bare.close()
    env.close()


@pytest.mark.slow
def test_distractions_are_compared_with_the_same_environment(script, monkeypatch):
    monkeypatch.setattr(script, "BLOCK", 1)
    monkeypatch.setattr(script, "CLIP", 3)
    adds = script.added("cartpole-swingup", "raycast", 1)
    assert list(adds)[:2] == ["disks", "noise"] and "room" not in adds and "video, segmentation" in adds
    table = script.table_of_distractions({"cartpole-swingup": adds, "box-push": {"room": 0.001}}).splitlines()
    assert len(table) == 2 + len(adds) + 1 and table[-1] == "| room | - | 1.00 |"
