"""A catalog of the built-in components, toy environments and strangers' components."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest

from coral_cli import builtin
from coral_cli.plugin import Encoder, Environment, Help, Loss, LossOptions
from coral_cli.registry.catalog import Catalog, Entry, Plugin
from coral_cli.registry.discovery import discover
from coral_cli.sessions.process import prepare
from coral_cli.version import CORE

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # workers share the cores
prepare()  # before any test imports torch

import torch  # noqa: E402

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"  # read when Triton is imported, which torch does at some time


@dataclass(frozen=True)
class PushOptions:
    reward: Annotated[Literal["dense", "sparse"], Help("When distances are paid.")] = "dense"
    random_start: Annotated[bool, Help("Whether the box starts anywhere.")] = True
    obstacles: Annotated[tuple[int, ...], Help("Heights of obstacles.")] = (1, 2)


@dataclass(frozen=True)
class ByolOptions(LossOptions):
    temperature: Annotated[float, Help("Softness.", min=0, max=5)] = 0.5
    symmetric: Annotated[bool, Help("Whether both views predict.")] = False
    decay: Annotated[float | None, Help("Decay of the target.", min=0, max=1)] = None


@dataclass(frozen=True)
class VitOptions:
    depth: Annotated[int, Help("Transformer layers.", min=1)] = 4


def _unbuilt(*_: Any) -> Any:
    raise AssertionError("nothing is built here")


@pytest.fixture
def toy_catalog() -> Catalog:
    """Environments ``box-push`` and ``maze``; losses ``byol``, and ``twin`` offered twice; encoder ``vit``."""
    own = [entry for entry in discover(builtin, {"CORAL_PLUGINS": ""}) if entry.record.kind != "environment"]
    maze = {"camera": "image", "lidar_scan": "vector"}
    environments = [
        Environment("box-push", "Push a box.", _unbuilt, PushOptions()),
        Environment("maze", "Find the way.", _unbuilt, sensors=maze),  # type: ignore[arg-type]
    ]
    strangers = [
        Entry(Loss("byol", "Bootstrap.", _unbuilt, ByolOptions(), sensors=("image",)), "coral-byol", "2.0"),
        Entry(Encoder("vit", "Transformer.", _unbuilt, VitOptions(), sensors=("image",)), "coral-byol", "2.0"),
        Entry(Loss("twin", "One.", _unbuilt), "pack-a", "1.0"),
        Entry(Loss("twin", "Two.", _unbuilt), "pack-b", "1.0"),
    ]
    plugins = [
        Plugin("byol", "coral-byol", "2.0", "active"),
        Plugin("bad", "coral-bad", "0.1", "broken", "ImportError: no module named 'jax'"),
    ]
    return Catalog([*own, *(Entry(e, CORE, "0.1.0") for e in environments), *strangers], plugins)
