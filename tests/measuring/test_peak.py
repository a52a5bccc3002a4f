"""The machine's peak: the work is what it is said to be, and never takes long."""

import pytest
import torch

from coral_cli.measuring import peak
from coral_cli.measuring.flops import counted
from coral_cli.measuring.peak import Peak, best_rate, measure_peak

CPU = torch.device("cpu")


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_operations_are_those_that_torch_counts(precision, monkeypatch):
    works = []

    def every(make, sizes, device):
        works.extend(make(size) for size in (4, 8))
        return 1.0

    monkeypatch.setattr(peak, "best_rate", every)
    assert measure_peak(precision, CPU) == Peak(1.0, 1.0)
    assert len(works) == 4
    for call, flops in works:
        assert counted(call).total == flops
        assert call().dtype == peak.DTYPES[precision]


def timed(monkeypatch, seconds):
    """Rates on sizes whose work is size ** 3, each call as long as ``seconds`` says of its size."""
    called = []
    monkeypatch.setattr(peak, "seconds_of", lambda call, device: call())

    def make(size):
        def call():
            called.append(size)
            return next(seconds[size])

        return call, size**3

    return best_rate(make, sorted(seconds), CPU), called


def test_it_is_the_best_of_all_repeats(monkeypatch):
    rate, called = timed(monkeypatch, {1: iter([9.0, 1.0] + [0.2] * 5), 2: iter([2.0, 0.1])})
    # The very first call does not count; the second one takes long, which ends it
    assert called == [1] * 2 and rate == 1.0
    rate, called = timed(monkeypatch, {1: iter([9.0] + [0.1] * 6), 2: iter([0.2, 0.1, 0.05, 0.1, 0.1, 0.1])})
    assert called == [1] * 7 and rate == pytest.approx(10.0)  # 8 operations would take 0.8 seconds
    rate, called = timed(monkeypatch, {1: iter([9.0] + [0.01] * 6), 2: iter([0.2, 0.1, 0.05, 0.1, 0.1, 0.1])})
    assert called == [1] * 7 + [2] * 6 and rate == pytest.approx(8 / 0.05)
