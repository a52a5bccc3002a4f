from __future__ import annotations

import itertools
import sys
from dataclasses import replace

import pytest
from PIL import Image

from coral_cli.registry.errors import CoralError
from coral_cli.report.comparison import comparison
from coral_cli.report.figure import save
from coral_cli.report.grouping import tasks
from coral_cli.report.reading import read

figure = pytest.importorskip("matplotlib.figure")
same_color = pytest.importorskip("matplotlib.colors").same_color


@pytest.fixture
def found(make_run):
    """Two agents on one task, one of them with two seeds, and one agent on another."""
    paths = [
        make_run("a<0>", {1000: 1.0, 2000: 5.0}, options={"env.gravity": 1}, seed=0),
        make_run("a1", {1000: 3.0, 3000: 9.0}, options={"env.gravity": 1}, seed=1),
        make_run("b", {1000: 2.0}, options={"env.gravity": 2}),
        make_run("c", {1000: 2.0}, distraction=["disks"]),
    ]
    return [(task, None) for task in tasks([read(path, "return") for path in paths], {"seed"})]


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are saved."""
    figures = []
    kind = figure.Figure
    original = kind.savefig
    monkeypatch.setattr(kind, "savefig", lambda self, *a, **k: (figures.append(self), original(self, *a, **k))[1])
    return figures


def test_a_picture_has_a_panel_for_every_task(found, drawn, tmp_path) -> None:
    save(found, "return", tmp_path / "x.PNG")
    with Image.open(tmp_path / "x.PNG") as image:
        assert image.format == "PNG"
        assert image.size == (2 * 780, 540)
    panels = drawn[0].axes
    assert [axes.get_title() for axes in panels] == ["cartpole-swingup", "cartpole-swingup, disks"]
    assert [text.get_text() for text in panels[0].get_legend().get_texts()] == [
        "env.gravity 1 (2)",
        "env.gravity 2 (1)",
    ]
    mean, *thin = panels[0].lines[:3]
    assert mean.get_ydata()[:2].tolist() == [(1 + 3) / 2, (5 + 6) / 2]
    assert [line.get_ydata().tolist() for line in thin] == [[1.0, 5.0], [3.0, 9.0]]


@pytest.mark.parametrize("last", [40_000, 200_000, 1_000_000])
def test_numbers_of_steps_stand_beside_one_another(make_run, drawn, tmp_path, last: int) -> None:
    runs = [read(make_run("a", {last // 2: 1.0, last: 5.0}), "return")]
    save([(task, None) for task in tasks(runs, {"seed"})], "return", tmp_path / "x.png")
    axes = drawn[0].axes[0]
    labels = [text for text in axes.get_xticklabels() if text.get_text()]
    boxes = [text.get_window_extent() for text in labels if 0 <= text.get_position()[0] <= axes.get_xlim()[1]]
    assert f"{last:,}" in [text.get_text() for text in labels] and len(boxes) >= 3
    assert all(left.x1 + 4 < right.x0 for left, right in itertools.pairwise(boxes))


def test_stars_are_the_papers_as_far_as_the_runs_went(make_run, drawn, tmp_path) -> None:
    found = {name: read(make_run(name, {10_000: 1.0, 98_500: 5.0}), "return") for name in ("v-coral", "recon-same")}
    runs = [replace(run, flags={**run.flags, "method": method}) for method, run in found.items()]
    save([(task, None) for task in tasks(runs, {"seed"})], "return", tmp_path / "x.png")
    axes = drawn[0].axes[0]
    stars = [line.get_xydata().tolist() for line in axes.lines if line.get_marker() == "*"]
    assert stars == [[[50_000, 431.4], [100_000, 734.2]], [[50_000, 421.1], [100_000, 772.0]]]
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == ["v-coral (1)", "the paper's", "recon-same (1)"]


def test_losses_over_time_have_panels_of_their_own(make_run, drawn, tmp_path) -> None:
    updates = {9000: {"loss/image": 4.0}, 18_000: {"loss/image": 2.0}}
    paths = [make_run("a", {9000: 1.0}, updates=updates), make_run("b", {9000: 1.0}, distraction=["disks"])]
    found = [(task, None) for task in tasks([read(path, "return") for path in paths], {"seed"})]
    save(found, "return", tmp_path / "x.png", ["loss/image", "return"], "time")
    panels = [(axes.get_title(), axes.get_ylabel(), axes.get_xlabel()) for axes in drawn[0].axes]
    assert panels == [
        ("cartpole-swingup", "loss/image", "training time (minutes)"),
        ("cartpole-swingup", "return", "training time (seconds)"),
        ("cartpole-swingup, disks", "return", "training time (seconds)"),
    ]
    assert drawn[0].axes[0].lines[0].get_xydata().tolist() == [[1.5, 4.0], [3.0, 2.0]]


def test_profiles_have_panels_behind_the_curves(found, drawn, tmp_path) -> None:
    """At 1000 steps the two seeds of one agent have 1 and 3, the only one of the other has 2."""
    compared = [(task, comparison(task, [], 10.0)) for task, _ in found]
    save(compared, "return", tmp_path / "x.png")
    curves, _, axes = drawn[0].axes
    assert axes.get_title() == "cartpole-swingup, after 1,000 steps"
    first, second = axes.lines
    places = first.get_xdata()
    assert places[[0, -1]].tolist() == [0, 10]
    assert first.get_ydata().tolist() == [1 if at < 1 else 0.5 if at < 3 else 0 for at in places]
    assert second.get_ydata().tolist() == [1 if at < 2 else 0 for at in places]
    assert same_color(first.get_color(), curves.lines[0].get_color())


def test_panels_without_a_task_are_blank(found, drawn, tmp_path) -> None:
    save([*found, *found], "return", tmp_path / "x.svg")
    assert [axes.axison for axes in drawn[0].axes] == [True, True, True, True, False, False]


def test_without_matplotlib(found, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(CoralError, match="need matplotlib") as caught:
        save(found, "return", tmp_path / "x.png")
    assert caught.value.hint == "pip install matplotlib"
    assert not list(tmp_path.glob("*.png"))
