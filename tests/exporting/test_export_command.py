"""``coral export`` as a user meets it."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import coral_cli
from coral_cli.app import main
from coral_cli.exporting import programs
from coral_cli.registry.errors import UnreadableError
from coral_cli.runs.checkpoint import load, save
from coral_cli.runs.package import Package

CARTPOLE = ["--env", "cartpole-swingup", "--method", "proprio-sac", "--size", "tiny", "--env.action-repeat", "50"]
QUICK = ["--steps", "1000", "--eval-every", "500", "--eval-episodes", "2", "--random-episodes", "1", "--quiet"]
WITHOUT_CORAL = "import runpy, sys; sys.modules['coral_cli'] = None; runpy.run_path(sys.argv[1])"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "cart"
    assert main(["train", *CARTPOLE, *QUICK, "--updates-per-step", "0.01", "--out", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "agent"
    assert main(["export", str(run), "--out", str(out), "--format", "torch"]) == 0
    return out


def test_the_card_says_what_others_need(folder, run):
    card = json.loads((folder / "agent.json").read_text())
    assert card["task"] == "cartpole-swingup" and card["command"].startswith("coral train --env cartpole-swingup")
    assert card["sensors"]["proprio"]["dtype"] == "float32" and not card["sensors"]["proprio"]["missing_in_training"]
    assert card["action_repeat"] == 50 and card["scores"]["step"] == 1000 == card["steps"]
    assert card["scores"]["episodes"] == 2 and "return/mean" in card["scores"]
    assert card["programs"]["policy.pt2"]["largest_difference"] <= 1e-5
    package = Package.open(folder)
    package.verify()
    assert package.files.keys() == {path.name for path in folder.iterdir()} - {"agent.json"}
    checkpoint = run / "checkpoints" / "latest.pt"
    assert (folder / "agent.safetensors").stat().st_size < 0.5 * checkpoint.stat().st_size


def test_its_example_runs_where_there_is_no_coral(folder):
    words = [sys.executable, "-c", WITHOUT_CORAL, str(folder / "example_torch.py")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 5


def test_the_folder_is_an_agent(folder, run, capsys):
    here, there = (coral_cli.load_agent(path, device="cpu") for path in (folder, run))
    (size,) = here.sensors["proprio"].shape
    seen = {"proprio": np.linspace(-1, 1, size)}
    np.testing.assert_array_equal(here.act(seen)[0], there.act(seen)[0])
    told = []
    for path in (folder, run):
        assert main(["eval", str(path), "--episodes", "1", "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out)["statistics"])
    assert told[0] == told[1]


def test_a_file_that_was_changed_is_found(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / "policy.pt2").open("ab") as file:
        file.write(b"x")
    package = Package.open(tmp_path)
    package.verify("agent.safetensors")
    with pytest.raises(UnreadableError, match=r"policy\.pt2 is not the file"):
        package.verify()
    (tmp_path / "policy.pt2").unlink()
    with pytest.raises(UnreadableError, match="cannot be read"):
        package.verify()


CARDS = {
    "a file that no agent has": lambda card: card["files"].update({"../x": {"bytes": 1, "sha256": "0" * 64}}),
    "more than": lambda card: card["files"]["policy.pt2"].update(bytes=1 << 40),
    "checksum of policy.pt2 is none": lambda card: card["files"]["policy.pt2"].update(sha256="1"),
    "names no agent.safetensors": lambda card: card["files"].pop("agent.safetensors"),
    "its format is 2": lambda card: card.update(format=2),
    "sensors is missing": lambda card: card.pop("sensors"),
}


@pytest.mark.parametrize("why", CARDS)
def test_a_card_that_coral_did_not_write_is_refused(why, folder, tmp_path):
    card = json.loads((folder / "agent.json").read_text())
    CARDS[why](card)
    (tmp_path / "agent.json").write_text(json.dumps(card))
    with pytest.raises(UnreadableError, match=why):
        Package.open(tmp_path)


def test_one_document(run, tmp_path, capsys):
    out = tmp_path / "agent"
    assert main(["export", str(run), "--out", str(out), "--format", "weights", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["out"] == str(out) and document["files"].keys() == {"agent.safetensors"}
    assert main(["export", str(out), "--out", str(tmp_path / "again"), "--format", "weights"]) == 0
    cards = [json.loads((path / "agent.json").read_text()) for path in (out, tmp_path / "again")]
    assert cards[0]["scores"] == cards[1]["scores"] and cards[0]["command"] == cards[1]["command"]


def test_what_is_missing_for_onnx_is_told(run, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(programs, "NEEDED", ("onnx_of_nobody",))
    out = tmp_path / "agent"
    assert main(["export", str(run), "--out", str(out), "--format", "onnx"]) == 3
    err = capsys.readouterr().err
    assert "needs onnx_of_nobody, which is not installed" in err and "pip install onnx_of_nobody" in err
    assert not out.exists()
    assert main(["export", str(run), "--out", str(out)]) == 0
    assert "note: an ONNX program needs onnx_of_nobody" in capsys.readouterr().err
    assert (out / "policy.pt2").is_file() and not (out / "policy.onnx").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "--out is missing"),
        (["--out", "{taken}"], 2, "is not empty"),
        (["--out", "{taken}/run.json"], 2, "is a file"),
        (["--out", "x", "--format", "tflite"], 2, "Choose from"),
    ],
)
def test_what_cannot_be_asked_for(words, code, said, run, capsys):
    assert main(["export", str(run), *(word.format(taken=run) for word in words)]) == code
    assert said in capsys.readouterr().err


def test_a_representation_that_was_only_pretrained_is_not_exported(run, tmp_path, capsys):
    metadata, state = load(run / "checkpoints" / "latest.pt")
    save(tmp_path / "bare.pt", metadata | {"pretrained": True}, state)
    assert main(["export", str(tmp_path / "bare.pt"), "--out", str(tmp_path / "out"), "--format", "weights"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"error: {tmp_path}/bare.pt was pretrained: it has no policy that could be exported.",
        f"hint: Train one: coral train --init-from {tmp_path}/bare.pt, with the flags of its representation, and "
        "export that run.",
    ]
    assert not (tmp_path / "out").exists()


def test_what_is_no_agent_leaves_nothing_behind(tmp_path, capsys):
    (tmp_path / "x.pt").write_bytes(b"nonsense")
    assert main(["export", str(tmp_path / "x.pt"), "--out", str(tmp_path / "out")]) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["x.pt"]
