"""Settings of a run that belong to no component. The defaults are the paper's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from coral_cli.registry.options import Help


@dataclass(frozen=True)
class Settings:
    """How long, how often, how much; one flag each."""

    steps: Annotated[int, Help("Environment steps to train for.", min=1)] = 500_000
    seed: Annotated[int, Help("Seed of everything random.", min=0)] = 0
    device: Annotated[str, Help("Where to compute: auto, cpu, cuda or cuda:N.")] = "auto"
    precision: Annotated[Literal["fp32", "bf16"], Help("Arithmetic of the update.")] = "fp32"
    eval_every: Annotated[int, Help("Episodes between evaluations (0: never).", min=0)] = 20
    eval_episodes: Annotated[int, Help("Episodes per evaluation, with the mean action.", min=1)] = 20
    checkpoint_every: Annotated[int, Help("Episodes between checkpoints.", min=1)] = 20
    random_episodes: Annotated[int, Help("Episodes of uniform random actions at the start.", min=1)] = 5
    updates_per_step: Annotated[float, Help("Gradient updates per policy step (one action).", min=0)] = 0.5
    batch_size: Annotated[int, Help("Sequences per update.", min=1)] = 32
    batch_length: Annotated[int, Help("Steps per sequence.", min=2)] = 32
    model_lr: Annotated[float, Help("Learning rate of the representation (Adam).", min=0)] = 3e-4
    model_clip: Annotated[float, Help("Largest gradient norm of the representation.", min=0)] = 10.0
    replay_size: Annotated[int, Help("Most transitions kept; the oldest episodes make room.", min=1)] = 1_000_000
    image_size: Annotated[int, Help("Side of the images the model sees, in pixels.", min=16)] = 64
    crop_margin: Annotated[
        int | None,
        Help("Extra pixels stored for random crops (default: 12 with a contrastive image loss, else 0).", min=0),
    ] = None
    render_quality: Annotated[
        Literal["fast", "smooth", "paper"],
        Help("fast: no shadows; smooth: anti-aliased, no shadows; paper: shadows and anti-aliasing, 20 times slower."),
    ] = "fast"
    renderer: Annotated[
        Literal["auto", "egl", "osmesa", "raycast"],
        Help("What draws: OpenGL through EGL or OSMesa, or a built-in ray caster."),
    ] = "auto"


BUDGET = frozenset({"steps", "eval_every", "eval_episodes", "checkpoint_every", "device", "renderer"})
"""What may change when a run is resumed."""
