"""The results' first page: its table is the data's, and the data are what the pages behind them tell."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs" / "results"
SPEC = importlib.util.spec_from_file_location("reproduced", ROOT / "benchmarks" / "reproduced.py")
assert SPEC is not None and SPEC.loader is not None
reproduced = importlib.util.module_from_spec(SPEC)
sys.modules["reproduced"] = reproduced
SPEC.loader.exec_module(reproduced)
ROWS = reproduced.read(RESULTS / "reproduced.csv")


def test_the_page_has_the_table_of_the_data() -> None:
    page = (RESULTS / "README.md").read_text()
    assert reproduced.with_table(page, ROWS) == page


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.setting}-{row.task}-{row.method}-{row.size}-{row.steps}")
def test_every_return_stands_on_the_page_behind_it(row) -> None:
    page = (RESULTS / row.page).read_text().replace(",000", "000").split()
    assert [value for value in map(str, row.returns) if value not in {word.strip("|*,;") for word in page}] == []


def test_a_row_has_the_mean_of_its_seeds_and_the_papers_value() -> None:
    row = next(row for row in ROWS if row.returns == (627, 812))
    assert reproduced.markdown([row]).splitlines()[2] == (
        "| cartpole-swingup | standard images | `v-coral` | paper | 101,000 | [627, 812](on-a-gpu.md) | 720 | 734 |"
    )


def test_a_page_without_a_place_for_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        reproduced.with_table("# Results\n", ROWS)


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    reproduced.draw(ROWS, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
