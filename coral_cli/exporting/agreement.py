"""Whether a program does what the agent does: both act on the same made-up episode, with the same random numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from coral_cli.exporting.draws import Draw, noting
from coral_cli.exporting.policy_step import Form, input_names
from coral_cli.exporting.programs import quiet
from coral_cli.registry.errors import CoralError
from coral_cli.registry.sensors import Sensor

STEPS, CLOSE = 200, 1e-5
"""A program is compared for so many steps, and its actions may differ by so much."""
ABSENT = 0.1
"""Share of the steps at which a sensor gives nothing."""

Arrays: TypeAlias = dict[str, NDArray[Any]]
Run: TypeAlias = Callable[[Arrays, Arrays, Arrays, Arrays], tuple[NDArray[Any], Arrays]]
"""A program: observation, valid, state, noise to the action and the next state."""
Act: TypeAlias = Callable[[Mapping[str, NDArray[Any] | None], Any], tuple[NDArray[Any], Any]]
"""The agent: an observation, whose sensors may be None, and its state to the action and its next state."""


def run_torch(path: Path) -> Run:
    """Return the program in a ``.pt2`` file."""
    with quiet():
        program = torch.export.load(path).module()

    def run(*inputs: Arrays) -> tuple[NDArray[Any], Arrays]:
        with torch.inference_mode():
            given = [{name: torch.from_numpy(value) for name, value in arrays.items()} for arrays in inputs]
            action, state = program(*given)
        return action.numpy(), {name: value.numpy() for name, value in state.items()}

    return run


def run_onnx(path: Path, form: Form) -> Run:
    """Return the program in a ``.onnx`` file, on one core."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    taken = {value.name for value in session.get_inputs()}

    def run(*inputs: Arrays) -> tuple[NDArray[Any], Arrays]:
        values = [value for arrays in inputs for value in arrays.values()]
        feed = {name: value for name, value in zip(input_names(form), values, strict=True) if name in taken}
        action, *state = session.run(None, feed)
        return action, dict(zip(form.state, state, strict=True))

    return run


def largest_difference(act: Act, run: Run, form: Form, steps: int = STEPS, seed: int = 0) -> float:
    """Return by how much an action of the program differs from the agent's, at most, in an episode of ``steps``."""
    random = np.random.default_rng(seed)
    state = {name: np.zeros((1, size), np.float32) for name, size in form.state.items()}
    memory, largest = None, 0.0
    for _ in range(steps):
        observation = {name: made_up(sensor, random) for name, sensor in form.sensors.items()}
        there = {name: random.random() >= ABSENT for name in observation}
        drawn: list[tuple[Draw, Tensor]] = []
        with noting(drawn):
            expected, memory = act(
                {name: value if there[name] else None for name, value in observation.items()}, memory
            )
        noise = {name: numbers.numpy() for name, (_, numbers) in zip(form.noise, drawn, strict=True)}
        valid = {name: np.array([is_there]) for name, is_there in there.items()}
        action, state = run({name: value[None] for name, value in observation.items()}, valid, state, noise)
        largest = max(largest, float(np.abs(action[0] - expected).max(initial=0.0)))
    return largest


def require_same(difference: float, name: str) -> None:
    """Raise CoralError when a program's actions are others than the agent's."""
    if not difference <= CLOSE:  # not a number is no agreement
        raise CoralError(
            f"{name} does not do what the agent does: its actions differ by up to {difference:.2g} in {STEPS} steps.",
            "Leave it out with --format, and report which policy, encoders and RSSM the agent has.",
        )


def made_up(sensor: Sensor, random: np.random.Generator) -> NDArray[Any]:
    """Return noise that a sensor could have given: images of any value, vectors around 0, depths up to 5 metres."""
    if sensor.kind == "image":
        return random.integers(256, size=sensor.shape, dtype=np.uint8)
    if sensor.kind == "depth":
        return random.uniform(0, 5, sensor.shape).astype(np.float32)
    return random.normal(size=sensor.shape).astype(np.float32)
