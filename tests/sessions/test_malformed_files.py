"""Files that are whole, and not what coral writes: each reader says so in one sentence, before it uses them."""

import io
import json
import zipfile

import pytest
import torch

from coral_cli import builtin
from coral_cli.app import main
from coral_cli.commands.pretrain import of_data
from coral_cli.registry.discovery import discover
from coral_cli.registry.errors import CoralError, UnreadableError
from coral_cli.report.reading import read
from coral_cli.runs import checkpoint
from coral_cli.runs.dataset import INDEX, open_dataset
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.documents import DOCUMENT_BYTES
from coral_cli.runs.metrics import read_metrics
from coral_cli.sessions.saved import open_saved
from coral_cli.training.batches import Batching
from coral_cli.training.progress import Progress
from coral_cli.training.replay import Replay
from coral_cli.training.updates import Updates

from ..runs.malformed import changed, variants

SIZES = "--image-encoder.depth 2 --rssm.gru 8 --rssm.hidden 8 --policy.hidden 8 --batch-size 2 --batch-length 4"
PACE = "--random-episodes 1 --updates-per-step 0.02 --eval-every 1 --eval-episodes 1 --steps 200 --quiet"
TRAIN = f"--sensors image,proprio --size tiny {SIZES} {PACE}".split()
ENV = ["--env", "box-push", "--env.action-repeat", "1"]
WORD_OF_OTHERS = ("component", "distribution", "version", "path")
"""What a plugin that is not here may be called: its absence has an exit code of its own."""


