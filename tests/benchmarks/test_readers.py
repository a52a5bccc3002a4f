"""What is read from latents on demonstrations."""

import importlib.util
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from coral_cli import builtin
from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.resolve import resolve
from coral_cli.registry.discovery import discover
from coral_cli.registry.sensors import Sensor

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def script():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        spec = importlib.util.spec_from_file_location("benchmark_of_readers", BENCHMARKS / "readers.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(BENCHMARKS))


class Teacher:
    """It pushes the cart to one side."""

    def begin(self, episodes: int = 1) -> int:
        return 0

    def act(self, observation, state, explore):
        return np.array([0.1], np.float32), state


class Blind:
    """A representation that is what proprioception says, and where the step stands in its episode."""

    sensors = {"proprio": Sensor("proprio", "vector", (2,))}  # noqa: RUF012 (a stub's)

    def begin(self, episodes: int) -> int:
        return 0

    def features(self, seen, state, action):
        assert list(seen) == ["proprio"] and (action is None) == (state == 0)
        return np.concatenate([seen["proprio"], np.full((len(seen["proprio"]), 1), state)], 1), state + 1


def test_a_reader_finds_what_is_there(script):
    """Position and speed of the cart are in the latent; of a pole under noise, its angle follows from neither."""
    catalog = discover(builtin)
    assembly = resolve({"env": "cartpole-swingup", "image-size": (32, 32), "crop-margin": 0}, catalog)
    with closing(Assembler(assembly, catalog).environment(script.BACKEND)) as env:
        watched = script.Watched(Teacher(), env, episodes=8, noise=2.0, seed=0)
    assert watched.rows["proprio"].shape == (8, 126, 2) and watched.state["hinge_1 angle"].shape == (8, 126, 2)
    assert watched.state["slider position"][..., 0] == pytest.approx(watched.rows["proprio"][..., 0])
    latents = watched.latents(Blind())
    assert latents.shape == (8, 126, 3) and (latents[0, :, 2] == np.arange(126)).all()
    script.load_agent = lambda run: Blind()
    head, _, row = script.table(watched, [Path("runs/blind")]).splitlines()
    names = [cell.strip() for cell in head.split("|")[2:-1]]
    found = dict(zip(names, (cell.split(",") for cell in row.split("|")[2:-1]), strict=True))
    assert float(found["slider position"][0]) == 1 and float(found["slider velocity"][0]) == 1
    assert float(found["hinge_1 angular velocity"][0]) < 0.9


def test_an_agent_without_a_margin_sees_the_middle(script):
    pictures = np.arange(2 * 5 * 6).reshape(2, 5, 6, 1)
    seen = script.middle(pictures, (3, 2, 1))
    assert seen[0, ..., 0].tolist() == [[8, 9], [14, 15], [20, 21]] and len(seen) == 2
    assert script.middle(pictures[:, 0, :, 0], (6,)).shape == (2, 6)


def test_a_quarter_judges_and_a_quarter_of_the_others_chooses(script):
    split = script.parts(np.arange(8.0).reshape(8, 1, 1))
    assert [part.ravel().tolist() for part in split.all()] == [[0, 1, 2, 3, 4], [5], [6, 7]]
