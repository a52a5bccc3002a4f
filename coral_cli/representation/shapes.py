"""Shapes of what components return: a wrong one is told where it comes from, not where it first does harm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch import Tensor

from coral_cli.registry.contracts import Trajectory
from coral_cli.registry.errors import NotFiniteError, PluginError

_REQUIRED: list[bool] = []


@contextmanager
def finite_outputs() -> Iterator[None]:
    """Let ``require_shape`` inside also raise NotFiniteError for an output that is not finite, to look for a fault."""
    _REQUIRED.append(True)
    try:
        yield
    finally:
        _REQUIRED.pop()


def flag_of(sensor: str) -> str:
    """Return a sensor's name as it stands on the command line."""
    return sensor.replace("_", "-")


def require_shape(component: str, what: str, given: object, expected: tuple[int, ...]) -> None:
    """Raise PluginError, naming the ``component``, when ``given`` is no tensor of the shape ``expected``."""
    if isinstance(given, Tensor) and tuple(given.shape) == expected:
        if _REQUIRED and not bool(given.isfinite().all()):
            raise NotFiniteError(f"{component}: {what} is not finite")
        return
    seen = f"of shape {tuple(given.shape)}" if isinstance(given, Tensor) else f"a {type(given).__name__}"
    raise PluginError(
        f"{component}: {what} is {seen}, but a tensor of shape {expected} is expected.",
        "Mend the plugin; `coral plugins check` tries its components one by one.",
    )


def require_loss(component: str, returned: object) -> tuple[Tensor, Mapping[str, Tensor]]:
    """Return the scalar and the named scalar metrics that a loss returned. Raises PluginError for anything else."""
    if not (isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], Mapping)):
        raise PluginError(
            f"{component} returned a {type(returned).__name__}, but a pair is expected: the loss, and metrics by name.",
            "Return `loss, {}` where there are no metrics.",
        )
    value, metrics = returned
    require_shape(component, "its value", value, ())
    for name, metric in metrics.items():
        require_shape(component, f"metric {name!r}", metric, ())
    return value, metrics


def require_trajectory(found: Trajectory, batch: int, steps: int, hidden: int, latent: int) -> None:
    """Raise PluginError unless an RSSM's ``scan`` found h (B, T, H), z (B, T, Z) and a posterior over z."""
    require_shape("--rssm", "h of scan", found.h, (batch, steps, hidden))
    require_shape("--rssm", "z of scan", found.z, (batch, steps, latent))
    require_shape("--rssm", "the posterior's mean", found.posterior.mean, (batch, steps, latent))
