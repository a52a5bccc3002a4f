"""One step of an agent as a torch module: observations, state and noise in, action and state out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from coral_cli.exporting.draws import Draw, giving, noting
from coral_cli.registry.errors import CoralError
from coral_cli.registry.sensors import Sensor
from coral_cli.representation.objective import State
from coral_cli.training.agent import POLICY, Agent

Named = dict[str, Tensor]
OF_STATE, OF_ACTION = "state", "action"


@dataclass(frozen=True)
class Form:
    """What a step takes and gives, without the batch's axis: ``state`` and ``noise`` by name, in order."""

    sensors: Mapping[str, Sensor]
    state: Mapping[str, int]
    noise: Mapping[str, Draw]

    def example(self, batch: int) -> tuple[Named, Named, Named, Named]:
        """Return inputs of zeros, with all sensors there."""
        return (
            {name: torch.zeros(batch, *s.shape, dtype=dtype_of(s)) for name, s in self.sensors.items()},
            {name: torch.ones(batch, dtype=torch.bool) for name in self.sensors},
            {name: torch.zeros(batch, size) for name, size in self.state.items()},
            {name: torch.full((batch, *draw.shape), 0.5) for name, draw in self.noise.items()},
        )


class PolicyStep(nn.Module):
    """A step of ``agent`` on sensors as the environment gives them; what it draws is ``noise``, in the order drawn.

    ``form`` says what goes in and comes out. An agent without a representation has no state. With ``explore`` the
    action is a sample, else the mean action. Raises CoralError for draws that cannot be an input.
    """

    def __init__(self, agent: Agent, sensors: Mapping[str, Sensor], explore: bool) -> None:
        super().__init__()
        self._agent, self._explore = agent, explore  # no part of this module: a program has the weights that it uses
        memory = agent.initial()
        sizes = {"h": memory.state.h.shape[1], "z": memory.state.z.shape[1]}
        remembers = any(sizes.values())
        state = {**sizes, "action": agent.action_size} if remembers else {}
        self.form = Form(sensors, state, {})
        self.form = Form(sensors, state, self._draws())

    def forward(self, observation: Named, valid: Named, state: Named, noise: Named) -> tuple[Tensor, Named]:
        """Return the action (B, A) and the next state.

        ``observation`` holds (B, ...) by sensor as ``form`` says, ``valid`` (B,) is false where one gave nothing.
        """
        of_state, of_action = (
            [numbers for name, numbers in noise.items() if name.startswith(f"{part}.")]
            for part in (OF_STATE, OF_ACTION)
        )
        with giving(of_state):
            features, after = self._observe(observation, valid, state)
        with giving(of_action):
            action = self._act(features)
        return action, {**after, "action": action.clone()} if after else {}

    def _observe(self, observation: Named, valid: Named, state: Named) -> tuple[Tensor, Named]:
        """Return what the policy sees, and h and z after it."""
        agent = self._agent
        seen = {name: cast("Tensor", agent.seen(name, value)) for name, value in observation.items()}  # type: ignore[arg-type]
        gone = {name: ~there for name, there in valid.items()}
        before = State(state["h"], state["z"]) if state else agent.initial(next(iter(seen.values())).shape[0]).state
        action = state.get("action", before.h)
        after, features = agent.representation.step(before, action, seen, gone)
        raw = {name: seen[name].masked_fill(gone[name][:, None], 0.0) for name in agent.unencoded}
        return agent.with_unencoded(features, raw), {"h": after.h, "z": after.z} if state else {}

    def _act(self, features: Tensor) -> Tensor:
        with POLICY:
            return self._agent.policy.act(features, self._explore)

    @torch.no_grad()
    def _draws(self) -> dict[str, Draw]:
        """Return what one step draws, by name."""
        batch = 2
        observation, valid, state, _ = self.form.example(batch)
        found: dict[str, Draw] = {}
        features = torch.empty(0)
        for part in (OF_STATE, OF_ACTION):
            drawn: list[tuple[Draw, Tensor]] = []
            with noting(drawn):
                if part == OF_STATE:
                    features, _ = self._observe(observation, valid, state)
                else:
                    self._act(features)
            if any(len(numbers) != batch for _, numbers in drawn):
                raise CoralError("this agent draws numbers that all episodes of a batch share: no input of a program.")
            found |= {f"{part}.{index}": draw for index, (draw, _) in enumerate(drawn)}
        return found


def dtype_of(sensor: Sensor) -> torch.dtype:
    """Return the type of a sensor's numbers."""
    return torch.uint8 if sensor.kind == "image" else torch.float32


def input_names(form: Form) -> list[str]:
    """Return the names of an ONNX program's inputs, in order."""
    parts = {"observation": form.sensors, "valid": form.sensors, "state": form.state, "noise": form.noise}
    return [f"{part}.{name}" for part, names in parts.items() for name in names]


def output_names(form: Form) -> list[str]:
    """Return the names of its outputs, in order."""
    return ["action", *(f"next.{name}" for name in form.state)]
