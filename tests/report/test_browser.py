"""The page in headless Chromium: on a desk and on a telephone, light and dark."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coral_cli.app import main
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.pictures import write_png
from coral_cli.runs.tables import Evaluated, Probed, Readout, keep
from coral_cli.runs.video import write_video

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api")

SIZES = {"desk": (1280, 900), "telephone": (400, 800)}
SCHEMES = ("light", "dark")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
READABLE = 4.5
"""The contrast that the guidelines for accessible content (WCAG 2, AA) ask of text."""
VISIBLE = 3.0
"""That of lines and marks."""

CONTRASTS = """() => {
    const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const rgba = colour => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = colour => colour.slice(0, 3).map(one => one / 255)
        .map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
        .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
    const behind = element => {
        for (let one = element; one; one = one.parentElement) {
            const colour = rgba(getComputedStyle(one).backgroundColor);
            if (colour[3] == 255) return colour;
        }
        return [255, 255, 255, 255];
    };
    const contrast = (colour, element) => {
        const [low, high] = [light(rgba(colour)), light(behind(element))].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    };
    const written = element => [...element.childNodes].some(node => node.nodeType == 3 && node.data.trim());
    const seen = which => [...document.querySelectorAll(which)].filter(element => element.checkVisibility());
    const texts = seen("body *").filter(written), lines = seen(".mean, .key");
    const ink = element => getComputedStyle(element)[element.closest("svg") ? "fill" : "color"];
    return [
        texts.map(one => [contrast(ink(one), one), one.textContent]),
        lines.map(one => [contrast(getComputedStyle(one).stroke, one), one.closest("[class^=c]").className.baseVal]),
    ];
}"""

OUTSIDE = """() => [...document.querySelectorAll("body *")].filter(element => {
    if (!element.checkVisibility() || element.getBoundingClientRect().right <= innerWidth + 0.5) return false;
    for (let one = element.parentElement; one; one = one.parentElement)
        if (/auto|scroll|hidden/.test(getComputedStyle(one).overflowX)) return false;
    return true;
}).map(element => element.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        try:
            browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        except playwright.Error as error:
            pytest.skip(f"there is no Chromium: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture
def look(chromium):
    """``look(page, "desk", "dark")``: the page, opened, and what it complained of."""
    contexts = []

    def make(path: Path, size: str, scheme: str) -> tuple[Any, list[str]]:
        width, height = SIZES[size]
        contexts.append(chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme))
        page, said = contexts[-1].new_page(), []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("requestfailed", lambda request: said.append(request.url))
        page.goto(path.as_uri())
        return page, said

    yield make
    for context in contexts:
        context.close()


def study(make_run: Any, folder: Path) -> Path:
    """Make runs of two methods, a kind that is new and long of name, two seeds each on two tasks; return their page."""
    random = np.random.default_rng(0)
    other = {"image-loss": "cpc", "proprio-loss": "recon", "objective": "predictive"}
    for task in ("cartpole-swingup", "a-task-of-a-plugin-with-quite-a-long-name"):
        for number, (method, loss) in enumerate((("v", 900), ("p", 700), ("q", 400))):
            for seed in (0, 1):
                steps = range(5000, 100_001, 5000)
                returns = {step: loss * (1 - 0.9 ** (step / 8000)) + 30 * random.normal() for step in steps}
                names = ("total", "image", "proprio", "reward", "kl")
                updates = {step: {f"loss/{name}": 5000 / step + random.random() for name in names} for step in steps}
                parts = {"env": task, **(other if number else {"image-loss": "cv"})}
                sizes = {"batch_size": 32 * (number + 1)}
                run = make_run(f"{task[:8]}-{method}{seed}", returns, parts, seed=seed, updates=updates, **sizes)
                looked_at(RunDirectory(run), loss, random)
    make_run("begun", {}, updates={100: {"loss/total": 2.0}})
    return reported(folder)


def looked_at(run: RunDirectory, best: float, random: np.random.Generator) -> None:
    for place, condition in enumerate(("own", "disks", "noise std=0.5", "video", "camera shaken by a lot")):
        returns = tuple(best * (1 - 0.15 * place) + 20 * random.normal(size=8))
        successes = tuple(float(value) for value in random.integers(0, 2, 8))
        stands_for = "own" if not place else "other"
        keep(run, Evaluated(condition, f"--x {place}", stands_for, 100_000, 0, "egl", returns, successes))
    names = ("slider position", "hinge_1 angle", "slider velocity", "hinge_1 angular velocity", "mean colour")
    readouts = tuple(
        Readout(name, "distraction" if "colour" in name else "state", random.random(), random.random())
        for name in names
    )
    keep(run, Probed(100_000, 0, 5, readouts, (), ((0, 0.5), (1, 0.4), (5, 0.1))))
    film(run)


def film(run: RunDirectory) -> None:
    """Film a square that goes to the right."""
    frames = []
    for place in range(0, 48, 2):
        frames.append(np.full((64, 192, 3), (40, 60, 90), np.uint8))
        frames[-1][24:40, place : place + 16] = (250, 200, 60)
    write_video(run.videos / "step-000100000.mp4", iter(frames), 12)
    write_png(run.videos / "step-000100000.png", np.concatenate(frames[::6], axis=1))


def reported(folder: Path) -> Path:
    path = folder / "report.html"
    assert main(["report", str(folder), "--out", str(path)]) == 0
    return path


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_study(size: str, scheme: str, make_run, tmp_path: Path, look) -> None:
    page, said = look(study(make_run, tmp_path), size, scheme)
    for summary in page.locator("summary").all():
        summary.click()
    assert_pleasant(page, said)
    assert_it_switches(page)
    assert_films_play(page)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("evaluated", [True, False])
def test_of_little_the_page_is_as_pleasant(size: str, evaluated: bool, make_run, tmp_path: Path, look) -> None:
    make_run("a", {1000: 1.0} if evaluated else {})
    for scheme in SCHEMES:
        assert_pleasant(*look(reported(tmp_path), size, scheme))


def assert_pleasant(page: Any, said: list[str]) -> None:
    """Nothing is complained of, nothing lies outside of the window, and everything can be read."""
    page.wait_for_load_state("networkidle")
    assert said == []
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    texts, lines = page.evaluate(CONTRASTS)
    assert len(texts) > 5 and [text for contrast, text in texts if contrast < READABLE] == []
    assert [line for contrast, line in lines if contrast < VISIBLE] == []


def assert_it_switches(page: Any) -> None:
    steps, time = page.locator("figure.over-steps >> visible=true"), page.locator("figure.over-time >> visible=true")
    count = steps.count()
    assert count > 10 and time.count() == 0
    page.locator("#time").check()
    assert steps.count() == 0 and time.count() == count
    page.locator("#steps").check()


def assert_films_play(page: Any) -> None:
    films = page.locator("video")
    assert films.count() == 12
    first = films.first
    first.scroll_into_view_if_needed()
    first.evaluate("film => { film.muted = true; return film.play(); }")
    page.wait_for_function("() => document.querySelector('video').currentTime > 0.2")
    assert first.evaluate("film => [film.videoWidth, film.videoHeight]") == [192, 64]
    assert page.evaluate("[...document.images].every(image => image.alt)")
