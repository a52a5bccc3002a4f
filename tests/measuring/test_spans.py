"""What is read within labels."""

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from coral_cli.measuring.spans import shares, spans
from coral_cli.representation.span import LISTENERS, span


class Meter:
    """Something that grows when work is done."""

    def __init__(self):
        self.value = 0.0

    def work(self, amount):
        self.value += amount


def test_spans_of_one_name_add_up_and_inner_ones_are_part_of_the_outer():
    meter = Meter()
    with spans(lambda: meter.value) as parts:
        meter.work(1)
        with span("scan"):
            meter.work(2)
        meter.work(4)
        with span("policy"):
            meter.work(8)
            with span("backward"):
                meter.work(16)
            meter.work(32)
        with span("scan"):
            meter.work(64)
    assert parts == {"scan": 66.0, "policy": 56.0}


def test_an_error_ends_a_span_and_leaves_nobody_listening():
    meter = Meter()
    with pytest.raises(ZeroDivisionError), spans(lambda: meter.value) as parts:
        with pytest.raises(ZeroDivisionError), span("scan"):
            meter.work(2)
            raise ZeroDivisionError
        assert parts == {"scan": 2.0}
        raise ZeroDivisionError
    assert not LISTENERS
    with span("scan"):
        pass


def test_a_profiler_shows_them():
    with profile(activities=[ProfilerActivity.CPU]) as profiler, span("scan"):
        torch.ones(2).sum()
    assert "coral/scan" in {event.key for event in profiler.key_averages()}


def test_shares_are_medians_and_make_one(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("coral_cli.measuring.timing.time.perf_counter", lambda: clock[0])
    amounts = iter([(1.0, 3.0), (1.0, 3.0), (9.0, 1.0)])  # the last repeat is an outlier

    def update():
        scan, rest = next(amounts)
        with span("scan"):
            clock[0] += scan
        clock[0] += rest

    assert shares(update, 3, torch.device("cpu")) == pytest.approx({"scan": 0.25, "other": 0.75})
