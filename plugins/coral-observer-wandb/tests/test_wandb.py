"""What an offline run holds is what was heard. Nothing here needs a network or an account."""

import itertools
import json
import math
import sys
import time

import pytest

from coral_cli.plugin import Event
from coral_cli.testing import check_observer, run
from coral_observer_wandb import WandbOptions, coral_observers

(RECORD,) = coral_observers()
OFFLINE = WandbOptions(mode="offline")
TOY = "--env toy --image-encoder toy --proprio-encoder toy --rssm toy --size tiny --batch-length 4 --quiet"


@pytest.fixture
def wandb(monkeypatch, tmp_path):
    """The library, which finds no settings and no account."""
    for name in ("CONFIG", "CACHE", "DATA"):
        monkeypatch.setenv(f"WANDB_{name}_DIR", str(tmp_path / name))
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    return pytest.importorskip("wandb")


def records(folder):
    """The records of every offline run below ``folder``, in order of time, once all have ended.

    wandb writes them in a process of its own, which may be behind on a busy machine.
    """
    deadline = time.monotonic() + 200
    while True:
        logs = [list(parsed(file.read_bytes())) for file in sorted(folder.glob("wandb/offline-run-*/*.wandb"))]
        if logs and all(log and log[-1].WhichOneof("record_type") == "exit" for log in logs):
            return list(itertools.chain(*logs))
        assert time.monotonic() < deadline, [[record.WhichOneof("record_type") for record in log] for log in logs]
        time.sleep(0.1)


def parsed(log):
    """The records of a log in the format of LevelDB, as far as it is written."""
    from wandb.proto.wandb_internal_pb2 import Record

    position, data = 7, b""  # behind the file's own header
    while position + 7 <= len(log):
        rest = 32768 - position % 32768
        if rest < 7:
            position += rest  # no record's header crosses a block's border
            continue
        length, kind = int.from_bytes(log[position + 4 : position + 6], "little"), log[position + 6]
        position += 7 + length
        if position > len(log):
            return
        data += log[position - length : position]
        if kind in (1, 4):  # whole, or the last part
            record = Record()
            record.ParseFromString(data)
            data = b""
            yield record


def history(folder):
    """The rows, without what wandb adds."""
    rows = []
    for record in records(folder):
        if record.WhichOneof("record_type") == "history":
            items = {item.key or "/".join(item.nested_key): item.value_json for item in record.history.item}
            rows.append({key: json.loads(value) for key, value in items.items() if not key.startswith("_")})
    return rows


@pytest.mark.slow
def test_the_contract_holds(wandb):
    check_observer(RECORD, OFFLINE)


def test_numbers_are_the_history_over_steps(wandb, tmp_path):
    observer = RECORD.build(OFFLINE, tmp_path)
    observer(Event("start", 0, 0.0, {"command": "coral train", "seed": 3, "resumed": False}))
    observer(Event("episode", 10, 1.0, {"episode": 1, "return": 2.5, "random": True, "metrics/success": 1.0}))
    observer(Event("update", 20, 2.0, {"loss/image": math.nan, "updates_per_s": 4}))
    observer(Event("evaluation", 20, 3.0, {"return/mean": 7.0}))
    observer(Event("note", 20, 3.0, {"message": "nothing to plot"}))
    observer(Event("end", 20, 4.0, {"status": "done", "seconds": 4.0, "best_return": 7.0, "message": ""}))
    observer.close()
    rows = history(tmp_path)
    assert math.isnan(float(rows[1].pop("loss/image")))
    assert rows == [
        {"env_steps": 10, "episode/episode": 1, "episode/return": 2.5, "episode/metrics/success": 1},
        {"env_steps": 20, "update/updates_per_s": 4},
        {"env_steps": 20, "evaluation/return/mean": 7},
    ]
    summary = {
        item.key: json.loads(item.value_json)
        for record in records(tmp_path)
        if record.WhichOneof("record_type") == "summary"
        for item in record.summary.update
    }
    assert (summary["status"], summary["best_return"]) == ("done", 7)


def config(folder):
    """The run's config as it is in the end."""
    found = {}
    for record in records(folder):
        if record.WhichOneof("record_type") in ("run", "config"):
            update = record.run.config if record.WhichOneof("record_type") == "run" else record.config
            found |= {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in update.update}
    return found


def test_flags_and_the_start_are_the_config(wandb, tmp_path):
    observer = RECORD.build(OFFLINE, tmp_path)
    flags = {"flag/policy": "sac", "flag/policy.hidden": 128, "flag/device": "auto", "flag/init-from": None}
    observer(Event("start", 0, 0.0, {"command": "coral train", "device": "cpu", **flags}))
    observer.close()
    expected = {"policy": "sac", "policy.hidden": 128, "device": "cpu", "init-from": None, "command": "coral train"}
    assert expected.items() <= config(tmp_path).items()
    assert not [name for name in config(tmp_path) if name.startswith("flag")]


