"""Settings of a run that belong to no component. The defaults are the paper's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from coral_cli.registry.options import Help

Part: TypeAlias = Literal["encoders", "rssm", "losses", "heads", "policy"]
"""A part of an agent, as its weights are named."""


@dataclass(frozen=True)
class Settings:
    """The settings of a run: how long, how often, how much; one flag each."""

    sensors: Annotated[tuple[str, ...] | None, Help("Sensors in use (default: all that the environment has).")] = None
    fusion: Annotated[
        Literal["joint", "concat"],
        Help(
            "joint: one latent for all sensors; concat: a latent for the images, and vectors go straight to the policy."
        ),
    ] = "joint"
    distraction: Annotated[
        tuple[str, ...], Help("What disturbs the sensors; repeat the flag to stack several, in this order.")
    ] = ()
    observer: Annotated[tuple[str, ...], Help("What else hears the run's events; repeat the flag for several.")] = ()
    steps: Annotated[int, Help("Environment steps to train for.", min=1)] = 500_000
    seed: Annotated[int, Help("Seed of everything random.", min=0, max=2**63 - 1)] = 0
    device: Annotated[str, Help("Where to compute: auto, cpu, cuda or cuda:N.")] = "auto"
    precision: Annotated[
        Literal["auto", "fp32", "bf16"], Help("Arithmetic of the update; auto is bf16 where there are units for it.")
    ] = "auto"
    eval_every: Annotated[int, Help("Episodes between evaluations (0: never).", min=0)] = 20
    eval_episodes: Annotated[int, Help("Episodes per evaluation, with the mean action.", min=1)] = 20
    film_every: Annotated[
        int, Help("Episodes between films of evaluations, in the run's videos/ (0: none).", min=0)
    ] = 0
    checkpoint_every: Annotated[int, Help("Episodes between checkpoints.", min=1)] = 20
    random_episodes: Annotated[int, Help("Episodes of uniform random actions at the start.", min=1)] = 5
    updates_per_step: Annotated[
        float,
        Help(
            "Gradient updates per policy step (one action): 0.5 is one for every two actions, in a block per episode.",
            min=0,
        ),
    ] = 0.5
    batch_size: Annotated[int, Help("Sequences per update.", min=1, max=2**16)] = 32
    batch_length: Annotated[int, Help("Steps per sequence.", min=2, max=2**12)] = 32
    envs: Annotated[
        int,
        Help("Copies of the environment that collect and evaluate side by side, each in a process.", min=1, max=1024),
    ] = 1
    env_timeout: Annotated[
        int,
        Help(
            "Seconds to wait for a copy of the environment (--envs), be it for a reset, before a new one takes its "
            "place (0: for ever).",
            min=0,
        ),
    ] = 600
    collect: Annotated[
        Literal["sync", "async"],
        Help(
            "sync: updates and episodes in turn, exactly repeatable; async: an episode is played while the updates on "
            "the one before are done, by the agent as it was before them."
        ),
    ] = "sync"
    model_lr: Annotated[float, Help("Learning rate of the representation (Adam).", min=0)] = 3e-4
    lr_drops: Annotated[
        tuple[int, ...],
        Help("Environment steps after which all learning rates fall, the policy's too: 200k or 200k,300k.", min=1),
    ] = ()
    lr_drop_factor: Annotated[
        float, Help("What each of --lr-drops multiplies all learning rates by.", min=1e-6, max=1)
    ] = 0.3
    model_clip: Annotated[float, Help("Largest gradient norm of the representation.", min=0)] = 10.0
    head_hidden: Annotated[
        int, Help("Units per layer of the heads (reward, continue, inverse dynamics).", min=1, max=2**14)
    ] = 128
    head_layers: Annotated[int, Help("Layers of the heads.", min=1, max=64)] = 2
    reward_weight: Annotated[
        float, Help("Weight of predicting rewards: more, where they tell what the sensors' losses pass over.", min=0)
    ] = 1.0
    inverse_dynamics: Annotated[float, Help("Weight of predicting actions from pairs of states (0: off).", min=0)] = 0.0
    freeze: Annotated[
        tuple[Part, ...], Help("Parts that keep their weights: encoders, rssm, losses, heads, policy.")
    ] = ()
    init_from: Annotated[str | None, Help("Start with weights of this checkpoint or run.")] = None
    init_parts: Annotated[tuple[Part, ...], Help("Which parts --init-from takes over.")] = ("encoders", "rssm", "heads")
    replay_size: Annotated[int, Help("Most transitions kept; the oldest episodes make room.", min=1)] = 1_000_000
    image_size: Annotated[
        tuple[int, ...], Help("Side of the images the model sees, or HEIGHT,WIDTH, in pixels.", min=32, max=512)
    ] = (64,)
    crop_margin: Annotated[
        int | None,
        Help(
            "Extra pixels stored for random crops (default: 12 with a contrastive image loss, else 0).", min=0, max=512
        ),
    ] = None
    render_quality: Annotated[
        Literal["fast", "smooth", "paper"],
        Help("fast: no shadows; smooth: anti-aliased, no shadows; paper: with both, 20 to 100 times slower."),
    ] = "fast"
    renderer: Annotated[
        Literal["auto", "egl", "osmesa", "raycast"],
        Help("What draws: OpenGL through EGL or OSMesa, or a built-in ray caster."),
    ] = "auto"

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of the images the model sees."""
        return self.image_size[0], self.image_size[-1]


BUDGET = frozenset(
    {
        *("steps", "eval_every", "eval_episodes", "film_every", "checkpoint_every"),
        *("device", "renderer", "envs", "env_timeout", "collect"),
    }
)
"""The settings that say how long and where a run is made; runs that differ in these alone are of the same agent."""

RESUMABLE = BUDGET | {"lr_drops", "lr_drop_factor"}
"""The settings that may change when a run is resumed."""
