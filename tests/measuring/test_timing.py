"""Medians of calls that take turns."""

import pytest

from coral_cli.measuring.timing import Timing, interleaved


def test_a_timing_by_hand():
    timing = Timing.of([4.0, 1.0, 10.0, 2.0, 3.0])  # the middle half reaches from 2 to 4
    assert (timing.median, timing.best, timing.repeats) == (3.0, 1.0, 5)
    assert timing.spread == pytest.approx(2 / 3)
    assert Timing.of([0.5]) == Timing(0.5, 0.5, 0.0, 1)


def test_calls_take_turns_and_every_second_round_is_reversed():
    order = []
    calls = {name: lambda name=name: order.append(name) for name in "abc"}
    timings = interleaved(calls, repeats=3, warm_up=1)
    assert "".join(order) == "abccbaabccba"
    assert list(timings) == ["a", "b", "c"]
    assert all(timing.repeats == 3 and timing.median > 0 for timing in timings.values())


def test_each_call_gets_its_own_time(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("coral_cli.measuring.timing.time.perf_counter", lambda: clock[0])

    def lasting(seconds):
        def call():
            clock[0] += next(seconds)

        return call

    slow, quick = iter([100.0, 8.0, 4.0, 6.0]), iter([100.0, 1.0, 1.0, 4.0])
    timings = interleaved({"slow": lasting(slow), "quick": lasting(quick)}, repeats=3, warm_up=1)
    assert timings["slow"] == Timing(6.0, 4.0, pytest.approx(1 / 3), 3)  # quartiles 5 and 7
    assert timings["quick"].median == timings["quick"].best == 1.0
