"""Questions that studies answer: what each varies, and what its runs have in common."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coral_cli.assembly.slots import DISTRACTION, ENV
from coral_cli.assembly.words import Word
from coral_cli.registry.errors import UsageError
from coral_cli.study.grid import NONE, Axis, parted

IMAGE_LOSS = "image-loss"
SOURCE, PARTS, WAY = "source", "init-parts", "way"
"""The axes of transfer: where weights come from, which are taken over, and how they go on learning."""


@dataclass(frozen=True)
class Question:
    """What a study varies (``axes``: values by flag, with flags of their own behind) and what holds for all of it."""

    name: str
    summary: str
    axes: Mapping[str, Sequence[str]]
    fixed: Mapping[str, str]


COMMON = {"size": "small", "steps": "100000"}

LOSSES = Question(
    "loss-by-distraction",
    "Which image loss for which distraction? Returns relative to those without one.",
    {
        ENV.flag: ("cartpole-swingup",),
        DISTRACTION: (NONE, "video", "procedural", "disks", "noise", "color", "camera", "frame-drop"),
        IMAGE_LOSS: ("recon", "cv", "cpc", "none"),
    },
    COMMON,
)
TRANSFER = Question(
    "transfer",
    "Does a representation help elsewhere? Area under the curve relative to learning from scratch.",
    {
        ENV.flag: ("cartpole-swingup",),
        SOURCE: ("random", "task", "body", "distraction"),
        PARTS: ("encoders", "rssm", "encoders,rssm,heads,losses"),
        WAY: ("frozen", "fine-tuned", "slow"),
    },
    {**COMMON, "method": "v-coral"},
)
OVERHEAD = Question(
    "overhead",
    "What does a joint representation cost? Time, memory and return beside concatenation and images alone.",
    {ENV.flag: ("cartpole-swingup",), "method": ("v-coral", "cv-concat", "cv-image")},
    COMMON,
)
QUESTIONS: Mapping[str, Question] = {one.name: one for one in (LOSSES, TRANSFER, OVERHEAD)}


def combined(
    question: Question, given: Sequence[Axis], behind: Sequence[Word]
) -> tuple[list[Axis], list[Word], list[str]]:
    """Return what a question spans, what holds for all of it, and notes of what is left out.

    A flag that is ``given``, or stands ``behind`` the --, takes the place of the question's own. An option of one
    distraction among several goes to that one alone; without a folder of clips, ``video`` is left out. Raises
    UsageError for what the question varies behind the --.
    """
    varied = next((name for name, _ in behind if name in question.axes and name != ENV.flag), None)
    if varied:
        raise UsageError(f"--{varied} is what {question.name} varies, and stands behind the --.", "Write it before it.")
    own = {axis.flag: axis for axis in given}
    said = own.keys() | {name for name, _ in behind}
    spanned = [
        own.pop(flag) if flag in own else Axis(flag, tuple((flag, _plain(flag, text)) for text in texts))
        for flag, texts in question.axes.items()
        if flag in own or flag not in said
    ]
    notes: list[str] = []
    places = {axis.flag: index for index, axis in enumerate(spanned)}
    if DISTRACTION in places:
        index = places[DISTRACTION]
        spanned[index] = _with_options(spanned[index], own)
        if DISTRACTION not in said:
            spanned[index] = _without_video(spanned[index], notes)
    fixed = [(flag, text) for flag, text in question.fixed.items() if flag not in said]
    return [*spanned, *own.values()], [*fixed, *behind], notes


def _plain(flag: str, text: str) -> str:
    return "" if flag == DISTRACTION and text == NONE else text


def _with_options(axis: Axis, others: dict[str, Axis]) -> Axis:
    """Move single options of distractions from ``others`` into the quotes of the value that they belong to."""
    words = []
    for name, text in axis.words:
        own = f"{DISTRACTION}.{parted(text or '')[0]}."
        mine = [flag for flag, other in others.items() if flag.startswith(own) and len(other.words) == 1]
        words.append((name, " ".join([text or "", *(_written(*others.pop(flag).words[0]) for flag in mine)])))
    return Axis(axis.flag, tuple(words))


def _written(name: str, text: str | None) -> str:
    return f"--{name}" if text is None else f"--{name}={shlex.quote(text)}"


def _without_video(axis: Axis, notes: list[str]) -> Axis:
    kept = tuple(word for word in axis.words if word[1] != "video")
    if len(kept) < len(axis.words):
        notes.append("video is left out, for it needs clips of yours: add --distraction.video.folder DIR.")
    return Axis(axis.flag, kept)
