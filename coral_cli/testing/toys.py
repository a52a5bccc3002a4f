"""Small parts for tests of other parts: an environment, an encoder and an RSSM, all quick and without a simulator."""

from __future__ import annotations

import math
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict
from numpy.typing import NDArray
from torch import Tensor, nn

from coral_cli.registry.options import NoOptions
from coral_cli.registry.records import Encoder, Environment, Rssm
from coral_cli.registry.sensors import Rendering, Sensor
from coral_cli.representation.rssm.gaussian import Gaussians
from coral_cli.representation.rssm.gru import GruRssm

STEPS = 12
"""Actions per episode of the toy environment."""

EMBEDDING, HIDDEN, LATENT, ACTION = 6, 5, 4, 2
"""The sizes of the toys: E, H, Z and A."""


class ToyEnvironment(gymnasium.Env[dict[str, NDArray[Any]], NDArray[np.float32]]):
    """A toy in which a dot on a square goes where it is pushed, and is paid for being near the middle.

    The image shows where it is, the vector (2,) says how fast it goes. It never terminates.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012, as Gymnasium has it
    render_mode = "rgb_array"

    def __init__(self, rendering: Rendering) -> None:
        self._size = (rendering.height, rendering.width)
        self.observation_space: Any = Dict(
            image=Box(0, 255, (*self._size, 3), np.uint8), proprio=Box(-np.inf, np.inf, (2,), np.float32)
        )
        self.action_space = Box(-1, 1, (ACTION,), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        super().reset(seed=seed)
        self._place, self._speed, self._steps = self.np_random.uniform(-0.8, 0.8, 2), np.zeros(2), 0
        return self._seen(), {}

    def step(self, action: NDArray[np.float32]) -> tuple[dict[str, NDArray[Any]], float, bool, bool, dict[str, Any]]:
        self._steps += 1
        self._speed = 0.5 * self._speed + 0.2 * np.asarray(action, float)
        self._place = np.clip(self._place + self._speed, -1, 1)
        near = math.exp(-float(np.square(self._place).sum()))
        over = self._steps == STEPS
        return self._seen(), near, False, over, {"metrics": {"success": near > 0.9}} if over else {}

    def render(self) -> NDArray[np.uint8]:
        return self._drawn(64, 64)

    def hidden_state(self) -> dict[str, NDArray[Any]]:
        """Return where the dot is and how fast it goes, (2,) each."""
        return {"place": self._place, "speed": self._speed}

    def _seen(self) -> dict[str, NDArray[Any]]:
        return {"image": self._drawn(*self._size), "proprio": self._speed.astype(np.float32)}

    def _drawn(self, height: int, width: int) -> NDArray[np.uint8]:
        frame = np.full((height, width, 3), 40, np.uint8)
        row, column = ((side - 1) * (place + 1) / 2 for side, place in zip((height, width), self._place, strict=True))
        radius = max(min(height, width) // 10, 1)
        rows, columns = np.ogrid[:height, :width]
        frame[(rows - row) ** 2 + (columns - column) ** 2 <= radius**2] = (250, 200, 60)
        return frame


class ToyEncoder(nn.Module):
    """An encoder of one dense layer."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.size = EMBEDDING
        self.layer = nn.Linear(inputs, EMBEDDING)

    def forward(self, observation: Tensor) -> Tensor:
        """Return embeddings (N, E) of observations (N, ...)."""
        embedding: Tensor = self.layer(observation.flatten(1)).tanh()
        return embedding


def _environment(options: NoOptions, rendering: Rendering) -> ToyEnvironment:
    return ToyEnvironment(rendering)


def toy_encoder(options: NoOptions, sensor: Sensor) -> ToyEncoder:
    """Build an encoder of the sensor, whose embeddings have ``EMBEDDING`` values."""
    return ToyEncoder(math.prod(sensor.shape))


def toy_rssm(options: NoOptions, embedding_size: int, action_size: int) -> GruRssm:
    """Build an RSSM with a Gaussian latent, of ``HIDDEN`` and ``LATENT`` values."""
    latent = Gaussians(0.1)
    return GruRssm(embedding_size, action_size, HIDDEN, LATENT, 2 * LATENT, latent, hidden=8, layers=1)


TOY_ENVIRONMENT = Environment(
    "toy", "A dot goes where it is pushed.", _environment, terminates=False, action_size=ACTION
)
TOY_ENCODER = Encoder("toy", "One dense layer.", toy_encoder)
TOY_RSSM = Rssm("toy", "A few units with a Gaussian latent.", toy_rssm)
TOYS = (TOY_ENVIRONMENT, TOY_ENCODER, TOY_RSSM)
