"""What representations hold of the simulator's state, on demonstrations that none of them has seen.

python benchmarks/readers.py runs/told runs/pretrained runs/trained --env walker-walk --distraction disks

The first run acts, told everything and with noise (benchmarks/demonstrations.py). In ``coral probe`` agents act
themselves, so that one who gets less far also shows less. A linear reader and one of two layers are taught the state
from each latent. Prints a Markdown table: the share of the variance that both explain on an unseen quarter of episodes.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from demonstrations import BACKEND, acting

from coral_cli import builtin, load_agent
from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.resolve import resolve
from coral_cli.inside.probing import read_off
from coral_cli.inside.quantities import Quantity, judging
from coral_cli.inside.ridge import Parts
from coral_cli.registry.discovery import discover
from coral_cli.training.collection import episode_seed, run_episode


class Watched:
    """Demonstrations: ``rows`` by sensor and of actions, (episodes, steps, ...), and the state at each, by name."""

    def __init__(self, agent: Any, env: gymnasium.Env, episodes: int, noise: float, seed: int) -> None:
        every, states = [], []
        for index in np.random.default_rng(seed).permutation(episodes):  # so that noise says nothing of who judges
            number = episode_seed(seed, "readers", int(index))
            torch.manual_seed(number)
            choose = acting(agent, env, noise * index / max(episodes - 1, 1), np.random.default_rng(number))
            state: list[dict[str, np.ndarray]] = []
            sensors = tuple(env.observation_space.spaces)
            tell = lambda _, state=state: state.append(env.unwrapped.hidden_state())  # noqa: E731
            every.append(run_episode(env, number, choose, sensors, keep=True, on_step=tell).arrays)
            states.append(state)
        self.rows = {name: np.stack([arrays[name] for arrays in every]) for name in every[0]}
        self.state = {name: np.array([[each[name] for each in state] for state in states]) for name in states[0][0]}

    def latents(self, agent: Any) -> np.ndarray:
        """The representation (episodes, steps, F) of all of them, by an agent that sees what was recorded."""
        sensors, actions = [sensor for sensor in self.rows if sensor in agent.sensors], self.rows["action"]
        state, latents = agent.begin(len(actions)), []
        for step in range(actions.shape[1]):
            seen = {name: middle(self.rows[name][:, step], agent.sensors[name].shape) for name in sensors}
            latent, state = agent.features(seen, state, actions[:, step] if step else None)
            latents.append(latent)
        return np.stack(latents, 1)


def middle(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Of pictures (N, H, W, C) with a margin for crops the middle, where an agent has none; vectors stay."""
    if values.ndim < 4:
        return values
    top, left = (values.shape[1] - shape[0]) // 2, (values.shape[2] - shape[1]) // 2
    return values[:, top : top + shape[0], left : left + shape[1]]


def parts(values: np.ndarray) -> Parts:
    """(episodes, steps, D) as those that teach, those that choose how, and the quarter that judges."""
    unseen = judging(len(values))
    validation = max((len(values) - unseen) // 4, 1)
    cuts = np.split(values, [len(values) - unseen - validation, len(values) - unseen])
    return Parts(*(torch.from_numpy(cut.reshape(-1, values.shape[-1])).float() for cut in cuts))


def table(watched: Watched, runs: Sequence[Path]) -> str:
    """A row for each run: the share that the linear reader explains, and that of two layers, by name of the state."""
    wanted = [Quantity(name, "state", parts(values)) for name, values in watched.state.items()]
    lines = ["| linear, two layers | " + " | ".join(watched.state) + " |", "|---" * (len(wanted) + 1) + "|"]
    for run in runs:
        readings = read_off(parts(watched.latents(load_agent(run))), wanted, seed=0)
        cells = ["-" if r.linear is None else f"{r.linear:.2f}, {r.two_layers:.2f}" for r in readings]
        lines.append(f"| {run.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("teacher", type=Path, help="who acts: a run in demonstrations:Told")
    parser.add_argument("runs", type=Path, nargs="+", help="whose latents are read")
    parser.add_argument("--env", required=True)
    parser.add_argument("--distraction", action="append", default=[])
    parser.add_argument("--episodes", type=int, default=40)
    parser.add_argument("--noise", type=float, default=2.0, help="deviation of the noise on the last episode's actions")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    catalog = discover(builtin)
    assembly = resolve({"env": args.env, "distraction": tuple(args.distraction)}, catalog)
    with closing(Assembler(assembly, catalog).environment(BACKEND)) as env:
        print(table(Watched(load_agent(args.teacher), env, args.episodes, args.noise, args.seed), args.runs))


if __name__ == "__main__":
    main()
