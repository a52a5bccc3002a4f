"""The form of a checkpoint's state: what agents, replays and trainers leave there, before they are given it back."""

from __future__ import annotations

from coral_cli.registry.options import Json
from coral_cli.runs.documents import Check, FormError, number, require, table, text, whole


def require_form(state: Json) -> None:
    """Check a state, all of it where it is a run's. Raises FormError for what coral does not write."""
    require(table(state, "its state"), CHECKS, CHECKS if CHECKS.keys() & state.keys() else ())


def _agent(value: Json, where: str) -> None:
    checks: dict[str, Check] = {"weights": _weights, "optimizers": _optimizers, "rates": number}
    require(table(value, where), checks, ("weights", "optimizers"))


def _weights(value: Json, where: str) -> None:
    for name, weight in table(value, where).items():
        _tensor(weight, f"{text(name, where)}, one of its {where},")


def _optimizers(value: Json, where: str) -> None:
    for name, state in table(value, where).items():
        table(state, f"the optimizer {text(name, where)}")


def _replay(value: Json, where: str) -> None:
    require(table(value, where), {"next_serial": whole, "size": whole}, ("next_serial",))


def _random(value: Json, where: str) -> None:
    require(table(value, where), {"torch": _tensor, "cuda": _tensors, "numpy": text}, ("torch", "cuda", "numpy"))


def _progress(value: Json, where: str) -> None:
    counters = table(value, where)
    require(counters, {"seconds": number, "best_return": _number_or_none}, ("steps", "updates"))
    for name, counter in counters.items():
        if name not in ("seconds", "best_return"):
            whole(counter, text(name, where))


def _number_or_none(value: Json, where: str) -> None:
    if value is not None:
        number(value, where)


def _tensors(value: Json, where: str) -> None:
    if not isinstance(value, list):
        raise FormError(f"{where} is no list")
    for item in value:
        _tensor(item, where)


def _tensor(value: Json, where: str) -> None:
    import torch

    if not isinstance(value, torch.Tensor):
        raise FormError(f"{where} is no tensor")


CHECKS: dict[str, Check] = {"agent": _agent, "replay": _replay, "random": _random, "progress": _progress}
