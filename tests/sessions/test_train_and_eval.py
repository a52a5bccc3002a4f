"""The main job through the command line: train, evaluate, film, interrupt, resume; and what it refuses."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from functools import partial

import av
import pytest

from coral_cli.app import main
from coral_cli.runs.checkpoint import load
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.metrics import read_metrics

SIZES = {
    "image-encoder.depth": 2,
    "rssm.gru": 8,
    "rssm.hidden": 8,
    "policy.hidden": 8,
    "batch-size": 2,
    "batch-length": 4,
}
PACE = {"random-episodes": 1, "updates-per-step": 0.05, "eval-every": 2, "eval-episodes": 1, "checkpoint-every": 1}
QUICK = ["--size", "tiny", *(word for flag, value in (SIZES | PACE).items() for word in (f"--{flag}", str(value)))]
BOX = ["--env", "box-push", "--env.action-repeat", "1", "--image-loss", "cpc", "--proprio-loss", "recon", *QUICK]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run of three episodes of box pushing."""
    path = tmp_path_factory.mktemp("runs") / "run"
    assert main(["train", *BOX, "--steps", "300", "--out", str(path), "--quiet"]) == 0
    return path


def test_a_run_leaves_what_is_documented(run):
    names = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    assert {"run.json", "metrics.jsonl", "replay/image.bin", "replay/index.json"} <= names
    assert {"checkpoints/latest.pt", "checkpoints/best.pt", "checkpoints/step-000000300.pt"} <= names
    metadata = json.loads((run / "run.json").read_text())
    assert metadata["command"].startswith("coral train --env box-push --env.action-repeat 1 --image-loss cpc")
    assert metadata["assembly"]["choices"]["image-loss"]["distribution"] == "coral-rl"
    assert metadata["renderer"] in ("egl", "osmesa", "raycast") and metadata["assembly"]["settings"]["seed"] == 0
    typed = shlex.join(["coral", "train", *BOX, "--steps", "300", "--out", str(run), "--quiet"])
    assert [start["typed"] for start in metadata["starts"]] == [metadata["typed"]] == [typed]
    assert metadata["starts"][0]["time"] == metadata["started"] and metadata["machine"]["cpu"]


def test_a_run_s_events_tell_its_story(run):
    events = read_metrics(run / "metrics.jsonl")
    kinds = [event.kind for event in events]
    assert kinds[0] == "start" and kinds[-1] == "end" and events[-1].values["status"] == "done"
    assert [event.values["random"] for event in events if event.kind == "episode"] == [True, False, False]
    assert {"loss/image", "loss/proprio", "loss/kl", "loss/reward"} <= next(
        event.values.keys() for event in events if event.kind == "update"
    )
    evaluations = [event.values for event in events if event.kind == "evaluation"]
    assert all("success/mean" in values and values["return/stderr"] is None for values in evaluations)
    times = [datetime.fromisoformat(event.time) for event in events]
    assert times == sorted(times) and times[0].utcoffset() == timedelta(0)


def test_events_tell_what_is_still_to_do(run):
    """Episodes have 100 steps, and each brings 5 updates."""
    events = read_metrics(run / "metrics.jsonl")
    assert (events[0].values["updates_per_env_step"], events[0].values["pending"]) == (0.05, 0)
    assert [event.values["pending"] for event in events if event.kind == "episode"] == [5, 5, 5]
    left = [(event.values["updates"], event.values["pending"]) for event in events if event.kind == "update"]
    assert left[-1] == (15, 0) and all((updates + pending) % 5 == 0 for updates, pending in left)


