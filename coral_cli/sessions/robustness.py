"""``coral eval`` of several agents, under several conditions, on the same episodes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import torch

from coral_cli.assembly.conditions import Condition
from coral_cli.assembly.slots import DISTRACTION, ENV
from coral_cli.registry.errors import CoralError, UsageError
from coral_cli.registry.sensors import Backend
from coral_cli.sessions.blame import naming
from coral_cli.sessions.device import choose_device
from coral_cli.sessions.eval import drawing, elsewhere, require_same
from coral_cli.sessions.keeping import keep_evaluation
from coral_cli.sessions.playing import film_of, play
from coral_cli.sessions.requests import RobustnessRequest
from coral_cli.sessions.saved import Saved, no_policy, open_saved
from coral_cli.training.collection import Episode, episode_seed
from coral_cli.training.collectors import Stop


@dataclass(frozen=True)
class Pair:
    """An agent under a condition; both by their places in the request."""

    agent: int
    condition: int
    saved: Saved
    """The agent's checkpoint, with the condition's environment and distractions."""
    video: Path | None


@dataclass(frozen=True)
class Plan:
    """All that there is to evaluate, after it was found that all of it can be."""

    env: str
    pairs: tuple[Pair, ...]
    checkpoints: tuple[Path, ...]
    seed: int
    """The seed from which the episodes of every pair follow."""
    backend: Backend
    device: torch.device


def plan(request: RobustnessRequest) -> Plan:
    """Find out what there is to do, and try every environment once: its sensors, its distractions, its first frame.

    Raises UsageError for agents of several environments or renderers, and for a condition that one of them cannot have;
    besides that what ``sessions.eval.evaluate`` raises.
    """
    device = choose_device(request.device)
    agents = [open_saved(path, request.catalog) for path in request.checkpoints]
    for path, saved in zip(request.checkpoints, agents, strict=True):
        if saved.pretrained:
            raise no_policy(path, "be evaluated")
    backend = _one_backend(request, agents)
    seed = agents[0].assembly.settings.seed if request.seed is None else request.seed
    pairs = []
    for agent, saved in enumerate(agents):
        for condition, under in enumerate(request.conditions):
            video = film_of(saved.path, seed, under) if request.videos else None
            pairs.append(Pair(agent, condition, elsewhere(saved, under, request.catalog), video))
    _require_films(pairs)
    _try_environments(request, pairs, backend, seed)
    env = agents[0].assembly.choices[ENV.name].component
    return Plan(env, tuple(pairs), tuple(saved.path for saved in agents), seed, backend, device)


def _one_backend(request: RobustnessRequest, agents: Sequence[Saved]) -> Backend:
    """Return what draws for all. Raises UsageError where their training had several: one process has one."""
    trained = {str(saved.metadata.get("renderer", "auto")): saved.path for saved in agents}
    if request.renderer == "auto" and len(trained) > 1:
        said = ", but ".join(f"{path} on images drawn by {renderer}" for renderer, path in trained.items())
        raise UsageError(f"these agents do not see alike: {said}.", "Add --renderer: it draws for all of them.")
    return drawing(request.renderer, agents[0].metadata)


def _require_films(pairs: Sequence[Pair]) -> None:
    """Raise UsageError where two films would have one name."""
    twice = [video for video, count in Counter(pair.video for pair in pairs).items() if video and count > 1]
    if twice:
        raise UsageError(f"two of the films would be {twice[0]}.", "Name the conditions: --under 'NAME=FLAGS'.")


def _try_environments(request: RobustnessRequest, pairs: Sequence[Pair], backend: Backend, seed: int) -> None:
    tried: set[str] = set()
    for pair in pairs:
        saved, condition = pair.saved, request.conditions[pair.condition]
        key = _surroundings(saved)
        if key in tried:
            continue
        tried.add(key)
        with _playing(condition, saved, backend) as env:
            require_same(saved, env, condition if condition.given else None)
            env.reset(seed=episode_seed(seed, "evaluation", 0))


def _surroundings(saved: Saved) -> str:
    """Return what is the same for agents that need the same of the same environment."""
    settings, choices = saved.assembly.settings, saved.assembly.choices
    around = [[*c.identity, dict(c.options)] for c in choices.values() if c.kind in (ENV.kind, DISTRACTION)]
    sizes = [settings.image_shape, settings.crop_margin, settings.render_quality]
    known = {name: sensor.shape for name, sensor in saved.sensors.items()}
    return json.dumps([around, sizes, saved.action_size, known])


@contextmanager
def _playing(condition: Condition, saved: Saved, backend: Backend) -> Iterator[gymnasium.Env[dict[str, Any], Any]]:
    """Give the environment of a condition; the sentences of errors begin with its name."""
    try:
        with naming(saved.assembly), closing(saved.assembler.environment(backend, "evaluation")) as env:
            yield env
    except CoralError as error:
        told = type(error)(f"under {condition.name}: {error.message}", error.hint)
        told.frames = error.frames
        raise told from error


def play_all(
    request: RobustnessRequest, plan: Plan, tell: Callable[[int, Pair], None], stop: Stop
) -> Iterator[tuple[Pair, list[Episode]]]:
    """Yield every pair with its episodes, agent by agent; none more when ``stop`` becomes true.

    ``tell`` hears the number of each pair before it begins. What is the same for an agent is played once. All of it
    is kept in the agents' runs.
    """
    agent, loaded = None, -1
    played: dict[str, list[Episode]] = {}
    for number, pair in enumerate(plan.pairs):
        if stop():
            return
        tell(number, pair)
        if agent is None or loaded != pair.agent:
            agent, loaded, played = pair.saved.agent(plan.device), pair.agent, {}
        around, condition = _surroundings(pair.saved), request.conditions[pair.condition]
        if around not in played or pair.video is not None:
            with _playing(condition, pair.saved, plan.backend) as env:
                episodes = play(env, agent, plan.seed, request.episodes, pair.video, stop=stop)
            if len(episodes) < request.episodes:
                return
            played[around] = episodes
        keep_evaluation(pair.saved.path, condition, plan.seed, plan.backend, played[around], request.quiet)
        yield pair, played[around]