@pytest.fixture(scope="module")
def catalog():
    return discover(builtin, {"CORAL_PLUGINS": ""})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "run"
    assert main(["train", *ENV, *TRAIN, "--out", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def saved(run):
    return checkpoint.load(run / "checkpoints" / "latest.pt")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "box"
    assert main(["rollout", *ENV, "--episodes", "1", "--out", str(path), "--quiet"]) == 0
    return path


def allowed(use, path, value):
    """Whether ``use`` works, or says in one sentence what is wrong; the exit code."""
    try:
        use()
    except CoralError as error:
        assert error.exit_code in ((3, 4) if path[-1] in WORD_OF_OTHERS else (4,)), (path, value, error)
        assert "\n" not in error.message
        return error.exit_code
    except Exception as error:
        raise AssertionError(f"{path} as {value!r}: {error!r}") from error
    return 0


def sealed(path, metadata, archive):
    """Writes a checkpoint with the right checksum; ``metadata`` may be text."""
    path.write_bytes(archive)
    document = {"format": checkpoint.FORMAT, "record": metadata}
    checkpoint.seal(path, metadata if isinstance(metadata, str) else json.dumps(document))


def archive_of(state):
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def test_metadata_of_checkpoints(saved, tmp_path, catalog):
    metadata, _ = saved
    archive, path = archive_of({}), tmp_path / "x.pt"

    def use():
        found = open_saved(path, catalog)
        assert isinstance(found.pretrained, bool)
        if found.assembly != whole.assembly or found.sensors != whole.sensors:
            found.assembler.agent(found.sensors, found.action_size, torch.device("cpu"))

    sealed(path, metadata, archive)
    whole = open_saved(path, catalog)
    codes = []
    for place, value, document in variants(metadata):
        sealed(path, document, archive)
        codes.append(allowed(use, place, value))
    assert codes.count(4) > 0.8 * len(codes) > 1000


def test_what_cannot_be_built_as_it_was_saved_is_unreadable(saved, tmp_path, catalog, capsys):
    metadata, state = saved
    path = tmp_path / "x.pt"
    sealed(path, changed(metadata, ("sensors", "image", "shape"), [8, 8, 3]), archive_of(state))
    with pytest.raises(UnreadableError, match=r"does not fit its own assembly \(images of 2x2 are too small"):
        open_saved(path, catalog).agent(torch.device("cpu"))
    assert main(["train", *ENV, *TRAIN, "--init-from", str(path), "--out", str(tmp_path / "run")]) == 4
    assert "does not fit its own assembly" in capsys.readouterr().err


@pytest.mark.slow
def test_states_of_checkpoints(saved, tmp_path, catalog):
    metadata, state = saved
    path = tmp_path / "x.pt"
    sealed(path, metadata, archive_of(state))
    saved_agent = open_saved(path, catalog)
    agent = saved_agent.agent(torch.device("cpu"))
    replay = Replay(agent.sensors, agent.action_size, 8)
    updates = Updates(saved_agent.assembler.learner(agent), replay, Batching(0, 2, 4, 0))

    def use():
        _, found = checkpoint.load(path)
        assert type(found["progress"]["steps"]) is int and type(found["replay"]["next_serial"]) is int
        fresh = open_saved(path, catalog).agent(torch.device("cpu"))
        saved_agent.assembler.learner(fresh).load_state_dict(found["agent"])
        updates.set_random_state(found["random"])
        Progress.of(found["progress"])

    places = [(name,) for name in state]
    places += [(name, key) for name in state for key in state[name]]
    places += [("agent", "weights", next(iter(state["agent"]["weights"]))), ("agent", "optimizers", "model")]
    wrong = (None, "", -1, float("nan"), [], {}, torch.ones(3))
    for place in places:
        for value in wrong:
            sealed(path, metadata, archive_of(changed(state, place, value)))
            allowed(use, ("state", *place), value)


def test_metadata_of_runs(run, tmp_path):
    metadata = json.loads((run / "run.json").read_text())
    other = RunDirectory.create(tmp_path / "run", "")
    other.metrics.write_bytes((run / "metrics.jsonl").read_bytes())
    for place, value, document in variants(metadata):
        other.metadata.write_text(json.dumps(document))
        allowed(lambda: read(other.path, "return").task, place, value)
        allowed(lambda: other.read_metadata().get("renderer", "auto").split(), place, value)


def test_lines_of_metrics(run, tmp_path):
    path = tmp_path / "metrics.jsonl"
    for line in (run / "metrics.jsonl").read_text().splitlines()[:4]:
        for place, value, document in variants(json.loads(line)):
            path.write_text(json.dumps(document) + "\n")
            allowed(lambda: read_metrics(path), place, value)


def test_indices_of_datasets(data, tmp_path, catalog):
    metadata = json.loads((data / INDEX).read_text())
    (tmp_path / "episode-000000.npz").write_bytes((data / "episode-000000.npz").read_bytes())

    def use():
        dataset = open_dataset(tmp_path)
        assert dataset.transitions + dataset.action_size > 0
        of_data({"data": str(tmp_path)}, catalog)

    for place, value, document in variants(metadata):
        (tmp_path / INDEX).write_text(json.dumps(document))
        allowed(use, place, value)
    for number in range(len(metadata["sensors"])):
        name = list(metadata["sensors"])[number]
        (tmp_path / INDEX).write_text(json.dumps(changed(metadata, ("sensors", name, "shape"), [1, 1, 3])))
        with pytest.raises(UnreadableError):
            next(open_dataset(tmp_path).episodes())


def test_metadata_is_bounded(saved, tmp_path):
    metadata, state = saved
    path = tmp_path / "x.pt"
    sealed(path, json.dumps({"format": 1, "record": metadata}) + " " * DOCUMENT_BYTES, archive_of(state))
    with pytest.raises(UnreadableError, match="more than 4,194,304 bytes"):
        checkpoint.read_metadata(path)
    sealed(path, "[" * 100_000, archive_of(state))
    with pytest.raises(UnreadableError, match="not what coral writes"):
        checkpoint.read_metadata(path)


@pytest.mark.parametrize("content", ["[]", "3", '"x"', "{", "", "\ud83d", '{"a": ' * 500 + "1" + "}" * 500, "9" * 5000])
def test_what_is_no_metadata_of_a_run(tmp_path, content):
    run = RunDirectory.create(tmp_path / "run", "")
    run.metadata.write_text(content, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(UnreadableError, match=r"run\.json cannot be read"):
        run.read_metadata()


def test_a_packed_archive_is_not_unpacked(saved, tmp_path):
    metadata, state = saved
    path = tmp_path / "x.pt"
    with (
        zipfile.ZipFile(io.BytesIO(archive_of(state))) as archive,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in archive.namelist():
            packed.writestr(name, archive.read(name))
    checkpoint.seal(path, json.dumps({"format": 1, "record": metadata}))
    with pytest.raises(UnreadableError, match="coral did not write"):
        checkpoint.read_metadata(path)
