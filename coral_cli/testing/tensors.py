"""What the checks of torch modules share: seeded calls, copies, saved states, tiny sensors."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from coral_cli.registry.sensors import Sensor, SensorKind
from coral_cli.testing.failures import require

T = TypeVar("T")

SENSORS: dict[SensorKind, Sensor] = {
    "image": Sensor("image", "image", (64, 64, 3)),
    "vector": Sensor("proprio", "vector", (5,)),
    "depth": Sensor("depth", "depth", (64, 64, 1)),
}
"""One small sensor of each kind."""


def seeded(call: Callable[[], T], seed: int = 0) -> T:
    """Return what ``call`` gives with torch seeded, its generator left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return call()


def observed(sensor: Sensor, *shape: int) -> Tensor:
    """Draw normalised observations: (..., D), or for images and depth (..., C, H, W) with channels last in memory."""
    if not sensor.spatial:
        return torch.randn(*shape, *sensor.shape)
    height, width, channels = sensor.shape
    return (torch.rand(*shape, height, width, channels) - 0.5).movedim(-1, -3)


def half() -> torch.autocast:
    """Return the arithmetic of updates in bf16."""
    return torch.autocast("cpu", torch.bfloat16)


def halved(sensor: Sensor, observation: Tensor) -> Tensor:
    """Return normalised observations of ``sensor`` as updates in bf16 have them."""
    return observation.bfloat16() if sensor.kind == "image" else observation


def tensors_of(value: Any) -> list[Tensor]:
    """Return the tensors of a dataclass."""
    assert is_dataclass(value)
    return [tensor for field in fields(value) if isinstance(tensor := getattr(value, field.name), Tensor)]


def require_module(module: object) -> None:
    """Fail unless ``module`` is one of torch, on whose parameters and buffers the rest relies."""
    require(isinstance(module, nn.Module), f"build returned {type(module).__name__}.", "Return a torch.nn.Module.")


def require_finite(name: str, value: Tensor) -> None:
    """Fail where ``value`` has a NaN or an infinity."""
    require(bool(torch.isfinite(value).all()), f"{name} is not finite.", "Keep logarithms and divisions off zero.")


def require_shape(name: str, value: Any, shape: tuple[int, ...]) -> None:
    """Fail unless ``value`` is a float32 tensor of this shape."""
    seen = f"{value.dtype} of shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
    require(
        isinstance(value, Tensor) and tuple(value.shape) == shape and value.dtype == torch.float32,
        f"{name} is {seen}.",
        f"Make it a float32 tensor of shape {shape}.",
    )


def require_same(name: str, one: Tensor, other: Tensor, problem: str, hint: str) -> None:
    """Fail where two values differ by more than rounding."""
    require(torch.allclose(one, other, rtol=1e-4, atol=1e-5), f"{name} {problem}", hint)


def require_near(name: str, found: Tensor, exact: Tensor) -> None:
    """Fail where a value in half precision is far from that in single precision."""
    require(
        bool((found.float() - exact).norm() <= 0.1 * exact.norm() + 1e-3),
        f"{name} in bf16 is far from that in float32.",
        "Do what adds up many numbers, or takes differences of large ones, in float32.",
    )


def require_untouched(before: Iterable[Tensor], after: Iterable[Tensor]) -> None:
    """Fail where an input was changed in place."""
    require(
        all(torch.equal(one, other) for one, other in zip(before, after, strict=True)),
        "an input is changed in place.",
        "Work on a copy: others see the same tensors.",
    )


def reloaded(build: Callable[[], nn.Module], module: nn.Module) -> nn.Module:
    """Return a module built anew, with the state of ``module`` as a checkpoint would carry it over."""
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    other = seeded(build, seed=1)
    other.load_state_dict(torch.load(file, weights_only=True))
    return other


def moved(parameters: Iterable[nn.Parameter]) -> bool:
    """Return whether a gradient has reached any of ``parameters``."""
    return any(parameter.grad is not None and bool(parameter.grad.any()) for parameter in parameters)
