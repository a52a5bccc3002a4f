"""The page is correct HTML, needs nothing but itself and films, and says what there is not."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from coral_cli.commands.report_tables import TextTable
from coral_cli.report.comparison import best_of, comparison
from coral_cli.report.grouping import tasks
from coral_cli.report.page import Section, write
from coral_cli.report.reading import read

VOID = {"meta", "img", "input"}
SVG_LEAVES = {"line", "path", "polygon", "circle"}
HOSTILE = """"'><script>alert(1)</script>&lt;\x1b[2J\u202e\udc80"""


class Page(HTMLParser):
    """The texts and the elements of a page; every element is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attributes) -> None:
        assert len(dict(attributes)) == len(attributes), "twice the same attribute"
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes) -> None:
        assert tag in SVG_LEAVES
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data) -> None:
        self.texts.append(" ".join(data.split()))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def page(tmp_path: Path):
    """``page(run, ...)``: the page of these runs."""

    def make(*runs: Path, metric: str = "return", left_out=()) -> Page:
        found = tasks([read(path, metric) for path in runs], {"seed"})
        known = {"cartpole-swingup": 1000.0}
        sections = [
            Section(
                task,
                [TextTable("a table", ("agent", metric), [("one <agent>", "5.0")])],
                comparison(task, (), best_of(task, known)),
            )
            for task in found
        ]
        write(sections, metric, tmp_path / "x.html", left_out)
        return Page((tmp_path / "x.html").read_text(encoding="utf-8"))

    return make


def test_it_holds_everything(make_run, page) -> None:
    updates = {500: {"loss/image": 2.0, "loss/total": 3.0, "policy/critic_loss": 1.0}}
    found = page(
        make_run("a<0>", {1000: 1.0, 2000: 5.0}, options={"env.gravity": 1}, seed=0, updates=updates),
        make_run("a1", {1000: 3.0, 3000: 9.0}, options={"env.gravity": 1}, seed=1, updates=updates),
        make_run("b", {1000: 2.0}, options={"env.gravity": 2}),
        make_run("c", {1000: 2.0}, distraction=["disks"]),
    )
    captions = [text for text in found.texts if text in ("return", "loss/total", "loss/image", "policy/critic_loss")]
    evaluations = ["return", "return", "return", "return"]  # both curves, the profile's axis, the table's column
    losses = [name for name in ("loss/total", "loss/image", "policy/critic_loss") for _ in range(2)]
    assert captions == [*evaluations, *losses, "return", "return", "return"]
    assert len(found.of("table")) == 2 + 1 + 1, "two tasks, in what two agents differ, all runs"
    expected = {"return of 4 runs", "one <agent>", "env.gravity 2", "cpu, 2 cores", "2026-01-02", "3,000"}
    assert expected <= set(found.texts)
    assert "coral train --out a<0> <b>" in found.texts, "escaped"
    assert len([a for a in found.of("polygon") if a["class"] == "band"]) == 2 * (1 + 3) + 1, (
        "of two seeds, in each chart, over steps and over time; and their profile"
    )


def test_it_needs_no_network_no_program_and_no_eyes(make_run, page) -> None:
    run = make_run("a", {1000: 1.0})
    (run / "videos" / "x.mp4").write_bytes(b"1")
    (run / "videos" / "x.png").write_bytes(b"1")
    found = page(run)
    links = [a[key] for _, a in found.elements for key in ("src", "href") if key in a]
    assert links == ["a/videos/x.mp4", "a/videos/x.mp4", "a/videos/x.png"]
    assert not found.of("script") and not found.of("link")
    assert not [key for _, a in found.elements for key in a if key.startswith("on") or key == "style"]
    [policy] = [a["content"] for a in found.of("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ") and "http" not in policy
    pictures = [a for a in found.of("svg") if a.get("role") == "img"]
    assert [a["aria-label"] for a in pictures] == [
        "return over environment steps. agent has 1 after 1,000 steps.",
        "return over training time. agent has 1 after 10 seconds.",
    ]
    assert all(a["alt"] for a in found.of("img")) and all(a["aria-label"] for a in found.of("video"))
    assert len(found.of("caption")) == len(found.of("table")), "every table says what it holds"
    regions = [a for a in found.of("div") if a.get("class") == "table"]
    assert len(regions) == len(found.of("table")) and all(a["tabindex"] == "0" for a in regions)
    assert found.of("html")[0]["lang"] == "en"


def test_colours_have_a_dark_twin(make_run, page, tmp_path: Path) -> None:
    page(make_run("a", {1000: 1.0}))
    style = (tmp_path / "x.html").read_text().partition("<style>")[2].partition("</style>")[0]
    light, dark = style.partition("@media (prefers-color-scheme: dark)")[::2]
    names = re.findall(r"(--\w+):", light)
    assert names and names == re.findall(r"(--\w+):", dark.partition("* {")[0])
    assert not re.findall(r"(?:fill|stroke|color|background): *#(?!000)", style), "every colour is one of these"


def test_what_strangers_write_is_text(make_run, page, tmp_path: Path) -> None:
    run = make_run("a'\"<b>&", {1000: 1.0}, {"image-loss": HOSTILE}, options={"env.x": HOSTILE}, distraction=[HOSTILE])
    other = make_run("b", {1000: 1.0}, {"image-loss": "cv"}, distraction=[HOSTILE])
    metadata = json.loads((run / "run.json").read_text())
    metadata |= {"command": HOSTILE, "device": HOSTILE, "machine": {"cpus": 2, "gpus": [HOSTILE]}, "coral": HOSTILE}
    (run / "run.json").write_text(json.dumps(metadata))
    with (run / "metrics.jsonl").open("a") as file:
        values = {f"loss/{HOSTILE}": 1.0, f"{HOSTILE}/mean": 2.0}
        for kind in ("update", "evaluation"):
            file.write(json.dumps({"kind": kind, "step": 5, "seconds": 1, "values": values}) + "\n")
    found = page(run, other)
    assert not found.of("script")
    shown = HOSTILE.replace("\x1b", "?").replace("\u202e", "?").replace("\udc80", "?")
    assert shown in found.texts, "the command, letter by letter"
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", (tmp_path / "x.html").read_text())


def test_before_the_first_evaluation(make_run, page) -> None:
    found = page(make_run("a", {}, updates={500: {"loss/image": 2.0}}), left_out=["runs/b is damaged <so>"])
    assert "No run has been evaluated yet." in found.texts
    assert "loss/image" in found.texts and "500" in found.texts
    assert "runs/b is damaged <so>" in found.texts


def test_a_run_without_losses(make_run, page) -> None:
    found = page(make_run("a", {1000: 1.0}))
    assert "return of 1 run" in found.texts and "v-coral (1 run)" not in found.texts
    assert any(text.startswith("These runs have no losses") for text in found.texts)
    assert not [a for a in found.of("polygon") if a["class"] == "band"], "one seed has no interval"


def test_a_run_that_has_only_begun(make_run, page) -> None:
    found = page(make_run("a", {}))
    assert "No run has been evaluated yet." in found.texts and not found.of("path")[1:], "but the legend's"


def test_thirty_agents_are_told_apart(make_run, page) -> None:
    found = page(*[make_run(f"r{n}", {1000: n, 2000: n + 1}, options={"env.x": n}) for n in range(30)])
    legend = [a["class"] for a in found.of("li")]
    assert len(set(legend)) == 30


def test_the_metric_and_success_come_first(make_run, page) -> None:
    run = make_run("a", {1000: 1.0})
    values = {"length/mean": 1.0, "energy/mean": 2.0, "success/mean": 0.5, "return/mean": 1.0, "return/max": 3.0}
    with (run / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"kind": "evaluation", "step": 2000, "seconds": 20, "values": values}) + "\n")
    captions = {"return", "success", "energy", "length"}
    assert [text for text in page(run).texts if text in captions][:8:2] == ["return", "success", "energy", "length"]
    assert next(text for text in page(run, metric="energy").texts if text in captions) == "energy"


def test_a_switch_chooses_what_curves_go_over(make_run, tmp_path: Path) -> None:
    task = tasks([read(make_run("a", {1000: 1.0}, updates={5: {"loss/kl": 1.0}}), "return")], {"seed"})
    for over in ("steps", "time"):
        write([Section(task[0], [])], "return", tmp_path / "x.html", over=over)
        found = Page((tmp_path / "x.html").read_text())
        assert [(a["id"], a["name"]) for a in found.of("input")] == [("steps", "over"), ("time", "over")]
        assert [a["id"] for a in found.of("input") if "checked" in a] == [over]
    assert [a["class"] for a in found.of("figure")] == ["over-steps", "over-time"] * 2


def test_a_pool_of_tasks_has_the_metric_alone(make_run, tmp_path: Path) -> None:
    from coral_cli.report.grouping import pooled

    paths = [
        make_run(f"{e}{s}", {9: s}, {"env": e}, updates={5: {"loss/kl": 1.0}}, seed=s) for e in "xy" for s in (0, 1)
    ]
    pool = pooled(tasks([read(path, "return") for path in paths], {"seed"}))
    write([Section(pool, [TextTable("a table", ("agent",), [])])], "return", tmp_path / "x.html")
    found = Page((tmp_path / "x.html").read_text())
    assert "loss/kl" not in found.texts and len([a for a in found.of("svg") if a.get("role") == "img"]) == 2
