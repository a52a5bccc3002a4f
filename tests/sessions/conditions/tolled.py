"""An environment where every return is known.

Each of three steps is paid the draw of the episode's seed, plus ``--env.bonus``, minus a toll that the distractions set
when the episode begins: from 0 on, ``add`` adds 10 and ``double`` doubles it.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict
from gymnasium.utils import seeding

from coral_cli.plugin import Distraction, Environment, Help
from coral_cli.testing import Outcome, run
from coral_cli.training.collection import episode_seed

STEPS = 3


@dataclass(frozen=True)
class TolledOptions:
    bonus: Annotated[float, Help("Paid in every step.")] = 0.0
    wide: Annotated[bool, Help("Whether the sensor has one more value.")] = False
    arms: Annotated[int, Help("The size of actions.", min=1)] = 1
    signal: Annotated[int, Help("A signal that comes in the last step of an episode under toll.")] = 0


class Toll:
    """What distractions may change."""

    prepare, camera, cut_out = None, 0, False

    def __init__(self) -> None:
        self.model = {"toll": 0.0}

    def background(self, floor: bool) -> Any:
        raise AssertionError


class Tolled(gymnasium.Env):
    def __init__(self, options: TolledOptions) -> None:
        self.options, self.scene = options, Toll()
        self.observation_space = Dict(proprio=Box(-np.inf, np.inf, (3 if options.wide else 2,), np.float32))
        self.action_space = Box(-1, 1, (options.arms,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.draw, self.step_number = int(self.np_random.integers(10)), 0
        self.scene.model["toll"] = 0.0
        return self.seen(), {}

    def step(self, action):
        self.step_number += 1
        over = self.step_number == STEPS
        toll = self.scene.model["toll"]
        if over and toll and self.options.signal:
            os.kill(os.getpid(), self.options.signal)
        toll = math.nan if toll > 1e6 else toll
        info = {"metrics": {"success": float(self.draw > 4)}} if over else {}
        return self.seen(), self.draw + self.options.bonus - toll, False, over, info

    def seen(self):
        return {"proprio": np.full(self.observation_space["proprio"].shape, self.draw, np.float32)}


@dataclass(frozen=True)
class AddOptions:
    much: Annotated[float, Help("How much is added.")] = 10.0
    file: Annotated[str | None, Help("A file that must be there.")] = None


class Change:
    """A distraction that changes the toll."""

    def __init__(self, change) -> None:
        self.of = change

    def begin(self, random, scene) -> None:
        scene.model["toll"] = self.of(scene.model["toll"])

    def prepare(self, scene) -> None: ...

    def change(self, value, scene):
        return value


def add(options: AddOptions, sensor, split) -> Change:
    if options.file and not Path(options.file).exists():
        raise FileNotFoundError(options.file)
    assert split == ("evaluation" if sensor.name == "proprio" and evaluating else "training")
    return Change(lambda toll: toll + options.much)


evaluating = False
VECTOR = {"proprio": "vector"}


TOLLED = Environment(
    "tolled",
    "Pays.",
    lambda options, _: Tolled(options),
    TolledOptions(),
    VECTOR,
    False,
    {"distraction.add.much": 20.0},
)


OTHER = Environment("other", "Pays, too.", lambda options, _: Tolled(options), TolledOptions(), VECTOR, False)


COMPONENTS = (
    TOLLED,
    OTHER,
    Distraction("add", "Adds.", add, AddOptions(), ("vector",)),
    Distraction("double", "Doubles.", lambda *_: Change(lambda toll: 2 * toll), sensors=("vector",)),
)


PACE = (
    "--method proprio-sac --size tiny --random-episodes 1 --updates-per-step 0 --eval-every 0 --batch-length 2 --quiet"
)


def coral(line: str) -> Outcome:
    return run(line, COMPONENTS)


def trained(path: Path, words: str = "", env: str = "tolled") -> Path:
    outcome = coral(f"train --env {env} {PACE} --steps 6 {words} --out {path}")
    assert outcome.code == 0, outcome.err
    return path


def draws(seed: int, episodes: int) -> list[int]:
    return [int(seeding.np_random(episode_seed(seed, "evaluation", i))[0].integers(10)) for i in range(episodes)]


def document(line: str) -> dict:
    outcome = coral(f"{line} --json --quiet")
    assert outcome.code == 0, outcome.err
    assert outcome.err == ""
    return json.loads(outcome.out)


def returns(table: dict, agent: int = 0) -> dict[str, list[float]]:
    return {name: cell["returns"] for name, cell in table["agents"][agent]["cells"].items()}


CONDITIONS = "--under own --under clean --under add --under 'add,double' --under 'double --distraction add'"
