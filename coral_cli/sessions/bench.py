"""``coral bench``: what is waited for in a training, next to what the machine can do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from coral_cli.assembly.copies import copies_of
from coral_cli.assembly.resolve import command_line
from coral_cli.environments.action_repeat import action_repeat
from coral_cli.environments.rendering.backend import select_backend
from coral_cli.environments.vectorised import Vectorised
from coral_cli.measuring.environment import Stepping, stepping, stepping_side_by_side
from coral_cli.measuring.learning import Learning, acting_time, learning
from coral_cli.measuring.machine import measured_on
from coral_cli.measuring.memory import held
from coral_cli.measuring.noise import noise_replay
from coral_cli.measuring.peak import Peak, measure_peak
from coral_cli.measuring.timing import Timing
from coral_cli.parallel.torchrun import find_place
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Json
from coral_cli.sessions.blame import naming
from coral_cli.sessions.building import Built, build, schedule
from coral_cli.sessions.device import choose_device
from coral_cli.sessions.parallel import joined, require_even
from coral_cli.sessions.rehearsal import Rehearsal, estimate
from coral_cli.sessions.requests import BenchRequest, TrainRequest
from coral_cli.training.collection import random_policy, run_episode
from coral_cli.version import __version__

Document = dict[str, Json]


def bench(request: BenchRequest, tell: Callable[[str], object]) -> Document:
    """Measure what ``request`` asks for, as one document; ``tell`` hears what is measured now. Writes nothing.

    Under torchrun, updates are also measured in the first process alone, with the whole batch.
    """
    place, settings = find_place(), request.assembly.settings
    if place is None:
        return _measured(request, tell)
    if request.part != "update":
        raise UsageError("several processes can be measured in updates only.", "Add --part update.")
    require_even(settings.batch_size, place)
    alone = None if place.rank else _measured(request, tell)["update"]["ms"]
    with joined(choose_device(settings.device, place)):
        document = _measured(request, tell)
    if alone is not None:
        update = document["update"]
        update |= {"alone_ms": alone, "efficiency": alone / (place.count * update["ms"])}
    return document


def _measured(request: BenchRequest, tell: Callable[[str], object]) -> Document:
    settings = request.assembly.settings
    asked = TrainRequest(request.assembly, request.catalog, None, None, {})
    with naming(request.assembly), closing(build(asked, select_backend(settings.renderer))) as built:
        document = _about(request, built)
        if request.part != "update":
            tell("the environment")
            walked = stepping(built.env, settings.seed)
            document["environment"] = _environment(walked) | _copies(request, built)
        if request.part != "environment":
            tell(f"the machine's peak, {built.learner.precision}")
            peak = measure_peak(built.learner.precision, built.agent.device)
            tell(f"{request.repeats} updates")
            learned, acted = _learn(request, built)
            document |= {"peak": _peak(peak), "update": _update(learned, peak), "acting": _milliseconds(acted)}
            document["memory"] = held(built.agent, built.sensors) | {"batch_bytes": learned.batch_bytes}
        if request.part == "all":
            length = walked.length or _length(built, settings.seed)
            document["run"] = _run(request, document, action_repeat(built.env), length)
        return document


def _about(request: BenchRequest, built: Built) -> Document:
    settings = request.assembly.settings
    return {
        "command": command_line(request.assembly, request.catalog, ("coral", "bench")),
        "coral": __version__,
        "env": request.assembly.choices["env"].component,
        "seed": settings.seed,
        "precision": built.learner.precision,
        "batch": [settings.batch_size, settings.batch_length],
        "renderer": built.backend,
        "sensors": {name: list(sensor.shape) for name, sensor in built.agent.sensors.items()},
        "machine": measured_on(built.agent.device),
    }


def _learn(request: BenchRequest, built: Built) -> tuple[Learning, Timing]:
    settings, agent = request.assembly.settings, built.agent
    replay = noise_replay(built.sensors, agent.action_size, settings.batch_length, settings.seed)
    acted = acting_time(agent, built.sensors, settings.seed)
    return learning(built.learner, replay, schedule(settings), request.repeats), acted


def _milliseconds(timing: Timing) -> Document:
    return {
        "ms": 1e3 * timing.median,
        "best_ms": 1e3 * timing.best,
        "spread": timing.spread,
        "repeats": timing.repeats,
    }


def _peak(peak: Peak) -> Document:
    return {"gemm_gflops": peak.gemm / 1e9, "convolution_gflops": peak.convolution / 1e9}


def _update(learned: Learning, peak: Peak) -> Document:
    """Return times, operations and rates of an update and its parts; ``parts`` are ordered as they happen."""
    update, flops = learned.update, learned.flops
    parts = {
        name: {"ms": 1e3 * share * update.median, "share": share, "gflop": flops.parts.get(name, 0.0) / 1e9}
        for name, share in learned.shares.items()
    }
    parts["other"]["gflop"] = (flops.total - sum(flops.parts.values())) / 1e9
    return _milliseconds(update) | {
        "updates_per_s": 1 / update.median,
        "processes": learned.processes,
        "parts": parts,
        "gflop": flops.total / 1e9,
        "gflop_convolutions": flops.convolutions / 1e9,
        "gflop_per_s": flops.total / update.median / 1e9,
        "utilisation": flops.utilisation(update.median, peak.gemm),
        "sample": _milliseconds(learned.sample),
    }


def _environment(walked: Stepping) -> Document:
    return {
        "step": _milliseconds(walked.step),
        "drawing_share": walked.drawing,
        "reset": _milliseconds(walked.reset),
        "steps_per_s": walked.steps_per_second,
    }


def _copies(request: BenchRequest, built: Built) -> Document:
    """Measure what the copies of --envs do side by side, if there are any."""
    settings = request.assembly.settings
    if settings.envs == 1:
        return {}
    copies = Vectorised(copies_of(request.assembly, request.catalog, built.backend, "training"), settings.envs)
    try:
        return {"envs": settings.envs, "steps_per_s_side_by_side": stepping_side_by_side(copies, settings.seed)}
    finally:
        copies.close()


def _length(built: Built, seed: int) -> int:
    """Play a random episode to its end, and return its actions."""
    episode = run_episode(built.env, seed, random_policy(built.env, seed), ())
    assert episode is not None  # nothing stops it
    return episode.length


def _run(request: BenchRequest, document: Document, repeat: int, length: int) -> Document:
    """Return what a run waits for: milliseconds per action, with the updates that fall to each, and shares."""
    settings, environment, update = request.assembly.settings, document["environment"], document["update"]
    stepped = 1e3 * repeat / environment.get("steps_per_s_side_by_side", environment["steps_per_s"])
    drawing = stepped * (environment["drawing_share"] or 0.0)
    acted = document["acting"]["ms"] / settings.envs  # which act together
    waits = {
        "environment": stepped - drawing,
        "drawing": drawing,
        "acting": acted,
        "replay": settings.updates_per_step * update["sample"]["ms"],
        "update": settings.updates_per_step * update["ms"],
    }
    total = sum(waits.values())
    rehearsal = Rehearsal(stepped / 1e3, acted / 1e3, (update["ms"] + update["sample"]["ms"]) / 1e3, length)
    return {
        "waits": {name: {"ms": spent, "share": spent / total} for name, spent in waits.items()},
        "action_ms": total,
        "updates_per_action": settings.updates_per_step,
        "steps": settings.steps,
        **estimate(rehearsal.total(settings, repeat)),
    }
