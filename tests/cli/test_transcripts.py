"""Help and errors as a user reads them at 80 columns. ``CORAL_WRITE_TRANSCRIPTS=1`` writes the files anew."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
TRANSCRIPTS = {
    "help": "--help",
    "train-help": "train --help",
    "train-cv-small-help": "train --image-loss cv --size small --help",
    "eval-help": "eval --help",
    "probe-help": "probe --help",
    "report-help": "report --help",
    "sweep-help": "sweep --help",
    "sweep-nothing": "sweep",
    "sweep-misspelt": "sweep --job 2 --method v-coral",
    "sweep-combination": "sweep --image-loss cv --image-loss byol --image-loss.temperature 1 --seeds 2",
    "sweep-of-a-file": "sweep maze.toml",
    "sweep-engine-option": "sweep --ray.address a -- --method v-coral",
    "sweep-twice": "sweep --seeds 2 -- --seed 3",
    "sweep-resume": "sweep --resume nowhere",
    "reproduce": "reproduce",
    "reproduce-help": "reproduce --help",
    "reproduce-misspelt": "reproduce oclusion",
    "reproduce-steps": "reproduce video -- --steps 3",
    "study": "study",
    "study-help": "study --help",
    "study-misspelt": "study transfr",
    "study-two-places": "study overhead --method 'v-coral --rssm.gru 8' -- --rssm.gru 16",
    "runs-help": "runs list --help",
    "watch-help": "watch --help",
    "compare-help": "compare --help",
    "methods": "methods",
    "plugins-list": "plugins list",
    "plugins-new-help": "plugins new --help",
    "plugins-check-help": "plugins check --help",
    "unknown-command": "trian",
    "unknown-component": "train --image-loss bjol",
    "foreign-option": "train --image-loss.temperature 0.1",
    "unused-distraction": "train --distraction noise --distraction.disks.count 4",
    "misspelt-option": "train --image-loss.weigth 2",
    "unknown-sensor": "train --env maze --image-loss cpc",
    "range": "train --image-loss byol --image-loss.temperature 7",
    "count": "train --steps 1.5",
    "choice": "train --precision fp16",
    "two-objectives": "train --image-loss cv --proprio-loss cpc",
    "wrong-sensor": "train --proprio-encoder conv",
    "unused-sensor": "train --method cv-image --proprio-loss recon",
    "concat-has-no-vector-loss": "train --method cv-concat --proprio-encoder.hidden 8",
    "concat-imagination": "train --fusion concat --policy imagination",
    "concat-without-image": "train --sensors proprio --fusion concat",
    "image-without-rssm": "train --rssm none",
    "no-such-sensor": "train --sensors touch",
    "open-loop-too-long": "train --objective.open-loop 40",
    "shared-name": "train --image-loss twin",
    "missing-value": "train --steps",
    "missing-argument": "eval",
    "extra-argument": "train extra",
    "no-run": "train --resume nowhere",
}


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_transcript(name: str, coral) -> None:
    outcome = coral(*shlex.split(TRANSCRIPTS[name]))
    lines = (outcome.out + outcome.err).splitlines()
    seen = "\n".join([f"$ coral {TRANSCRIPTS[name]}", *(line.rstrip() for line in lines), f"exit {outcome.code}", ""])
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("CORAL_WRITE_TRANSCRIPTS"):
        path.write_text(seen)
    assert seen == path.read_text()


def test_every_transcript_is_checked() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(TRANSCRIPTS)
