"""What README and docs say is so: command lines parse, links lead somewhere, names and shapes of weights are real."""

import importlib
import itertools
import json
import pkgutil
import re
import shlex
import shutil
from pathlib import Path

import pytest
import torch

from coral_cli import builtin, commands
from coral_cli.app import main
from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.resolve import resolve
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.discovery import discover
from coral_cli.registry.events import Event
from coral_cli.registry.sensors import Sensor
from coral_cli.runs.checkpoint import save
from coral_cli.runs.dataset import DatasetWriter
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.metrics import to_line
from coral_cli.study.plan import Plan, Planned, make_folder, write_plan

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINKING = [*PAGES, *sorted(ROOT.glob("plugins/**/README.md"))]
WEIGHTS = ROOT / "docs" / "reference" / "weights.md"
ENV = "cartpole-swingup"

Shapes = dict[str, tuple[int, ...]]


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks with exactly this info string; ``sh needs-plugin`` marks command lines that cannot run here."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def command_lines(page: Path) -> list[list[str]]:
    """The words behind every ``coral`` in the page's shell blocks, up to a pipe or the like."""
    lines = "".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
    words = (shlex.split(line, comments=True) for line in lines)
    bare = (list(itertools.dropwhile(re.compile(r"\w+=").match, line)) for line in words)
    return [
        list(itertools.takewhile(lambda word: word not in ("|", ">", "2>", "&&", ";", "&"), line[1:]))
        for line in bare
        if line[:1] == ["coral"]
    ]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return discover(builtin, {"CORAL_PLUGINS": ""})


@pytest.fixture
def requests(monkeypatch, tmp_path) -> list[object]:
    """What the commands ask for, instead of doing it, in an empty directory."""
    asked: list[object] = []
    for name in (module.name for module in pkgutil.iter_modules(commands.__path__)):
        module = importlib.import_module(f"coral_cli.commands.{name}")
        if hasattr(module, "run_session"):
            monkeypatch.setattr(module, "run_session", lambda request: asked.append(request) or 0)
    monkeypatch.chdir(tmp_path)
    return asked


def looked_at(words: list[str]) -> list[str]:
    """The names of the runs that a command line looks at, or changes."""
    change = words[:1] == ["runs"] and words[1:2] in (["show"], ["remove"], ["rename"])
    names = words[1:] if words[0] in ("compare", "watch") else words[2:] if change else []
    return [name for name in names[: 1 if "rename" in words else None] if not name.startswith("-")]


def prepare(words: list[str], catalog: Catalog) -> None:
    """Makes the runs and datasets that a command line goes on from."""
    for place in ("runs", *(word for word in words if word.startswith("sweeps/"))) if words[0] == "report" else ():
        run = Path(place) / "cartpole"
        run.mkdir(parents=True, exist_ok=True)
        (run / "run.json").write_text(json.dumps({"assembly": resolve({"env": ENV}, catalog).to_json()}))
        (run / "metrics.jsonl").write_text(to_line(Event("evaluation", 100_000, 1.0, {"return/mean": 1.0})) + "\n")
    places = {"runs/cartpole" if word == "runs" else word for word in words[1:]} if words[0] == "eval" else ()
    for run in (Path(place) for place in places if place.startswith("runs/")):
        if not (run / "checkpoints").exists():
            metadata = {"assembly": resolve({"env": ENV}, catalog).to_json()}
            shutil.rmtree(run, ignore_errors=True)
            RunDirectory.create(run, "").write_metadata(metadata)
            save(run / "checkpoints" / "latest.pt", metadata | {"sensors": {}, "action_size": 1}, {})
    for name in looked_at(words):
        run = Path("runs") / name
        run.mkdir(parents=True, exist_ok=True)
        (run / "run.json").write_text(json.dumps({"assembly": resolve({"env": ENV}, catalog).to_json()}))
    for flag, value in itertools.pairwise(words):
        if flag == "--resume" and words[0] == "sweep":
            make_folder(Path(value))
            write_plan(Path(value), Plan((Planned("seed0", ("--env", ENV, "--seed", "0")),)))
        elif flag == "--resume" and not Path(value).exists():
            metadata = {"assembly": resolve({"env": ENV}, catalog).to_json()}
            if words[0] == "pretrain":
                metadata |= {"data": "data", "updates": 1, "checkpoint_every": 1}
            Path(value).mkdir(parents=True)
            (Path(value) / "run.json").write_text(json.dumps(metadata))
        if flag == "--data" and ("--rename" in words or not Path(value).exists()):
            shutil.rmtree(value, ignore_errors=True)
            make_dataset(Path(value), catalog, words)
    if words[:1] == ["data"] and words[1] in ("show", "check") and not Path(words[2]).exists():
        make_dataset(Path(words[2]), catalog, words)


