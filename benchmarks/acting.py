"""Times one step of a trained agent of the paper's size, an observation in and an action out, on one core in fp32.

python benchmarks/acting.py --repeats 30

Contestants take turns, a block of steps each: ``load_agent``, an agent that trains, the forms of `coral export` (ONNX
where its packages are installed), and the textbook's step (benchmarks/textbook.py), eager and as its file has it.
Prints a Markdown table, or with --json one document: milliseconds of processor time a step, medians and the least,
which a neighbour disturbs less, and how many times as fast as the textbook. Weights are those of a new agent.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from coral_cli.sessions.process import prepare

prepare()  # before torch

import numpy as np  # noqa: E402
import torch  # noqa: E402
from agents import subject  # noqa: E402
from textbook import Textbook, gaussian, sampled  # noqa: E402
from update import sizes_of  # noqa: E402

from coral_cli.exporting.agreement import Run, made_up, run_onnx, run_torch  # noqa: E402
from coral_cli.exporting.policy_step import PolicyStep  # noqa: E402
from coral_cli.exporting.programs import require_onnx, traced, write_onnx, write_torch  # noqa: E402
from coral_cli.measuring.machine import measured_on  # noqa: E402
from coral_cli.registry.errors import AbsentError  # noqa: E402
from coral_cli.sessions.loaded import LoadedAgent  # noqa: E402
from coral_cli.training.agent import Agent  # noqa: E402

CPU = torch.device("cpu")
BLOCK = 20
"""Steps in a row."""
Observation = dict[str, np.ndarray]


@dataclass(frozen=True)
class Result:
    """Milliseconds of processor time a step."""

    name: str
    median: float
    least: float
    times_faster: float


def loaded_step(agent: Agent) -> Callable[[Observation], object]:
    """``load_agent``'s, from the state before on."""
    acting, memory = LoadedAgent(agent, agent.sensors), None

    def step(observation: Observation) -> object:
        nonlocal memory
        action, memory = acting.act(observation, memory)
        return action

    return step


def training_step(agent: Agent) -> Callable[[Observation], object]:
    """That of an agent that learns, as it collects: exploring."""
    memory = agent.initial()

    def step(observation: Observation) -> object:
        nonlocal memory
        action, memory = agent.act({name: value[None] for name, value in observation.items()}, memory, explore=True)
        return action

    return step


def program_step(run: Run, program: PolicyStep) -> Callable[[Observation], object]:
    """An exported form's, noise included."""
    form, random = program.form, np.random.default_rng(0)
    state = {name: np.zeros((1, size), np.float32) for name, size in form.state.items()}
    valid = {name: np.ones(1, bool) for name in form.sensors}

    def step(observation: Observation) -> object:
        nonlocal state
        noise = {name: random.standard_normal((1, *d.shape), np.float32) for name, d in form.noise.items()}
        action, state = run({name: value[None] for name, value in observation.items()}, valid, state, noise)
        return action

    return step


def textbook_step(book: Textbook) -> Callable[[Observation], object]:
    """Embed, predict, update, sample, act, in plain torch."""
    model, sizes = book.model, book.sizes
    h, z, action = (torch.zeros(1, size) for size in (sizes.h, sizes.z, sizes.actions))

    @torch.no_grad()
    def step(observation: Observation) -> object:
        nonlocal h, z, action
        image = torch.from_numpy(observation["image"]).permute(2, 0, 1)[None].float() / 255 - 0.5
        proprio = torch.from_numpy(observation["proprio"])[None]
        embedding = torch.cat([model.encoders["image"](image), model.encoders["proprio"](proprio)], -1)
        h = model.rssm["gru"](model.rssm["transition"](torch.cat([z, action], -1)), h)
        posterior = gaussian(model.rssm["posterior_network"](torch.cat([embedding, h], -1)))
        z = sampled(posterior)
        mean, _ = book.actor.layers(torch.cat([posterior.base_dist.loc, h], -1)).chunk(2, -1)
        action = torch.tanh(5 * torch.tanh(mean / 5))
        return action.numpy()

    return step


def contestants(size: str, folder: Path) -> dict[str, Callable[[Observation], object]]:
    """All that act, by name; the textbook first."""
    made = subject({"method": "p-coral", "size": size}, CPU)
    agent = made.agent
    program = PolicyStep(agent, agent.sensors, explore=False)
    exported, _ = traced(program)
    write_torch(exported, folder / "p.pt2")
    steps = {
        "textbook": textbook_step(Textbook(sizes_of(made.assembly))),
        "load_agent": loaded_step(agent),
        "agent in training": training_step(agent),
        "torch program": program_step(run_torch(folder / "p.pt2"), program),
    }
    try:
        require_onnx()
    except AbsentError:
        return steps
    write_onnx(exported, program.form, folder / "p.onnx")
    return steps | {"ONNX Runtime": program_step(run_onnx(folder / "p.onnx", program.form), program)}


def measured(size: str, repeats: int) -> list[Result]:
    """Every contestant on the same made-up observations."""
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        steps = contestants(size, Path(folder))
        sensors = subject({"method": "p-coral", "size": size}, CPU).agent.sensors
        observations = [{name: made_up(s, random) for name, s in sensors.items()} for _ in range(BLOCK)]
        seconds: dict[str, list[float]] = {name: [] for name in steps}
        for repeat in range(repeats + 1):
            for name, step in steps.items():
                step(observations[-1])  # what the one before has thrown out of the caches
                start = time.process_time()
                for observation in observations:
                    step(observation)
                if repeat:  # the first one warms up
                    seconds[name].append(1e3 * (time.process_time() - start) / BLOCK)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return [Result(n, medians[n], min(seconds[n]), medians["textbook"] / medians[n]) for n in steps]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="paper")
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    args = parser.parse_args()
    torch.set_num_threads(1)
    results = measured(args.size, args.repeats)
    if args.json:
        print(json.dumps({"machine": measured_on(CPU), "results": [asdict(r) for r in results]}, indent=2))
        return
    print("| a step of | ms, median | ms, least | times as fast |\n|---|---|---|---|")
    for result in results:
        print(f"| {result.name} | {result.median:.2f} | {result.least:.2f} | {result.times_faster:.2f} |")
    machine = measured_on(CPU)
    print(
        f"\n{machine['cpu']}, one thread, torch {machine['torch']}, size {args.size}; {args.repeats} blocks of {BLOCK}."
    )


if __name__ == "__main__":
    main()
