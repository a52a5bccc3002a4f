from __future__ import annotations

import numpy as np

from coral_cli.report.reading import read
from coral_cli.report.series import POINTS, series, thinned_over_runs


def test_evaluations_and_updates_are_curves_by_group_and_name(make_run) -> None:
    updates = {
        500: {"loss/image": 4.0, "policy/critic_loss": 1.0, "updates": 7, "seconds/learn": 0.5},
        900: {"loss/image": None, "metric/image/mse": 0.25, "share/kl": True, "loss/": 3.0},
    }
    run = read(make_run("a", {1000: 5.0, 2000: float("nan")}, updates=updates), "return")
    found = {
        group: {name: (one.steps, one.values, one.seconds) for name, one in names.items()}
        for group, names in series(run).items()
    }
    assert found == {
        "evaluation": {"return": ((1000,), (5.0,), (10.0,))},
        "loss": {"image": ((500,), (4.0,), (5.0,))},
        "metric": {"image/mse": ((900,), (0.25,), (9.0,))},
        "share": {},
        "policy": {"critic_loss": ((500,), (1.0,), (5.0,))},
        "gradient": {},
    }


def test_reports_at_the_same_step_are_averaged_and_many_are_too(make_run, monkeypatch) -> None:
    path = make_run("a", {}, updates={step: {"loss/kl": float(step)} for step in range(4 * POINTS)})
    with (path / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "update", "step": 239, "seconds": 2.39, "values": {"loss/kl": 1000.0}}\n')
    curve = series(read(path, "return"))["loss"]["kl"]
    assert len(curve.steps) == POINTS
    assert list(curve.steps) == sorted(set(curve.steps))
    assert (curve.steps[0], curve.values[0]) == (1, 1.5), "of the steps 0 to 3"
    monkeypatch.setattr("coral_cli.report.series.POINTS", 1000)
    assert series(read(path, "return"))["loss"]["kl"].values[-2:] == (238.0, (239 + 1000) / 2)


def test_runs_whose_reports_come_at_different_steps_share_a_few(make_run) -> None:
    """Of two straight lines the mean lies halfway at any step."""
    runs = [
        series(
            read(make_run(name, {}, updates={step: {"loss/kl": step * slope} for step in range(start, 3000, 7)}), "x")
        )
        for name, slope, start in (("a", 1.0, 0), ("b", 3.0, 3))
    ]
    curve = thinned_over_runs([run["loss"]["kl"] for run in runs])
    known = ~np.isnan(curve.iqm)
    assert len(curve.steps) == POINTS and known.sum() > POINTS - 5
    np.testing.assert_allclose(curve.iqm[known], 2 * curve.steps[known], atol=3)
