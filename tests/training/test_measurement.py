"""Statistics of evaluations, means of metrics, interruption."""

import math
import signal
from types import SimpleNamespace

import pytest
import torch

from coral_cli.registry.stopping import Stopped
from coral_cli.training.collection import Episode
from coral_cli.training.evaluation import mean_and_stderr, statistics
from coral_cli.training.interruption import Interruption
from coral_cli.training.measurement import Measurement


def test_mean_and_standard_error_by_hand():
    # deviations -1, 0, 1: sample variance 1, standard error 1 / sqrt(3)
    assert mean_and_stderr([1.0, 2.0, 3.0]) == pytest.approx((2.0, 3**-0.5))


def test_one_episode_has_no_standard_error():
    mean, error = mean_and_stderr([4.0])
    assert mean == 4.0 and math.isnan(error)
    values = statistics([Episode(4.0, 5, {"success": 1.0})])
    assert (values["return/mean"], values["success/mean"]) == (4.0, 1.0)
    assert [value for name, value in values.items() if name.endswith("/stderr")] == [None, None, None]


def test_statistics_of_episodes():
    values = statistics([Episode(1.0, 5, {"success": 0.0}), Episode(3.0, 5, {"success": 1.0})])
    assert values["return/mean"] == 2.0 and values["return/stderr"] == pytest.approx(1.0)
    assert values["success/mean"] == 0.5 and values["length/stderr"] == 0.0
    assert (values["episodes"], values["return/max"], values["return/min"]) == (2, 3.0, 1.0)


def test_a_metric_need_not_be_in_every_episode():
    episodes = [Episode(1.0, 5, {"return": 9.0}), Episode(3.0, 5, {"success": 1.0, "tries": 2.0})]
    values = statistics(episodes)
    assert values["success/mean"] == 0.5  # who does not tell has not solved it
    assert (values["tries/mean"], values["tries/stderr"]) == (2.0, None)
    assert values["return/mean"] == 2.0  # of the episodes, whatever they call their metrics


def test_measurement_reports_means_and_starts_again(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("coral_cli.training.measurement.time", SimpleNamespace(perf_counter=lambda: clock[0]))
    measurement = Measurement()
    for value in (1.0, 2.0, 6.0):
        measurement.add({"loss/total": torch.tensor(value)})
        with measurement.timing("learn"):
            clock[0] += 1.0
    clock[0] += 5.0
    assert (measurement.age, measurement.updates) == (8.0, 3)
    report = measurement.report()
    assert report.pop("memory_mb") > 10
    assert report == {"loss/total": 3.0, "seconds/learn": 3 / 8, "updates_per_s": 3 / 8}
    clock[0] += 1.0
    assert (measurement.age, measurement.updates) == (1.0, 0)
    assert set(measurement.report()) == {"updates_per_s", "memory_mb"}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_only_asks(number, code):
    with Interruption() as interruption:
        assert not interruption and interruption.exit_code == 0
        signal.raise_signal(number)
        assert interruption and interruption.exit_code == code


def test_the_second_ctrl_c_stops_at_once_and_handlers_come_back():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Stopped), Interruption():
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_metric_may_be_a_tensor_of_one_number():
    measured = Measurement()
    for value in (1.0, 2.0):
        measured.add({"flat": torch.tensor([value]), "scalar": torch.tensor(value)})
    report = measured.report()
    assert report["flat"] == report["scalar"] == 1.5
