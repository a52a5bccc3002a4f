"""``coral bench`` on small agents: what the document says, and that nothing is left behind."""

import json
import re
from pathlib import Path

import pytest

from coral_cli.app import main
from coral_cli.measuring.flops import Flops
from coral_cli.measuring.learning import Learning
from coral_cli.measuring.peak import Peak
from coral_cli.measuring.timing import Timing
from coral_cli.sessions.building import Built

TINY = ["--size", "tiny", "--batch-size", "2", "--batch-length", "4", "--image-encoder.depth", "2"]
CARTPOLE = ["--env", "cartpole-swingup", "--renderer", "raycast", *TINY]
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "command-line.md"


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    """Small work for the peak, few steps, an empty directory."""
    monkeypatch.setattr("coral_cli.measuring.peak.SIDES", (64,))
    monkeypatch.setattr("coral_cli.measuring.peak.IMAGES", (2,))
    monkeypatch.setattr("coral_cli.measuring.environment.STEPS", 20)
    monkeypatch.setattr("coral_cli.measuring.learning.ACTIONS", 5)
    monkeypatch.chdir(tmp_path)


def document(capsys, *words):
    assert main(["bench", "--repeats", "2", "--json", "--quiet", *words]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def test_everything_is_measured_and_fits_together(capsys, tmp_path):
    found = document(capsys, *CARTPOLE, "--seed", "3", "--updates-per-step", "0.25", "--steps", "8000")
    assert found["command"].startswith("coral bench --env cartpole-swingup") and found["seed"] == 3
    assert found["sensors"] == {"image": [64, 64, 3], "proprio": [2]} and found["batch"] == [2, 4]
    assert found["machine"]["threads"] > 0 and found["machine"]["cpu"] and found["machine"]["device"] == "cpu"

    update, peak = found["update"], found["peak"]
    assert update["repeats"] == update["sample"]["repeats"] == 2 and 0 < update["best_ms"] <= update["ms"]
    assert sum(part["share"] for part in update["parts"].values()) == pytest.approx(1)
    assert sum(part["gflop"] for part in update["parts"].values()) == pytest.approx(update["gflop"])
    assert sum(part["ms"] for part in update["parts"].values()) == pytest.approx(update["ms"])
    assert 0 < update["gflop_convolutions"] < update["gflop"]
    seconds = update["ms"] / 1e3
    assert update["updates_per_s"] == pytest.approx(1 / seconds) and update["processes"] == 1
    assert update["gflop_per_s"] == pytest.approx(update["gflop"] / seconds)
    assert update["utilisation"] == pytest.approx(update["gflop"] / (seconds * peak["gemm_gflops"]))

    environment, waits = found["environment"], found["run"]["waits"]
    assert environment["step"]["repeats"] == 20 and 0 < environment["drawing_share"] < 1
    assert waits["update"]["ms"] == pytest.approx(0.25 * update["ms"])
    assert waits["environment"]["ms"] + waits["drawing"]["ms"] == pytest.approx(8e3 / environment["steps_per_s"])
    assert waits["drawing"]["ms"] > 0
    assert sum(part["ms"] for part in waits.values()) == pytest.approx(found["run"]["action_ms"])
    assert sum(part["share"] for part in waits.values()) == pytest.approx(1)
    stepped, acted = waits["environment"]["ms"] + waits["drawing"]["ms"], waits["acting"]["ms"]
    updated = update["ms"] + update["sample"]["ms"]
    # eight episodes of 125 actions, the last three by the agent, and 20 to evaluate; 32 updates after each of four
    by_hand = 28 * 125 * stepped + 23 * 125 * acted + 4 * 32 * updated
    assert found["run"]["eta_seconds"] == pytest.approx(by_hand / 1e3)

    assert found["memory"]["image_bytes"] == 76 * 76 * 3
    assert found["memory"]["batch_bytes"] == 2 * 4 * (64 * 64 * 3 + 4 * 2 + 4 + 4 + 1)
    assert list(tmp_path.iterdir()) == []


def test_the_document_of_an_update_by_hand(monkeypatch, capsys):
    """Half a second, of which the encoder takes 40 % and does 6 of 10 GFLOP; the machine can do 80 GFLOP/s."""
    learned = Learning(
        update=Timing(median=0.5, best=0.4, spread=0.1, repeats=7),
        sample=Timing(median=0.002, best=0.001, spread=0.5, repeats=7),
        shares={"encoder": 0.4, "optimiser": 0.1, "other": 0.5},
        flops=Flops(products=3e9, convolutions=7e9, parts={"encoder": 6e9, "optimiser": 0.0}),
        batch_bytes=123,
        processes=2,
    )
    monkeypatch.setattr("coral_cli.sessions.bench.learning", lambda *_: learned)
    monkeypatch.setattr("coral_cli.sessions.bench.measure_peak", lambda *_: Peak(gemm=80e9, convolution=60e9))
    found = document(capsys, *CARTPOLE, "--part", "update")
    assert found["peak"] == {"gemm_gflops": 80.0, "convolution_gflops": 60.0}
    assert found["update"] == {
        "ms": 500.0,
        "best_ms": 400.0,
        "spread": 0.1,
        "repeats": 7,
        "updates_per_s": 2.0,
        "processes": 2,
        "parts": {
            "encoder": {"ms": 200.0, "share": 0.4, "gflop": 6.0},
            "optimiser": {"ms": 50.0, "share": 0.1, "gflop": 0.0},
            "other": {"ms": 250.0, "share": 0.5, "gflop": 4.0},
        },
        "gflop": 10.0,
        "gflop_convolutions": 7.0,
        "gflop_per_s": 20.0,
        "utilisation": 0.25,
        "sample": {"ms": 2.0, "best_ms": 1.0, "spread": 0.5, "repeats": 7},
    }
    assert found["memory"]["batch_bytes"] == 123


def test_a_part_alone(capsys):
    environment = document(capsys, *CARTPOLE, "--part", "environment")
    assert "environment" in environment and not environment.keys() & {"update", "peak", "memory", "run"}
    update = document(capsys, *CARTPOLE, "--part", "update", "--precision", "bf16")
    assert {"update", "peak", "acting", "memory"} <= update.keys() and update["precision"] == "bf16"
    assert not update.keys() & {"environment", "run"}


@pytest.mark.parametrize(
    ("flags", "sensors"),
    [
        (["--method", "proprio-sac", "--env", "cartpole-swingup", "--policy.hidden", "8"], {"proprio"}),
        (["--env", "gym:Pendulum-v1", *TINY[:-2]], {"proprio"}),
        ([*CARTPOLE, "--method", "cpc-concat"], {"image", "proprio"}),
        ([*CARTPOLE, "--method", "recon-same", "--policy", "imagination"], {"image", "proprio"}),
        ([*CARTPOLE, "--distraction", "disks"], {"image", "proprio"}),
    ],
    ids=["proprio-sac", "gym", "concat", "imagination", "distraction"],
)
def test_any_assembly(flags, sensors, capsys):
    found = document(capsys, *flags)
    assert found["sensors"].keys() == sensors
    assert found["update"]["gflop"] > 0 and found["run"]["action_ms"] > 0
    assert (found["environment"]["drawing_share"] is None) == ("gym:Pendulum-v1" in flags)


@pytest.mark.slow
def test_copies_are_measured_side_by_side(capsys):
    environment = document(capsys, *CARTPOLE, "--part", "environment", "--envs", "2")["environment"]
    assert environment["envs"] == 2 and environment["steps_per_s_side_by_side"] > 0


def test_people_read_tables(capsys):
    assert main(["bench", *CARTPOLE, "--repeats", "1"]) == 0
    out, err = capsys.readouterr()
    assert all(len(line) <= 80 for line in out.splitlines()[3:]) and "utilisation" in out and "a run waits for" in out
    assert [line.partition(":")[0] for line in err.splitlines()] == ["measuring"] * 3


def test_ctrl_c_leaves_nothing_behind(monkeypatch, capsys, tmp_path):
    closed = []
    close = Built.close

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("coral_cli.sessions.bench.learning", interrupt)
    monkeypatch.setattr(Built, "close", lambda built: (closed.append(built), close(built)))
    assert main(["bench", *CARTPOLE]) == 130
    assert len(closed) == 1 and list(tmp_path.iterdir()) == []
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["--repeats", "0"], "--repeats"),
        (["--part", "memory"], "--part"),
        (["--device", "cuda:9"], "cuda:9 is not there"),
        (["--resume", "runs/x"], "no option --resume"),
    ],
)
def test_bad_input_is_refused(words, match, capsys):
    assert main(["bench", *CARTPOLE, *words]) == 2
    assert match in capsys.readouterr().err


def test_every_key_is_documented(capsys):
    section = REFERENCE.read_text().partition("\n## Benchmark\n")[2].partition("\n## ")[0]
    documented = set(re.findall(r"`([\w.]+)`", section))
    found = document(capsys, *CARTPOLE, "--envs", "2")
    names = set(found) | {
        f"{group}.{key}" for group in ("update", "environment", "memory", "run") for key in found[group]
    }
    timings = {f"{group}.{key}" for group in ("update",) for key in ("ms", "best_ms", "spread", "repeats")}
    assert names - timings <= documented, names - timings - documented
