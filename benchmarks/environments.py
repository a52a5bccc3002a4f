"""Times environments against MuJoCo alone (benchmarks/bare.py) and against stock dm_control, and what distractions add.

python benchmarks/environments.py cartpole-swingup box-push
python benchmarks/environments.py --distractions cheetah-run box-push

An action is as many environment steps as the environment's action repeat, and one 64x64 image in quality ``fast``; all
contestants take the same random actions, in turn. Prints a Markdown table, or with --json one document: milliseconds
an action (medians) of coral, of MuJoCo alone, of MuJoCo drawing as coarse shapes as coral does, and of stock dm_control
with its stock image; then how coral compares. --distractions compares an environment with 76x76 images with itself
under each distraction of the image.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from coral_cli.environments.rendering.backend import select_backend

BACKEND = select_backend()  # before mujoco

from bare import Bare  # noqa: E402
from dm_control import composer, suite  # noqa: E402
from dm_control.locomotion.tasks.corridors import RunThroughCorridor  # noqa: E402
from dm_control.locomotion.walkers.ant import Ant  # noqa: E402

from coral_cli import builtin  # noqa: E402
from coral_cli.assembly.assemble import Assembler  # noqa: E402
from coral_cli.assembly.resolve import resolve  # noqa: E402
from coral_cli.environments.control_suite import quiet  # noqa: E402
from coral_cli.environments.records import ENVIRONMENTS  # noqa: E402
from coral_cli.measuring.timing import Timing, interleaved  # noqa: E402
from coral_cli.plugin import Environment, Rendering  # noqa: E402
from coral_cli.registry.discovery import discover  # noqa: E402
from coral_cli.runs.machine import processor  # noqa: E402
from coral_cli.runs.pictures import write_png  # noqa: E402

TASKS = ("cartpole-swingup", "ball-in-cup-catch", "cheetah-run", "walker-walk", "reacher-easy", "quadruped-walk")
TASKS += ("box-push", "ant-walls", "hurdle-cheetah-run", "hurdle-walker-walk", "quadruped-escape")
SIDE = 64  # pixels
BLOCK = 5  # actions in a row, so that changing the OpenGL context weighs little
ROUNDS = 60
ACTIONS = 1000
SUITE = {f"{domain}-{task}".replace("_", "-").lower(): (domain, task) for domain, task in suite.ALL_TASKS}
CLIP = 60  # frames

Act = Callable[[np.ndarray], object]


@dataclass(frozen=True)
class Result:
    """Seconds an action, and ratios; None where dm_control does not have the task."""

    task: str
    coral: float
    bare: float
    coarse: float
    stock: float | None
    stock_over_coral: float | None

    @property
    def over_bare(self) -> float:
        return self.coral / self.bare

    @property
    def over_coarse(self) -> float:
        return self.coral / self.coarse


def compared(name: str, backend: str, rounds: int) -> Result:
    """Builds all contestants of a task and lets them act in turn."""
    record = {record.name: record for record in ENVIRONMENTS}[name]
    rendering = Rendering(SIDE, SIDE, backend=backend)
    env = record.build(timed(record), rendering)
    env.reset(seed=0)
    bare, coarse = Bare(env, rendering), Bare(env, rendering, coarse=True)
    coral = {"coral": acting(env, stepping(env))}
    calls = coral | {"bare": acting(env, bare.act, bare.begin), "coarse": acting(env, coarse.act, coarse.begin)}
    timings = interleaved(calls, rounds)
    against = None
    if backend != "raycast" and (stock := stock_of(name)):  # which needs OpenGL
        stocked = acting(env, stepping_stock(stock, env), lambda: make_current(stock))
        against = interleaved(coral | {"stock": stocked}, max(rounds // 4, 1))
        stock.physics.free()
    for one in (bare, coarse, env):
        one.close()
    return Result(
        name,
        seconds(timings["coral"]),
        seconds(timings["bare"]),
        seconds(timings["coarse"]),
        seconds(against["stock"]) if against else None,
        against["stock"].median / against["coral"].median if against else None,
    )


def stepping(env: gymnasium.Env) -> Act:
    """One step after the other. So few of them are an episode's last that medians do not see what a reset costs."""

    def act(action: np.ndarray) -> None:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()

    return act


def acting(env: gymnasium.Env, act: Act, begin: Callable[[], None] = lambda: None) -> Callable[[], None]:
    """The next block of random actions, the same ones for every contestant."""
    actions = random_actions(env)

    def block() -> None:
        begin()
        for _ in range(BLOCK):
            act(next(actions))

    return block


def timed(record: Environment) -> object:
    """The record's options, of box-push with an action that MuJoCo alone can take, too."""
    torques = {"action": "torque", "action_repeat": 1}
    return replace(record.options, **torques) if record.name == "box-push" else record.options


def random_actions(env: gymnasium.Env) -> Iterator[np.ndarray]:
    random = np.random.default_rng(0)
    return cycle(random.uniform(-1, 1, (ACTIONS, *env.action_space.shape)).astype(np.float32))


def seconds(timing: Timing) -> float:
    """Of an action."""
    return timing.median / BLOCK


