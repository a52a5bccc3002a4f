"""``coral study loss-by-distraction --show --probe``: latents of finished runs, looked into once and told by square."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from coral_cli.registry.stopping import Stopped
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.tables import Probed, Readout, keep, probed
from coral_cli.testing.running import Outcome, run

AXES = "--env toy --distraction none --distraction disks --image-loss cv --image-loss recon"
SIZES = "--size tiny --image-size 32 --image-encoder.depth 2 --rssm.gru 8 --rssm.hidden 8 --steps 30"
QUICK = "--random-episodes 1 --updates-per-step 0.1 --eval-every 0 --batch-size 2 --batch-length 4"
STATE, ADDED = "toy: hidden state in the latent (R2)", "toy: distraction in the latent (R2)"


def study(out: Path, words: str, behind: str = f"{SIZES} {QUICK}") -> Outcome:
    return run(f"study loss-by-distraction {AXES} --out {out} --show {words} -- {behind}")


def told(out: str, title: str) -> list[list[str]]:
    """Return the cells of the table below ``title``, without its first line."""
    rows = out.split(f"{title}\n")[1].splitlines()[1:3]
    return [[cell.strip() for cell in row.split("  ") if cell.strip()] for row in rows]


def found(name: str, kind: str, linear: float | None) -> Readout:
    return Readout(name, kind, linear, linear)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """The folder of a study with two runs of four, both distracted."""
    folder = tmp_path_factory.mktemp("study")
    for loss in ("cv", "recon"):
        words = f"--env toy --distraction disks --image-loss {loss} {SIZES} {QUICK} --quiet"
        outcome = run(f"train {words} --out {folder / f'disks-{loss}-seed0'}")
        assert outcome.code == 0, outcome.err
    return folder


@pytest.fixture
def finish(trained: Path, tmp_path: Path) -> Callable[..., None]:
    """Leave what a run leaves that was trained for 30 steps and whose latent at ``step`` was looked into."""

    def leave(name: str, readouts: Sequence[Readout], unseen: int = 5, step: int = 30) -> None:
        place = tmp_path / name
        (place / "checkpoints").mkdir(parents=True)
        (place / "checkpoints" / "latest.pt").write_bytes(b"weights")
        os.link(place / "checkpoints" / "latest.pt", place / "checkpoints" / "step-000000030.pt")
        shutil.copy(trained / "disks-cv-seed0" / "run.json", place)
        events = [("evaluation", {"return/mean": 5.0}), ("end", {"status": "done"})]
        lines = [json.dumps({"kind": kind, "step": 30, "seconds": 1.0, "values": values}) for kind, values in events]
        (place / "metrics.jsonl").write_text("\n".join(lines) + "\n")
        keep(RunDirectory(place), Probed(step, 0, unseen, tuple(readouts), (), ()))

    return leave


def test_a_square_is_the_mean_over_seeds_of_the_mean_over_what_varies(finish, tmp_path: Path) -> None:
    clean = [found("place", "state", 0.5), found("speed", "state", 0.7)], [found("place", "state", 0.8)]
    disks = (
        [found("place", "state", -0.25), found("mean colour", "distraction", 0.9)],
        [found("place", "state", 0.25), found("mean colour", "distraction", 0.7), found("xy", "distraction", 0.5)],
    )
    for name, seeds in (("no-distraction", clean), ("disks", disks)):
        for seed, readouts in enumerate(seeds):
            still = found("wall", "state", None)  # which does not vary, and so counts for nothing
            finish(f"{name}-cv-seed{seed}", (*readouts, still))
    outcome = study(tmp_path, f"--seeds 2 --probe --csv {tmp_path / 'a.csv'}")
    assert outcome.code == 0 and "probing" not in outcome.err, outcome.err
    assert told(outcome.out, STATE) == [
        ["clean", "0.70 [0.60, 0.80]", "0 of 2 done"],
        ["disks", "0.00 [-0.25, 0.25]", "0 of 2 done"],
    ]
    assert told(outcome.out, ADDED) == [["clean", "-", "0 of 2 done"], ["disks", "0.75 [0.60, 0.90]", "0 of 2 done"]]
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    shares = {(row["measure"][:6], row["distraction"]): row for row in rows if row["image-loss"] == "cv"}
    assert float(shares["distra", "disks"]["value"]) == pytest.approx(0.75)
    assert shares["hidden", "none"]["probed"] == "2" and shares["return", "none"]["probed"] == ""
    squares = json.loads(study(tmp_path, "--seeds 2 --probe --json").out)["maps"][1]["squares"]
    assert squares[0]["probed"] == 2 and squares[0]["value"]["value"] == pytest.approx(0.7)
    plain = study(tmp_path, "--seeds 2")
    assert "latent" not in plain.out and plain.out.rstrip() == outcome.out.split(f"\n\n{STATE}")[0]


@pytest.mark.parametrize(("unseen", "step", "words"), [(5, 20, ""), (5, 30, "--probe-episodes 24"), (4, 30, "")])
def test_what_is_known_of_another_checkpoint_or_of_less_is_looked_into_again(
    unseen: int, step: int, words: str, finish, tmp_path: Path
) -> None:
    finish("disks-cv-seed0", (found("place", "state", 0.5),), unseen, step)
    outcome = study(tmp_path, f"--seeds 1 --probe {words}")
    assert outcome.code == 0 and outcome.err.startswith("probing 1/1: disks-cv-seed0\nwarning: disks-cv-seed0 is not")


def test_each_run_is_looked_into_once_and_ctrl_c_keeps_what_is_done(trained: Path, monkeypatch) -> None:
    import coral_cli.sessions.probe as session

    own, begun = session.probe, []

    def stopping(request, tell):
        begun.append(request)
        if len(begun) == 2:
            raise Stopped
        return own(request, tell)

    with monkeypatch.context() as patched, pytest.raises(Stopped):
        patched.setattr(session, "probe", stopping)
        study(trained, "--seeds 1 --probe --probe-episodes 4")
    assert [request.updates for request in begun] == [0, 0]
    first = probed(RunDirectory(trained / "disks-cv-seed0"))
    assert first is not None and probed(RunDirectory(trained / "disks-recon-seed0")) is None
    outcome = study(trained, "--seeds 1 --probe --probe-episodes 4")
    assert outcome.code == 0 and outcome.err == "probing 1/1: disks-recon-seed0\n"
    by_kind = {kind: [one.linear for one in first.latent if one.kind == kind] for kind in ("state", "distraction")}
    for title, shares in ((STATE, by_kind["state"]), (ADDED, by_kind["distraction"])):
        mean = f"{sum(shares) / 2:.2f}".replace("-0.00", "0.00")
        assert len(shares) == 2 and told(outcome.out, title)[1][:2] == ["disks", mean]
    assert study(trained, "--seeds 1 --probe --probe-episodes 4 --quiet").err == ""


def test_what_cannot_be_probed_is_said_and_its_square_has_no_value(trained: Path, finish, tmp_path: Path) -> None:
    finish("disks-cv-seed0", ())
    (tmp_path / "disks-cv-seed0" / "tables" / "probe.json").unlink()
    (tmp_path / "disks-recon-seed0").symlink_to(trained / "disks-recon-seed0")
    outcome = study(tmp_path, f"--seeds 1 --probe --probe-episodes 3 --quiet --picture {tmp_path / 'a.svg'}")
    assert outcome.code == 0 and outcome.err.startswith("warning: disks-cv-seed0 is not probed: ")
    assert told(outcome.out, STATE)[1][:2] == ["disks", "0 of 1 probed"]
    assert "what is not probed has no value" in outcome.out and (tmp_path / "a.svg").is_file()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("overhead --show --probe", "error: --probe belongs to loss-by-distraction."),
        ("loss-by-distraction --probe", "error: --probe goes with --show."),
        ("loss-by-distraction --show --probe-episodes 4", "error: --probe-episodes says how long a probe is, and"),
        (
            "loss-by-distraction --show --probe --probe-episodes 2",
            "error: --probe-episodes is 2, but must be at least 3.",
        ),
    ],
)
def test_what_cannot_be_is_said(line: str, message: str) -> None:
    outcome = run(f"study {line}")
    assert outcome.code == 2 and outcome.err.startswith(message), outcome.err
