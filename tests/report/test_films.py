from __future__ import annotations

import os
from pathlib import Path

import pytest

from coral_cli.report import films as module
from coral_cli.report.films import films
from coral_cli.report.reading import read


@pytest.fixture
def filmed(make_run):
    """Runs with an old and a new film, one with a picture beside it, and things that are no films."""

    def make(name: str):
        path = make_run(name, {1: 0.0})
        for age, file in enumerate(["new.mp4", "new.png", "old: <1>.mp4", "notes.txt", ".half.mp4"]):
            (path / "videos" / file).write_bytes(file.encode() * 10)
            os.utime(path / "videos" / file, (1000 - age, 1000 - age))
        return read(path, "return")

    return make


def test_films_below_the_page_are_linked_as_they_lie(filmed, tmp_path: Path) -> None:
    [found] = films([filmed("some runs/a")], tmp_path / "page.html")
    assert found.shown.film == "some%20runs/a/videos/new.mp4"
    assert found.shown.picture == "some%20runs/a/videos/new.png"
    assert [(film.name, film.film) for film in found.others] == [
        ("old: <1>.mp4", "some%20runs/a/videos/old%3A%20%3C1%3E.mp4")
    ]
    assert not list(tmp_path.glob("*_films"))


def test_films_of_runs_elsewhere_are_copied_beside_the_page(filmed, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    runs = [filmed("a"), filmed("b")]
    found = films(runs, tmp_path / "pages" / "my page.html")
    assert [one.shown.film for one in found] == ["my%20page_films/00/new.mp4", "my%20page_films/01/new.mp4"]
    for number in ("00", "01"):
        copies = tmp_path / "pages" / "my page_films" / number
        assert (copies / "new.mp4").read_bytes() == b"new.mp4" * 10
        assert sorted(file.name for file in copies.iterdir()) == ["new.mp4", "new.png"], "the newest alone"
    assert found[0].others[0].film is None


def test_what_is_too_large_is_named_instead(filmed, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "pages").mkdir()
    page, run = tmp_path / "pages" / "x.html", filmed("a")
    monkeypatch.setattr(module, "LARGEST_COPY", 69)
    [found] = films([run], page)
    assert found.shown.film is None
    assert found.shown.said == f"1 kB; too large to be copied here: {run.path / 'videos' / 'new.mp4'}"
    monkeypatch.setattr(module, "LARGEST_COPY", 70)
    monkeypatch.setattr(module, "LARGEST_COPIES", 140 + 69)
    first, second = films([run, filmed("b")], page)
    assert (first.shown.film, first.shown.picture) == ("x_films/00/new.mp4", "x_films/00/new.png")
    assert second.shown.film is None and second.shown.picture is None, "70 bytes a file: no room for a third"


def test_links_that_lead_out_of_a_run_are_not_followed(make_run, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"1")
    (tmp_path / "pages").mkdir()
    inner, outer = make_run("a", {1: 0.0}), make_run("b", {1: 0.0})
    (inner / "videos" / "x.mp4").symlink_to(tmp_path / "secret")
    (inner / "videos" / "folder.mp4").mkdir()
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "x.mp4").write_bytes(b"1")
    (outer / "videos").rmdir()
    (outer / "videos").symlink_to(tmp_path / "there")
    runs = [read(path, "return") for path in (inner, outer)]
    assert films(runs, tmp_path / "pages" / "x.html") == []


def test_runs_without_films_have_none(make_run, tmp_path: Path) -> None:
    run = make_run("a", {1: 0.0})
    assert films([read(run, "return")], tmp_path / "x.html") == []
    (run / "videos").rmdir()
    assert films([read(run, "return")], tmp_path / "x.html") == []
