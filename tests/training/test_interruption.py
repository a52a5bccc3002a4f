"""Runs that were cut off, by a signal or an error, go on as if nothing had happened."""

import pytest
import torch

from coral_cli.training.collectors import OneByOne

from .walk import LENGTH, Run, Walk, finished


@pytest.mark.parametrize(
    "stop_at",
    [
        ("episode", 3),
        pytest.param(("update", 1), marks=pytest.mark.slow),
        pytest.param(("evaluation", 1), marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(tmp_path, stop_at, monkeypatch):
    """At every kind of moment: the resumed run ends in the same weights as one that was never stopped."""
    monkeypatch.setattr("coral_cli.training.updates.REPORT_SECONDS", 0.0)
    whole = Run(directory=tmp_path / "whole")
    whole.trainer.run()

    class Stopped(Run):
        def emit(self, event):
            super().emit(event)
            if len(self.of(stop_at[0])) == stop_at[1]:
                self.interruption.signal = 2

    first = Stopped(directory=tmp_path / "parts")
    first.trainer.run()
    assert first.trainer.progress.steps < 180

    second = Run(directory=tmp_path / "parts")
    second.trainer.load_state_dict(first.saved[-1])
    second.trainer.run()
    expected, got = (run.trainer.agent.representation.state_dict() for run in (whole, second))
    for name in expected:
        torch.testing.assert_close(got[name], expected[name], rtol=0, atol=0)
    assert second.trainer.progress.updates == whole.trainer.progress.updates
    assert second.trainer.replay.next_serial == whole.trainer.replay.next_serial


class CutOff(Walk):
    """Interrupts the run ``at`` an action, counted over all episodes."""

    def __init__(self, interruption, at):
        self._interruption, self._left = interruption, at

    def step(self, action):
        self._left -= 1
        if not self._left:
            self._interruption.signal = 2
        return super().step(action)


class Breaking(Walk):
    """Raises ``at`` an action, counted over all episodes."""

    def __init__(self, at):
        self._left = at

    def step(self, action):
        self._left -= 1
        if not self._left:
            raise ValueError("the floor is gone")
        return super().step(action)


@pytest.mark.parametrize("at", [5, 4 * LENGTH + 5])
def test_what_an_error_in_an_episode_leaves_goes_on_as_if_nothing_had_happened(tmp_path, at):
    whole = Run(directory=tmp_path / "whole")
    whole.trainer.run()
    first = Run(directory=tmp_path / "parts", collector=lambda _: OneByOne(Breaking(at)))
    with pytest.raises(ValueError, match="the floor is gone"):
        first.trainer.run()
    first.trainer.checkpoint()
    second = Run(directory=tmp_path / "parts")
    second.trainer.load_state_dict(first.saved[-1])
    second.trainer.run()
    expected, got = (run.trainer.agent.weights() for run in (whole, second))
    for name in expected:
        torch.testing.assert_close(got[name], expected[name], rtol=0, atol=0)


def in_rounds(env, count):
    """A collector that plays ``count`` episodes at a time, one after the other."""
    collector = OneByOne(env)
    collector.count = count
    return collector


@pytest.mark.parametrize(
    ("count", "at"),
    [
        (1, 5),
        pytest.param(1, 4 * LENGTH + 5, marks=pytest.mark.slow),
        pytest.param(1, 5 * LENGTH, marks=pytest.mark.slow),
        (3, 6 * LENGTH + 5),
    ],
)
def test_episodes_that_are_cut_off_leave_no_trace(tmp_path, count, at):
    whole = Run(directory=tmp_path / "whole", collector=lambda _: in_rounds(Walk(), count))
    whole.trainer.run()

    first = Run(directory=tmp_path / "parts", collector=lambda interruption: in_rounds(CutOff(interruption, at), count))
    first.trainer.run()
    second = Run(directory=tmp_path / "parts", collector=lambda _: in_rounds(Walk(), count))
    second.trainer.load_state_dict(first.saved[-1])
    second.trainer.run()
    returns = [event.values["return"] for run in (first, second) for event in run.of("episode")]
    assert returns == [event.values["return"] for event in whole.of("episode")]
    expected, got = (run.trainer.agent.weights() for run in (whole, second))
    for name in expected:
        torch.testing.assert_close(got[name], expected[name], rtol=0, atol=0)
    assert second.trainer.progress.updates == whole.trainer.progress.updates


def test_transitions_that_are_gone_are_told():
    run = finished()
    state = {**run.saved[-1], "replay": {"next_serial": 10, "size": 107}}
    run.trainer.load_state_dict(state)
    assert run.trainer.remark.startswith("7 transitions are gone")
    assert finished().trainer.remark == ""
