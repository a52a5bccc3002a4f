"""The benchmarks compare like with like."""

import csv
import importlib
import json
from argparse import Namespace
from pathlib import Path

import pytest
import torch

CPU = torch.device("cpu")


@pytest.fixture
def script(monkeypatch):
    """A benchmark by name, found as it finds those beside it."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    return importlib.import_module


@pytest.mark.parametrize("size", ["tiny", "paper"])
@pytest.mark.parametrize("method", ["p-coral", "recon-same"])
def test_the_textbook_has_as_many_parameters_as_coral(method, size, script):
    update, textbook = script("update"), script("textbook")
    assembled = update.coral(method, size, "fp32", CPU)
    sizes = update.sizes_of(assembled.assembly)
    assert (method, size) != ("p-coral", "paper") or sizes == textbook.Sizes()
    book = textbook.Textbook(sizes, update.METHODS[method])
    learning = (book.model, book.actor, book.critics)
    count = sum(p.numel() for module in learning for p in module.parameters()) + book.raw_weight.numel()
    assert count == sum(assembled.agent.parameter_counts().values())
    settings = assembled.assembly.settings
    assert (settings.batch_size, settings.batch_length) == ((32, 32) if size == "paper" else (8, 16))
    image = assembled.batch.observations["image"]
    assert image.shape == (settings.batch_size, settings.batch_length, 64, 64, 3) and image.dtype == torch.uint8


@pytest.mark.parametrize("size", ["tiny", "paper"])
def test_the_imagining_textbook_has_as_many_parameters_as_coral(size, script):
    update, literal = script("update"), script("textbook_imagination")
    assembled = update.coral("v-coral", size, "fp32", CPU, "imagination")
    book = literal.Imagining(update.sizes_of(assembled.assembly), "cv")
    count = sum(p.numel() for module in (book.model, book.actor, book.value) for p in module.parameters())
    assert count == sum(assembled.agent.parameter_counts().values())


@pytest.mark.slow
def test_contestants_are_compared_with_the_textbook(script, capsys):
    update = script("update")
    results = update.compared("p-coral", "tiny", ["fp32"], 1, {"fp32": 1e12}, CPU)
    book, coral = results
    assert (book.name, coral.name) == ("textbook", "coral") and book.times_faster == 1.0
    assert coral.times_faster == pytest.approx(book.timing.median / coral.timing.median)
    assert coral.gflop < book.gflop  # which computes the latents twice
    assert coral.utilisation == pytest.approx(coral.gflop / coral.timing.median / 1e3)
    lines = update.table(results).splitlines()
    assert len(lines) == 4 and lines[2].startswith("| p-coral | textbook | fp32 |") and lines[2].endswith("| 1.00 |")


def test_the_points_of_a_sweep_differ_in_one_thing(script):
    sweep = script("sweep")

    def made(axis, value):
        return sweep.made(axis, value, "tiny", "fp32", CPU)

    cameras = made("cameras", 3)
    assert list(cameras.agent.sensors) == ["image", "image2", "image3", "proprio"]
    assert cameras.batch.observations["image3"].shape == (8, 16, 64, 64, 3)
    assert made("batch", 4).batch.rewards.shape == (4, 16) and made("length", 8).batch.rewards.shape == (8, 8)
    assert made("image", 32).batch.observations["image"].shape == (8, 16, 32, 32, 3)
    concat, alone = made("method", "cpc-concat"), made("method", "cpc-image")
    assert concat.assembly.settings.fusion == "concat" and concat.agent.unencoded == ("proprio",)
    assert list(alone.agent.sensors) == ["image"]


def test_a_sweep_is_written_and_drawn(script, tmp_path):
    sweep = script("sweep")
    rows = list(sweep.swept("length", (4, 8), Namespace(size="tiny", precision="fp32", repeats=1), CPU))
    assert [row["value"] for row in rows] == [4, 8] and rows[1]["gflop"] > 1.9 * rows[0]["gflop"]
    assert rows[0]["steps_per_s"] == pytest.approx(8 * 4 * rows[0]["updates_per_s"])
    sweep.write(tmp_path / "new" / "rows.csv", rows, {})
    with (tmp_path / "new" / "rows.csv").open() as file:
        assert [float(row["ms"]) for row in csv.DictReader(file)] == [row["ms"] for row in rows]
    sweep.write(tmp_path / "rows.json", rows, {"cpu": "one"})
    assert json.loads((tmp_path / "rows.json").read_text()) == {"machine": {"cpu": "one"}, "rows": rows}
    pytest.importorskip("matplotlib")
    sweep.plot(tmp_path / "rows.png", rows)
    assert (tmp_path / "rows.png").stat().st_size > 1000
