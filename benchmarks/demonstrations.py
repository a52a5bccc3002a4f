"""Demonstrations: episodes of an agent that is told the simulator's state, recorded as a robot with cameras sees them.

    PYTHONPATH=benchmarks coral train --env demonstrations:Told --env.make task=walker-walk --rssm none --out runs/told
    python benchmarks/demonstrations.py runs/told --env walker-walk --distraction disks --episodes 100 --out data/walker

The first command trains SAC on positions and velocities of everything, without pictures, which takes minutes. The
second one lets it act, exploring, and records what the task's own sensors show, distractions included, with the margin
that random crops need: a dataset for ``coral pretrain``. --noise is the deviation of the noise on the actions of the
last episode; the first one has none. Prints the mean return and its standard error.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from gymnasium.spaces import Box

from coral_cli import builtin, load_agent
from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.resolve import resolve
from coral_cli.environments.rendering.backend import select_backend
from coral_cli.registry.discovery import discover
from coral_cli.runs.dataset import DatasetWriter
from coral_cli.sessions.rollout import facts
from coral_cli.training.collection import Observation, episode_seed, run_episode
from coral_cli.training.evaluation import mean_and_stderr

BACKEND = select_backend()
SMALLEST = {"image-size": (32, 32), "crop-margin": 0}


def told(env: gymnasium.Env) -> np.ndarray:
    """All that the simulator knows, (D,): positions, velocities, targets, and of box-push each as the next sees it."""
    state = env.unwrapped.hidden_state()
    if "tray yaw" in state:
        state = state | between(state)
    return np.concatenate(list(state.values())).astype(np.float32)


def between(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tip from the tray and the tray from its target, as these lie: places (2,), and the yaw's cosine and sine."""
    return {
        "tip from tray": turned(state["tip position"] - state["tray position"], state["tray yaw"]),
        "tray from target": turned(state["tray position"] - state["target position"], state["target yaw"]),
        "yaw from target": turned(state["tray yaw"], state["target yaw"]),
    }


def turned(vector: np.ndarray, yaw: np.ndarray) -> np.ndarray:
    """``vector`` (2,) as somebody sees it whose cosine and sine of the yaw are ``yaw`` (2,)."""
    cosine, sine = yaw
    return np.array([[cosine, sine], [-sine, cosine]]) @ vector


class Told(gymnasium.Env):
    """A task whose only sensor, ``proprio``, is the state of its simulator. Pictures are neither given nor drawn."""

    def __init__(self, task: str) -> None:
        catalog = discover(builtin)
        self.task = Assembler(resolve({"env": task, **SMALLEST}, catalog), catalog).environment(BACKEND)
        for view in self.task.unwrapped.scenes.values():
            view.agent = lambda data: None
        self.action_space = self.task.action_space
        self.task.reset(seed=0)
        self.observation_space = Box(-np.inf, np.inf, told(self.task).shape, np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        self.task.reset(seed=seed)
        return told(self.task), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict]:
        _, *rest = self.task.step(action)
        return told(self.task), *rest

    def close(self) -> None:
        self.task.close()


def acting(agent: Any, env: gymnasium.Env, noise: float, random: np.random.Generator) -> Callable[..., np.ndarray]:
    """Explored actions of an agent that sees the state in place of what is recorded, with Gaussian noise on them."""
    state = agent.begin()

    def choose(_: Observation) -> np.ndarray:
        nonlocal state
        action, state = agent.act({"proprio": told(env)}, state, explore=True)
        return np.clip(action + random.normal(0, noise, action.shape), -1, 1).astype(np.float32)

    return choose


def recorded(
    agent: Any, env: gymnasium.Env, writer: DatasetWriter, episodes: int, noise: float, seed: int
) -> list[float]:
    """Record the episodes, each with a noise of its own, from none to ``noise``. Return their returns."""
    returns = []
    for index in range(episodes):
        number = episode_seed(seed, "demonstrations", index)
        torch.manual_seed(number)
        choose = acting(agent, env, noise * index / max(episodes - 1, 1), np.random.default_rng(number))
        episode = run_episode(env, number, choose, tuple(env.observation_space.spaces), keep=True)
        writer.add(episode.arrays, {"seed": number, "return": episode.total, "metrics": dict(episode.metrics)})
        returns.append(episode.total)
    return returns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="who acts: a run in demonstrations:Told")
    parser.add_argument("--env", required=True)
    parser.add_argument("--distraction", action="append", default=[])
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--noise", type=float, default=0.0, help="deviation of the noise on the last episode's actions")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    catalog = discover(builtin)
    assembler = Assembler(resolve({"env": args.env, "distraction": tuple(args.distraction)}, catalog), catalog)
    with closing(assembler.environment(BACKEND)) as env:
        about = facts(assembler.assembly, BACKEND, env) | {
            "seed": args.seed,
            "actions": f"told everything, noise up to {args.noise}",
        }
        with closing(DatasetWriter(args.out, assembler.every_sensor(env), env.action_space.shape[0], about)) as writer:
            returns = recorded(load_agent(args.run), env, writer, args.episodes, args.noise, args.seed)
    mean, error = mean_and_stderr(returns)
    print(f"{args.out}: {args.episodes} episodes, return {mean:.0f} ± {error:.0f}")


if __name__ == "__main__":
    main()