def stock_of(name: str) -> Any:
    """dm_control's own environment; None for a task that dm_control does not have, or not without labmaze."""
    if name in SUITE:
        with quiet():
            return suite.load(*SUITE[name], task_kwargs={"random": 0})
    if name.startswith("ant-"):
        try:
            from dm_control.locomotion.arenas import corridors
        except ModuleNotFoundError:
            return None
        corridor = corridors.WallsCorridor if name == "ant-walls" else corridors.EmptyCorridor
        task = RunThroughCorridor(Ant(), corridor(corridor_length=80), contact_termination=False)
        task._walker.observables.egocentric_camera.enabled = False  # drawn by stepping_stock
        return composer.Environment(task, random_state=0)
    return None


def make_current(stock: Any) -> None:
    """Makes the stock environment's OpenGL context the current one.

    dm_control believes that nobody else uses OpenGL, and would draw into another's, without its shadows and samples.
    """
    stock.physics.contexts.gl._platform_make_current()


def stepping_stock(stock: Any, env: Any) -> Act:
    """What ``env`` does in an action, in dm_control's own environment and quality."""
    stock.reset()
    simulation, repeat, camera = env.unwrapped.simulation, env.unwrapped.action_repeat, env.unwrapped.scene.camera

    def act(action: np.ndarray) -> None:
        action = simulation.low + (action.astype(np.float64) + 1) / 2 * (simulation.high - simulation.low)
        for _ in range(repeat):
            stock.step(action)
        stock.physics.render(SIDE, SIDE, camera)

    return act


def added(name: str, backend: str, rounds: int) -> dict[str, float]:
    """Seconds that each distraction of the image adds to an action of an environment."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        clip(Path(folder, "clip"))
        envs = {title: distracted(name, flags, backend) for title, flags in stacks(name, folder).items()}
        for env in envs.values():
            stack.callback(env.close)
            env.reset(seed=0)
        plain = acting(envs["none"], stepping(envs.pop("none")))
        adds = {}
        for title, env in envs.items():  # in pairs: who acts twice in a row is faster, and here each does as often
            timings = interleaved({"none": plain, "distracted": acting(env, stepping(env))}, rounds)
            adds[title] = seconds(timings["distracted"]) - seconds(timings["none"])
    return adds


def stacks(name: str, clips: str) -> dict[str, dict[str, Any]]:
    """Flags by title; backgrounds in each way of telling what is behind."""
    single = ("disks", "noise", "color", "frame-drop", "camera", "light", *(("room",) if name == "box-push" else ()))
    flags: dict[str, dict[str, Any]] = {"none": {}} | {title: {"distraction": (title,)} for title in single}
    for background, own in (("procedural", {}), ("video", {"distraction.video.folder": clips})):
        for mask in ("color", "segmentation"):
            chosen = {"distraction": (background,), f"distraction.{background}.mask": mask}
            flags[f"{background}, {mask}"] = chosen | own
    return flags


def distracted(name: str, flags: dict[str, Any], backend: str) -> gymnasium.Env:
    catalog = discover(builtin, {"CORAL_PLUGINS": ""})
    return Assembler(resolve({"env": name, **flags}, catalog), catalog).environment(backend)


def clip(folder: Path) -> None:
    """Frames of noise: what they show does not change what they cost."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(CLIP):
        write_png(folder / f"{number:03}.png", random.integers(0, 256, (76, 76, 3), np.uint8))


def table(results: list[Result]) -> str:
    """Markdown."""
    titles = ("task", "coral, ms", "MuJoCo alone", "as coarse", "stock")
    titles += ("coral / alone", "coral / as coarse", "stock / coral")
    lines = ["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]
    for result in results:
        times = (result.coral, result.bare, result.coarse, result.stock)
        cells = ["-" if value is None else f"{1e3 * value:.2f}" for value in times]
        ratios = (result.over_bare, result.over_coarse, result.stock_over_coral)
        cells += ["-" if value is None else f"{value:.2f}" for value in ratios]
        lines.append(f"| {result.task} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def table_of_distractions(results: dict[str, dict[str, float]]) -> str:
    """Markdown: a row a distraction, a column a task."""
    titles = dict.fromkeys(title for adds in results.values() for title in adds)
    lines = ["| adds, ms a frame | " + " | ".join(results) + " |", "|---|" + "---|" * len(results)]
    for title in titles:
        cells = [f"{1e3 * adds[title]:.2f}" if title in adds else "-" for adds in results.values()]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", help=f"by default {', '.join(TASKS)}")
    parser.add_argument("--distractions", action="store_true", help="time distractions instead")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"of {BLOCK} actions each")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    args = parser.parse_args()
    if args.distractions:
        adds = {name: added(name, BACKEND, args.rounds) for name in args.tasks or ("cheetah-run", "box-push")}
        document, text = adds, table_of_distractions(adds)
    else:
        results = [compared(name, BACKEND, args.rounds) for name in args.tasks or TASKS]
        document, text = [asdict(result) for result in results], table(results)
    if args.json:
        print(json.dumps({"cpu": processor(), "renderer": BACKEND, "results": document}, indent=2))
    else:
        print(f"{text}\n\n{processor()}, {BACKEND}; {args.rounds} rounds of {BLOCK} actions.")


if __name__ == "__main__":
    main()
