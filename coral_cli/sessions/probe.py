"""``coral probe``: what the latents of saved agents hold."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import fmean

import torch

from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.slots import DISTRACTION, ENV
from coral_cli.inside.drawing import film, sheet
from coral_cli.inside.looking import Answer, Question, Tell, look
from coral_cli.inside.quantities import Split
from coral_cli.inside.twins import Env, Twins
from coral_cli.inside.views import Views
from coral_cli.inside.watching import Act, Watched, cameras_of, watch
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.errors import CoralError, UsageError
from coral_cli.registry.nearest import nearest
from coral_cli.registry.places import as_written
from coral_cli.registry.sensors import Backend
from coral_cli.runs.files import writing
from coral_cli.runs.pictures import write_png
from coral_cli.runs.video import write_video
from coral_cli.sessions.blame import naming
from coral_cli.sessions.device import choose_device
from coral_cli.sessions.eval import drawing, require_same
from coral_cli.sessions.keeping import keep_probe
from coral_cli.sessions.requests import ProbeRequest
from coral_cli.sessions.saved import Saved, open_saved
from coral_cli.training.agent import Agent
from coral_cli.training.collection import episode_seed, random_actions
from coral_cli.training.filming import frames_per_second


@dataclass(frozen=True)
class Inside:
    """What is inside of the agent called ``name``; ``camera`` None: no camera reaches its latent."""

    name: str
    checkpoint: Path
    env: str
    camera: str | None
    mean_return: float
    answer: Answer


@dataclass(frozen=True)
class Probed:
    """The report of ``coral probe``; ``episodes`` says how many were for what. Files are None without pictures."""

    seed: int
    episodes: dict[str, int]
    agents: Sequence[Inside]
    film: Path | None
    sheet: Path | None


def probe(request: ProbeRequest, tell: Tell) -> Probed:
    """Look into each agent; ``tell`` hears how far that is.

    Writes a film and a sheet where there are pictures, and what was found into the agents' runs. Raises
    UsageError for an agent without a representation or a camera that it does not have, CoralError where nothing can be
    told or written, and whatever ``coral eval`` raises for a checkpoint.
    """
    paths = list(dict.fromkeys(request.checkpoints))
    agents = [open_saved(path, request.catalog) for path in paths]
    built = [_built(request, saved) for saved in agents]  # so that what cannot be is said before anything is played
    seed = agents[0].assembly.settings.seed if request.seed is None else request.seed
    found: list[Inside] = []
    rates: list[float] = []
    sizes: dict[str, int] = {}
    for name, saved, (agent, camera) in zip(names_of([saved.path for saved in agents]), agents, built, strict=True):
        begin = f"{name}: " if len(agents) > 1 else ""
        with naming(saved.assembly):
            answer, episodes, rate = _look_into(request, saved, agent, camera, seed, partial(_tell, tell, begin))
        split, mean = Split.of(episodes), fmean(episode.total for episode in episodes)
        found.append(Inside(name, saved.path, saved.assembly.choices[ENV.name].component, camera, mean, answer))
        rates.append(rate)
        keep_probe(saved.path, seed, len(split.unseen), answer)
        sizes = {part: len(getattr(split, part)) for part in ("training", "validation", "unseen")}
    views = {each.name: each.answer.views for each in found if each.answer.views is not None}
    if not views:
        return Probed(seed, sizes, found, None, None)
    tell("film")
    return Probed(seed, sizes, found, *_write(request, agents[0].path, views, rates[0], seed))


def _tell(tell: Tell, begin: str, text: str) -> None:
    tell(begin + text)


def _built(request: ProbeRequest, saved: Saved) -> tuple[Agent, str | None]:
    """Return the agent, and its camera that is looked through."""
    with naming(saved.assembly):
        agent = saved.agent(choose_device(request.device))
    agent.representation.requires_grad_(False)
    if not agent.representation.feature_size:
        raise UsageError(
            f"{as_written(saved.path)} learned no representation: there is no latent to look into.",
            "`coral methods` lists what learns one.",
        )
    return agent, _camera(agent, request.camera, saved.path)


def _look_into(
    request: ProbeRequest, saved: Saved, agent: Agent, camera: str | None, seed: int, tell: Tell
) -> tuple[Answer, list[Watched], float]:
    """Return what is inside, the episodes, and their frames a second."""
    episodes, distracted, rate, notes = _play(request, saved, agent, seed, tell)
    question = Question(camera, distracted, request.updates, request.embeddings, seed)
    answer = look(agent, Split.of(episodes), question, tell)
    answer = replace(answer, notes=[*notes, *answer.notes])
    if not answer.latent and answer.views is None:
        raise CoralError(f"nothing can be told of {as_written(saved.path)}: {'; '.join(answer.notes)}.")
    return answer, episodes, rate


def _camera(agent: Agent, name: str | None, path: Path) -> str | None:
    """Return the camera called ``name``, or the first one; None where no camera reaches the latent."""
    cameras = cameras_of(agent)
    if name is None:
        return next(iter(cameras), None)
    if name not in cameras:
        near = nearest(name, cameras)
        has = f"It has: {', '.join(cameras)}." if cameras else "It has none: leave --camera out."
        raise UsageError(
            f"the latent of {as_written(path)} hears of no camera {name!r}.", f"Is it {near}? {has}" if near else has
        )
    return name


def _play(
    request: ProbeRequest, saved: Saved, agent: Agent, seed: int, tell: Tell
) -> tuple[list[Watched], bool, float, list[str]]:
    """Return the episodes, whether they differ from undistracted ones that are known, frames a second, and notes."""
    backend = drawing(request.renderer, saved.metadata)
    notes = ["it was pretrained and has no policy, so its actions are random"] if saved.pretrained else []
    with ExitStack() as made:
        env = made.enter_context(closing(saved.assembler.environment(backend, "evaluation")))
        require_same(saved, env)
        twin = _undistracted(saved, request.catalog, backend)
        twins = Twins(env, made.enter_context(closing(twin)) if twin is not None else None)
        episodes = []
        for number in range(request.episodes):
            own = episode_seed(seed, "evaluation", number)
            episodes.append(watch(agent, twins, own, _acting(request, saved, agent, own)))
            total = episodes[-1].total
            tell(f"episode {number + 1}/{request.episodes}  return {total:,.1f}  length {episodes[-1].length}")
        if twins.strayed:
            notes.append("seed and actions do not determine its episodes, so undistracted pictures are unknown")
            episodes = [replace(episode, clean={}) for episode in episodes]
        return episodes, twin is not None and not twins.strayed, frames_per_second(env), notes


def _acting(request: ProbeRequest, saved: Saved, agent: Agent, seed: int) -> Act:
    """Return what acts in the episode that begins with ``seed``."""
    if not saved.pretrained:
        return lambda features: agent.policy.act(features, request.explore)
    random = random_actions(seed)
    return lambda _: torch.from_numpy(random.uniform(-1, 1, (1, agent.action_size))).float()


def _undistracted(saved: Saved, catalog: Catalog, backend: Backend) -> Env | None:
    """Build the environment without its distractions; None where it has none."""
    assembly = saved.assembly
    kept = {slot: choice for slot, choice in assembly.choices.items() if choice.kind != DISTRACTION}
    if len(kept) == len(assembly.choices):
        return None
    return Assembler(replace(assembly, choices=kept), catalog).environment(backend, "evaluation")


def names_of(checkpoints: Sequence[Path]) -> list[str]:
    """Return a name for each agent: its run's, with the checkpoint's, or all of the path, where needed to tell them."""
    runs = [path.parents[1].name if path.parent.name == "checkpoints" else path.stem for path in checkpoints]
    stems = [f"{run} {path.stem}" for run, path in zip(runs, checkpoints, strict=True)]
    ways = (runs, stems, [as_written(path) for path in checkpoints])
    return next((names for names in ways if len(set(names)) == len(names)), ways[-1])


def _write(
    request: ProbeRequest, checkpoint: Path, views: dict[str, Views], rate: float, seed: int
) -> tuple[Path, Path]:
    """Write film and sheet, and return where."""
    run = checkpoint.parent.parent
    beside = run / "videos" if (run / "run.json").exists() else checkpoint.parent
    folder = request.out or beside
    what = checkpoint.stem if len(views) == 1 else f"{len(views)}-agents"
    paths = folder / f"probe-{what}-seed{seed}.mp4", folder / f"probe-{what}-seed{seed}.png"
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    write_png(paths[1], sheet(views))
    write_video(paths[0], film(views), rate)
    return paths