def test_eval_needs_no_flag_and_films(run, capsys):
    assert main(["eval", str(run), "--episodes", "2", "--video", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["env"] == "box-push" and report["statistics"]["episodes"] == 2
    assert report["statistics"]["length/mean"] == 100.0 and 0 <= report["statistics"]["success/mean"] <= 1
    with av.open(report["video"]) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == 50  # real time
        assert sum(1 for _ in container.decode(stream)) == 2 * 101
        assert stream.width > 2 * 256 and stream.height > 256  # two views side by side


def test_eval_prints_a_table_and_repeats_itself(run, capsys):
    tables = []
    for checkpoint in (run, run / "checkpoints" / "latest.pt"):
        assert main(["eval", str(checkpoint), "--episodes", "2"]) == 0
        tables.append(capsys.readouterr().out)
    assert tables[0] == tables[1]
    assert [line.split()[0] for line in tables[0].splitlines()][:3] == ["metric", "return", "success"]


def test_a_lone_checkpoint_is_filmed_beside_itself(run, tmp_path, capsys):
    lone = tmp_path / "lone.pt"
    shutil.copy(run / "checkpoints" / "latest.pt", lone)
    assert main(["eval", str(lone), "--episodes", "1", "--video", "--quiet"]) == 0
    assert (tmp_path / "lone-seed0.mp4").stat().st_size > 1000


@pytest.mark.parametrize(
    "flags",
    [
        ["--env", "cartpole-swingup", "--method", "v-coral"],
        ["--env", "cheetah-run", "--image-loss", "recon", "--image-loss.depth", "2"],
        ["--env", "reacher-easy", "--method", "p-coral", "--precision", "bf16"],
        ["--env.reward", "sparse", "--objective", "predictive", "--image-loss", "cv", "--steps", "200"],
    ],
    ids=["v-coral", "recon", "bf16", "sparse"],
)
def test_combinations_train(flags, tmp_path, capsys):
    budget = ["--steps", "1200", "--eval-every", "0", "--out", str(tmp_path / "run")]
    assert main(["train", *QUICK, *budget, *flags, "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[-1]["kind"] == "end" and events[-1]["values"]["status"] == "done"
    assert any(event["kind"] == "update" for event in events)


def command(*words):
    return [sys.executable, "-m", "coral_cli", *words]


@pytest.mark.slow
def test_without_opengl_the_ray_caster_draws_and_films(tmp_path):
    run, film = tmp_path / "run", tmp_path / "new" / "film.mp4"
    environ = {**os.environ, "MUJOCO_GL": "disable"}
    subprocess.run(command("train", *BOX, "--steps", "200", "--out", str(run)), env=environ, check=True)
    assert json.loads((run / "run.json").read_text())["renderer"] == "raycast"
    subprocess.run(command("eval", str(run), "--episodes", "1", "--video", str(film)), env=environ, check=True)
    assert film.stat().st_size > 1000


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, 130),
        pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, 129, marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_run_is_saved_and_goes_on(number, code, tmp_path, capsys):
    run = tmp_path / "run"
    words = command("train", *BOX, "--steps", "100k", "--replay-size", "5k", "--out", str(run))
    heard = partial(signal.signal, number, signal.SIG_DFL)  # also where these tests run under nohup
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, preexec_fn=heard) as training:
        deadline = time.monotonic() + 250
        while not (run / "checkpoints" / "latest.pt").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        training.send_signal(number)
        _, errors = training.communicate(timeout=200)
    assert training.returncode == code
    assert f"coral train --resume {run}" in errors.replace("\n", " ")

    before = read_metrics(run / "metrics.jsonl")[-1]
    saved = load(run / "checkpoints" / "latest.pt")[1]
    assert before.values["status"] == "interrupted" and saved["progress"]["steps"] == before.step
    budget = before.step + 200
    assert main(["train", "--resume", str(run), "--steps", str(budget), "--quiet"]) == 0
    after = load(run / "checkpoints" / "latest.pt")[1]
    assert after["progress"]["steps"] == budget
    assert after["progress"]["updates"] > saved["progress"]["updates"]
    assert after["replay"]["next_serial"] == saved["replay"]["next_serial"] + 2  # the replay went on growing
    metadata = json.loads((run / "run.json").read_text())
    assert metadata["assembly"]["settings"]["steps"] == budget
    first, second = metadata["starts"]
    assert first["typed"].endswith(f"--replay-size 5k --out {run}") and first["time"] == metadata["started"]
    assert second["typed"] == metadata["typed"] == f"coral train --resume {run} --steps {budget} --quiet"
    assert second["machine"]["cpu"] == metadata["machine"]["cpu"] and first["time"] <= second["time"]
    episodes = [event.values["episode"] for event in read_metrics(run / "metrics.jsonl") if event.kind == "episode"]
    assert episodes == list(range(1, len(episodes) + 1))


def test_a_dry_run_tells_the_cost_and_writes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["train", *BOX, "--dry-run", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["sensors"] == {"image": [70, 70, 3], "wrist": [38, 38, 3], "proprio": [17]}
    assert report["parameters"]["total"] == sum(v for k, v in report["parameters"].items() if k != "total")
    per_transition = 70 * 70 * 3 + 38 * 38 * 3 + 4 * 17 + 4 * 2 + 4 + 1 + 3
    assert report["replay_bytes"] == report["replay_transitions"] * per_transition
    eta = report["eta_seconds"]
    assert eta > 0 and report["eta_range_seconds"] == pytest.approx([0.7 * eta, 1.3 * eta])
    assert main(["train", *BOX, "--dry-run"]) == 0
    assert "replay" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code", "match"),
    [
        (["train", "--resume", "{run}", "--seed", "5"], 2, "--seed is 5, but the run was started with 0"),
        (["train", "--resume", "{run}", "--rssm.gru", "9"], 2, "--rssm.gru is 9, but"),
        (["train", "--resume", "{run}", "--steps", "200"], 2, "--steps is 200, but the run has done 300 already"),
        (["train", *BOX, "--out", "{run}"], 2, "already holds a run"),
        (["train", *BOX, "--device", "cuda:9"], 2, "cuda:9 is not there"),
        (["train", *BOX, "--replay-size", "50", "--out", "{tmp}/small"], 2, "does not fit a replay of 50"),
        (["eval", "{tmp}/nothing"], 4, "does not exist"),
        (["eval", "{tmp}/damaged.pt"], 4, "is damaged"),
        (["eval", "{run}", "--video=film.avi"], 2, "videos are .mp4 files"),
    ],
)
def test_bad_input_is_one_sentence_and_a_hint(run, words, code, match, tmp_path, capsys):
    content = (run / "checkpoints" / "latest.pt").read_bytes()
    (tmp_path / "damaged.pt").write_bytes(content[: len(content) // 2])
    assert main([word.format(run=run, tmp=tmp_path) for word in words]) == code
    errors = capsys.readouterr().err
    assert match in errors and "error: " in errors and "Traceback" not in errors


def test_a_run_without_room_for_its_replay_leaves_its_name_free(tmp_path, monkeypatch, capsys):
    out, usage = tmp_path / "run", shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(path)._replace(free=1))
    words = ["train", *BOX, "--steps", "100", "--out", str(out), "--quiet"]
    assert main(words) == 1
    assert "disk are free" in capsys.readouterr().err
    monkeypatch.undo()
    assert main(words) == 0


def test_a_replay_that_cannot_be_made_leaves_the_name_free_as_well(tmp_path):
    limited = shlex.join(command("train", *BOX, "--steps", "100", "--out", str(tmp_path / "run"), "--quiet"))
    ended = subprocess.run(f"ulimit -f 1000; trap '' XFSZ; {limited}", shell=True, stderr=-1, text=True, check=False)
    assert ended.returncode == 1 and "no room left to write" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_two_processes_cannot_train_one_run(run, capsys):
    with RunDirectory.open(run).held():
        assert main(["train", "--resume", str(run), "--steps", "400"]) == 2
    assert "is being trained by another process" in capsys.readouterr().err


@pytest.mark.parametrize("lost", ["replay", "replay/*.json", "replay/image.bin", "checkpoints"])
def test_what_cannot_be_gone_on_from_stays_as_it_is(lost, run, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    for gone in copy.glob(lost):
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    before = (copy / "run.json").read_text()
    assert main(["train", "--resume", str(copy), "--steps", "400"]) == 4
    assert "Traceback" not in capsys.readouterr().err
    assert (copy / "run.json").read_text() == before


def test_a_damaged_checkpoint_is_replaced_by_the_one_before(run, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    for name in ("latest.pt", "step-000000300.pt"):
        file = copy / "checkpoints" / name
        file.write_bytes(file.read_bytes()[:-100])
    assert main(["train", "--resume", str(copy), "--steps", "400"]) == 0
    errors = " ".join(capsys.readouterr().err.split())
    assert "latest.pt is damaged" in errors and "Going on from step-000000200.pt." in errors
    episodes = [event.step for event in read_metrics(copy / "metrics.jsonl") if event.kind == "episode"]
    assert episodes == [100, 200, 300, 400]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stream", "words"), [("stdout", ["--json"]), pytest.param("stderr", [], marks=pytest.mark.slow)]
)
def test_a_reader_that_goes_away_ends_the_run_saved(stream, words, tmp_path):
    run = tmp_path / "run"
    training = subprocess.Popen(
        command("train", *BOX, "--steps", "100k", "--replay-size", "5k", "--out", str(run), *words),
        **{stream: subprocess.PIPE},
    )
    with training:
        getattr(training, stream).readline()
        getattr(training, stream).close()
        training.wait(timeout=250)
    assert training.returncode == 128 + signal.SIGPIPE
    *_, end = read_metrics(run / "metrics.jsonl")
    assert end.values["status"] == "interrupted"
    assert load(run / "checkpoints" / "latest.pt")[1]["progress"]["steps"] == end.step


def test_an_impatient_interruption_stops_at_once(tmp_path, monkeypatch, capsys):
    def impatient(self):
        raise KeyboardInterrupt

    monkeypatch.setattr("coral_cli.training.trainer.Trainer.run", impatient)
    run = tmp_path / "run"
    assert main(["train", *BOX, "--steps", "300", "--out", str(run)]) == 130
    assert read_metrics(run / "metrics.jsonl")[-1].values["status"] == "interrupted"
    assert "stopped at once, without saving" in capsys.readouterr().err


@pytest.mark.parametrize(("method", "size", "advised"), [("proprio-sac", "tiny", False), ("v-coral", "paper", True)])
def test_smaller_sizes_are_advised_where_there_are_any(method, size, advised, tmp_path, monkeypatch):
    monkeypatch.setattr("coral_cli.training.trainer.Trainer.run", lambda self: None)
    words = f"--env cartpole-swingup --method {method} --size {size} --batch-size 1 --batch-length 2".split()
    assert main(["train", *words, "--steps", "300", "--out", str(tmp_path / "run"), "--quiet"]) == 0
    (note,) = (e.values["message"] for e in read_metrics(tmp_path / "run" / "metrics.jsonl") if e.kind == "note")
    assert ("at the paper's size; --size small" in note) is advised