def test_a_real_run_is_filmed(wandb, tmp_path):
    line = f"train {TOY} --random-episodes 1 --updates-per-step 0.2 --steps 40 --eval-every 2 --eval-episodes 1"
    words = f"{line} --film-every 2 --observer wandb --observer.wandb.mode offline --out {tmp_path / 'run'}"
    outcome = run(words, [RECORD])
    assert outcome.code == 0 and "no more" not in outcome.err, outcome.err
    rows = [row for row in history(tmp_path / "run") if "film/film/_type" in row or "film/film" in row]
    assert [row["env_steps"] for row in rows] == [24, 48]
    [offline] = (tmp_path / "run" / "wandb").glob("offline-run-*")
    kept = {kind: sorted((offline / "files" / "media" / kind / "film").iterdir()) for kind in ("videos", "images")}
    for kind, suffix in (("videos", "mp4"), ("images", "png")):
        ours = sorted((tmp_path / "run" / "videos").glob(f"*.{suffix}"))
        assert sorted(file.read_bytes() for file in kept[kind]) == sorted(file.read_bytes() for file in ours)
    assert config(tmp_path / "run")["film-every"] == 2


def test_what_is_wrong_with_films_costs_no_numbers(wandb, tmp_path, capsys):
    observer = RECORD.build(OFFLINE, tmp_path)
    lost = {"path": "videos/none.mp4", "picture": "videos/none.png", "cameras": "image", "return": 2.5}
    for step in (10, 20):
        observer(Event("film", step, 1.0, lost))
    observer(Event("evaluation", 30, 3.0, {"return/mean": 7.0}))
    observer.close()
    assert history(tmp_path) == [
        {"env_steps": 10, "film/return": 2.5},
        {"env_steps": 20, "film/return": 2.5},
        {"env_steps": 30, "evaluation/return/mean": 7},
    ]
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("Weights & Biases gets no more films: ") == 1


def test_films_can_be_left_out(wandb, tmp_path):
    observer = RECORD.build(WandbOptions(mode="offline", films=False), tmp_path)
    observer(Event("film", 10, 1.0, {"path": "a.mp4", "picture": "a.png", "cameras": "image", "return": 2.5}))
    observer.close()
    assert history(tmp_path) == [{"env_steps": 10, "film/return": 2.5}]


@pytest.mark.parametrize("part", ["init", "log", "finish"])
def test_a_wandb_that_breaks_is_a_warning(part, wandb, monkeypatch, tmp_path):
    def broken(*_, **__):
        raise RuntimeError("no\nservice")

    class Broken:
        """A run of wandb of which one part does not work."""

        def __init__(self, **_):
            self.config = self.summary = {}

        def define_metric(self, *_, **__):
            pass

        log = broken if part == "log" else define_metric
        finish = broken if part == "finish" else define_metric

    monkeypatch.setattr(wandb, "init", broken if part == "init" else Broken)
    line = f"train {TOY} --random-episodes 1 --updates-per-step 0.2 --steps 40 --observer wandb"
    outcome = run(f"{line} --out {tmp_path / 'run'}", [RECORD])
    assert outcome.code == 0, outcome.err
    metrics = (tmp_path / "run" / "metrics.jsonl").read_text()
    assert metrics.count("observer wandb hears no more, because it raised RuntimeError: no") == 1
    assert '"status": "done"' in metrics


def test_a_resumed_run_has_the_same_id(wandb, tmp_path):
    line = f"train {TOY} --random-episodes 1 --updates-per-step 0.2 --steps 40 --observer wandb"
    outcome = run(f"{line} --observer.wandb.mode offline --out {tmp_path / 'run'}", [RECORD])
    assert outcome.code == 0 and "hears no more" not in outcome.err, outcome.err
    steps = [row["env_steps"] for row in history(tmp_path / "run") if "loss/total" in row]
    assert run(f"train --resume {tmp_path / 'run'} --steps 80 --quiet", [RECORD]).code == 0
    assert len(list((tmp_path / "run").glob("wandb/offline-run-*"))) >= 1
    assert len({file.name for file in (tmp_path / "run").glob("wandb/offline-run-*/*.wandb")}) == 1
    after = [row["env_steps"] for row in history(tmp_path / "run") if "loss/total" in row]
    assert after[: len(steps)] == steps and after[-1] > 40


def test_without_wandb_it_says_so_before_training(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "coral_observer_wandb.observer", raising=False)
    monkeypatch.setitem(sys.modules, "wandb", None)
    outcome = run(f"train {TOY} --observer wandb --steps 40 --out {tmp_path / 'run'}", [RECORD])
    assert outcome.code == 2
    assert "error: the observer wandb needs wandb, which cannot be imported" in outcome.err
    assert "hint: pip install wandb, or leave out --observer wandb." in outcome.err