def make_dataset(path: Path, catalog: Catalog, words: list[str]) -> None:
    """Makes a dataset of two rows, whose sensors have names that ``words`` may change."""
    env = resolve({"env": ENV}, catalog).to_json()["choices"]["env"]
    old = {pair.partition("=")[2]: pair.partition("=")[0] for pair in words if re.fullmatch(r"[\w.]+=\w+", pair)}
    names = old.get("image", "image"), old.get("proprio", "proprio")
    sensors = {names[0]: Sensor(names[0], "image", (2, 2, 3)), names[1]: Sensor(names[1], "vector", (2,))}
    about = {"env": env, "image_size": [64], "render_quality": "fast", "renderer": "egl"}
    writer = DatasetWriter(path, sensors, 1, about)
    arrays = {name: torch.zeros(2, *sensor.shape).numpy() for name, sensor in sensors.items()}
    arrays[names[0]] = arrays[names[0]].astype("uint8")
    arrays |= {"action": torch.zeros(2, 1).numpy(), "reward": torch.zeros(2).numpy()}
    writer.add(arrays | {"terminated": torch.zeros(2).bool().numpy(), "missing": torch.zeros(2, 2).bool().numpy()}, {})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_line_parses(page, catalog, requests, capsys) -> None:
    for words in command_lines(page):
        if words == ["--install-completion"]:
            continue  # writes to the user's shell
        prepare(words, catalog)
        before = len(requests)
        checked = [*words, "--help"] if words == ["doctor"] else words  # that one looks at the machine
        assert main(checked, catalog) == 0, f"coral {shlex.join(words)}\n{capsys.readouterr().err}"
        asks = words[0] in ("train", "sweep", "eval", "export", "probe", "rollout", "pretrain", "bench")
        if asks and "--help" not in words:
            assert len(requests) == before + 1


def test_command_lines_are_found() -> None:
    found = command_lines(ROOT / "README.md")
    assert len(found) > 5 and ["plugins", "list"] in found
    assert all("#" not in word and "|" not in word for words in found for word in words)


def slugs(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", LINKING, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"\w+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{target} in {page}"
        assert not anchor or anchor in slugs(path), f"{target} in {page}"


def test_one_page_and_the_changelog_speak_of_the_former_name_and_none_asks_for_it() -> None:
    lines = [(page, line) for page in LINKING for line in page.read_text().splitlines() if "coral-cli" in line]
    assert {str(page.relative_to(ROOT)) for page, _ in lines} == {"CHANGELOG.md", "docs/plugins/compatibility.md"}
    assert not any(re.search(r"(?<!un)install|coral-cli\W*[=<>~]", line) for _, line in lines)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_piece_of_python_compiles(page) -> None:
    for number, block in enumerate(blocks(page, "python")):
        compile(block, f"{page}, block {number}", "exec")


def listed(block: str) -> tuple[list[str], Shapes]:
    """A block's command line, and its tensors: a prefix, then ``name (shape)`` of each."""
    first, *rows = block.splitlines()
    shapes = {}
    for row in rows:
        prefix, parts = row.split(maxsplit=1)
        for name, shape in re.findall(r"(\w+) \(([\d, ]*)\)", parts):
            shapes[f"{prefix}.{name}"] = tuple(map(int, shape.split(", "))) if shape else ()
    return shlex.split(first)[2:], shapes


def real(words: list[str], catalog: Catalog, requests: list) -> Shapes:
    """The tensors of the agent that a command line stands for, on cartpole."""
    assert main(words, catalog) == 0
    assembly = requests[-1].assembly
    side = 64 + assembly.settings.crop_margin
    sensors = {"image": Sensor("image", "image", (side, side, 3)), "proprio": Sensor("proprio", "vector", (2,))}
    used = {name: sensors[name] for name in assembly.sensors}
    agent = Assembler(assembly, catalog).agent(used, 1, torch.device("cpu"))
    return {name: tuple(tensor.shape) for name, tensor in agent.weights().items()}


def test_the_names_and_shapes_of_weights_are_the_real_ones(catalog, requests) -> None:
    base, *variants = [listed(block) for block in blocks(WEIGHTS, "text")]
    assert base[0] == ["train", "--env", ENV, "--method", "v-coral"] and len(variants) > 3
    shapes = real(base[0], catalog, requests)
    assert base[1] == shapes
    for words, shown in variants:
        other = real(words, catalog, requests)
        assert shown == {name: shape for name, shape in other.items() if shapes.get(name) != shape}, words
