"""What the dashboard and plain lines say in the same words. What is not known is left out."""

from __future__ import annotations

from coral_cli.display.estimates import span
from coral_cli.display.numbers import count, number, rate
from coral_cli.display.progress import Progress
from coral_cli.runs.machine import busy

SPEEDS = {"env_steps_per_s": "env steps/s", "updates_per_s": "updates/s"}


def amount(progress: Progress) -> str:
    """Write ``24,000/100,000``, of the progress's unit."""
    return f"{count(progress.step)}/{count(progress.budget)}"


def percent(progress: Progress) -> str:
    """Tell how much is done; 100 % only when nothing is left."""
    return f"{min(round(100 * progress.fraction), 99 if progress.left else 100)}%"


def to_do(progress: Progress) -> str:
    """Tell the updates that are due when all steps are done."""
    if not (progress.spent and progress.pending):
        return ""
    return f"{count(progress.pending)} update{'s' if progress.pending > 1 else ''} to do"


def eta(progress: Progress, since: float = 0.0) -> str:
    """Tell how long it will take from ``since`` seconds after the last event."""
    if progress.spent and not progress.left:
        return "finishing"
    if progress.eta is None or progress.eta[1] <= since:
        return ""
    low, high = progress.eta
    return f"eta {span((low - since, high - since))}"


def speeds(progress: Progress) -> list[str]:
    """Tell what is done in a second, and whether other programs slow that down."""
    known = [f"{rate(value)} {unit}" for key, unit in SPEEDS.items() if (value := progress.update.get(key))]
    return [*known, *(["machine busy"] if progress.here and busy() else [])]


def beyond(progress: Progress) -> str:
    """Tell that more was done than was asked for, and why."""
    more = progress.step - progress.budget
    if more <= 0 or not progress.budget:
        return ""
    return f"{count(more)} more than the {count(progress.budget)} asked for: episodes are played to their end"


def with_error(mean: float | None, error: float | None, sign: str) -> str:
    """Write a mean, and its standard error after ``sign`` where there is one."""
    return number(mean) if error is None else f"{number(mean)} {sign} {number(error)}"
