"""What is read within labels."""

import pytest
import torch
from torch.profiler import record_function

from coral_cli.measuring.spans import shares, spans


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
        with record_function("coral/scan"):
            meter.work(2)
        with record_function("elsewhere"):
            meter.work(4)
        with record_function("coral/policy"):
            meter.work(8)
            with record_function("coral/backward"):
                meter.work(16)
            meter.work(32)
        with record_function("coral/scan"):
            meter.work(64)
    assert parts == {"scan": 66.0, "policy": 56.0}


def test_an_error_leaves_labels_as_they_were():
    methods = record_function.__enter__, record_function.__exit__
    with pytest.raises(ZeroDivisionError), spans(lambda: 0.0), record_function("coral/scan"):
        raise ZeroDivisionError
    assert (record_function.__enter__, record_function.__exit__) == methods
    with record_function("coral/scan"):
        pass


def test_shares_are_medians_and_make_one(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("coral_cli.measuring.timing.time.perf_counter", lambda: clock[0])
    amounts = iter([(1.0, 3.0), (1.0, 3.0), (9.0, 1.0)])  # the last repeat is an outlier

    def update():
        scan, rest = next(amounts)
        with record_function("coral/scan"):
            clock[0] += scan
        clock[0] += rest

    assert shares(update, 3, torch.device("cpu")) == pytest.approx({"scan": 0.25, "other": 0.75})
