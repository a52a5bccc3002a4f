"""Pictures and depth in the size that is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.environments.fitting import fitted
from coral_cli.registry.sensors import Fit, Sensor


@dataclass(frozen=True)
class Sizing:
    """The size (height, width) that pictures get, and how; None leaves them as they are."""

    size: tuple[int, int] | None = None
    fit: Fit = "pad"

    def sensor(self, sensor: Sensor) -> Sensor:
        """Return a sensor with the size that its values get."""
        if self.size is None or not sensor.spatial:
            return sensor
        return Sensor(sensor.name, sensor.kind, (*self.size, sensor.shape[2]))

    def distorts(self, sensor: Sensor) -> bool:
        """Whether pictures of a sensor have another shape than they get."""
        size = self.size
        return size is not None and sensor.spatial and sensor.shape[0] * size[1] != sensor.shape[1] * size[0]

    def __call__(self, sensor: Sensor, value: NDArray[Any]) -> NDArray[Any]:
        """Return an image (H, W, C) or depth (H, W, 1) in the size asked for; all else as it is."""
        if self.size is None or not sensor.spatial:
            return value
        (out,) = fitted(value[None], self.size, self.fit)
        return np.asarray(out)


ASIS = Sizing()
"""What leaves pictures as they are."""
