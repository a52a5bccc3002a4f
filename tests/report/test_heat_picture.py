"""The picture of a study: squares on the left, curves on the right, and everything within it."""

from __future__ import annotations

import pytest

from coral_cli.report.heat import Curves, Line, save
from coral_cli.report.relative import HeatMap

pytest.importorskip("matplotlib")

MEASURE = "last return relative to scratch after as many steps in all"


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are saved."""
    from matplotlib.figure import Figure

    figures, original = [], Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, *a, **k: (original(self, *a, **k), figures.append(self))[0])
    return figures


def maps(columns):
    return [HeatMap("cartpole-swingup", MEASURE, ["scratch", "distraction, fine-tuned"], columns, "source, way", {})]


@pytest.mark.parametrize("panels", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("columns", [["all"], ["encoders", "rssm", "all"]])
def test_titles_and_curves_lie_within_the_picture(panels, columns, drawn, tmp_path) -> None:
    curves = [Curves(f"from {index}", [Line("scratch", 0, [([0, 10], [1.0, 2.0])])]) for index in range(panels)]
    save(maps(columns), curves, tmp_path / "a.png", lambda square: "", lambda heat: ["below"])
    (figure,) = drawn
    axes = [*figure.axes, *(one for part in figure.subfigs for one in part.axes if one not in figure.axes)]
    assert len(axes) == 1 + panels
    figure.canvas.draw()
    for one in axes:
        part, title = one.figure.bbox, one.title.get_window_extent()
        assert part.x0 <= title.x0 and title.x1 <= part.x1
    assert " ".join(axes[0].get_title().split()) == f"cartpole-swingup {MEASURE}"
    left = axes[0].get_window_extent().x1
    assert all(one.get_window_extent().x0 > left for one in axes[1:])
    assert figure.bbox.height < 2 * figure.bbox.width
