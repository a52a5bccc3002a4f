"""What TensorBoard reads back is what was heard."""

import math
import sys

import pytest

from coral_cli.plugin import Event
from coral_cli.testing import check_observer, run
from coral_observer_tensorboard import coral_observers

(RECORD,) = coral_observers()


@pytest.fixture
def read():
    """What TensorBoard finds in a folder."""
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def load(folder):
        found = EventAccumulator(str(folder))
        found.Reload()
        return found

    return load


def test_the_contract_holds():
    pytest.importorskip("tensorboard")
    check_observer(RECORD)


def test_numbers_are_scalars_over_steps_and_the_rest_is_text(read, tmp_path):
    observer = RECORD.build(RECORD.options, tmp_path)
    observer(Event("start", 0, 0.0, {"command": "coral train", "seed": 3}))
    observer(Event("episode", 10, 1.0, {"episode": 1, "return": 2.5, "random": True, "metrics/success": 1.0}))
    for step, loss in ((20, 0.5), (30, math.nan)):
        observer(Event("update", step, 2.0, {"loss/image": loss, "updates_per_s": 4}))
    observer(Event("evaluation", 30, 3.0, {"return/mean": 7.0}))
    observer(Event("warning", 30, 3.0, {"message": "odd"}))
    observer(Event("end", 30, 4.0, {"status": "done", "best_return": None, "message": ""}))
    observer.close()
    found = read(tmp_path / "tensorboard")
    points = {tag: [(point.step, point.value) for point in found.Scalars(tag)] for tag in found.Tags()["scalars"]}
    assert math.isnan(points["loss/image"].pop()[1])
    assert points == {
        "episode/episode": [(10, 1)],
        "episode/return": [(10, 2.5)],
        "episode/metrics/success": [(10, 1)],
        "loss/image": [(20, 0.5)],
        "update/updates_per_s": [(20, 4), (30, 4)],
        "evaluation/return/mean": [(30, 7)],
    }
    assert found.Tags()["tensors"] == ["start/command/text_summary", "warning/message/text_summary"]


def test_a_run_is_observed_and_so_is_its_resumption(read, tmp_path):
    toy = "--env toy --image-encoder toy --proprio-encoder toy --rssm toy --size tiny --batch-length 4 --quiet"
    line = f"train {toy} --random-episodes 1 --updates-per-step 0.2 --steps 40 --observer tensorboard"
    outcome = run(f"{line} --observer.tensorboard.folder curves --out {tmp_path / 'run'}", [RECORD])
    assert outcome.code == 0, outcome.err
    assert run(f"train --resume {tmp_path / 'run'} --steps 80 --quiet", [RECORD]).code == 0
    losses = read(tmp_path / "run" / "curves").Scalars("loss/total")
    assert losses[0].step < 40 < losses[-1].step and all(math.isfinite(point.value) for point in losses)


def test_without_tensorboard_it_says_so_before_training(monkeypatch, tmp_path):
    for name in ("tensorboard", "torch.utils.tensorboard", "coral_observer_tensorboard.observer"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    toy = "--env toy --image-encoder toy --proprio-encoder toy --rssm toy --size tiny"
    outcome = run(f"train {toy} --observer tensorboard --steps 40 --out {tmp_path / 'run'}", [RECORD])
    assert outcome.code == 2
    assert "error: the observer tensorboard needs tensorboard, which cannot be imported" in outcome.err
    assert "hint: pip install tensorboard, or leave out --observer tensorboard." in outcome.err
