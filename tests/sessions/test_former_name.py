"""Runs, checkpoints and datasets from when coral's package was called coral-cli: they go on as if nothing had been."""

import json
import shutil

import pytest

import coral_cli
from coral_cli.app import main
from coral_cli.runs.checkpoint import load, read_metadata, save

SIZES = ["--size", "tiny", "--image-encoder.depth", "2", "--rssm.gru", "8", "--policy.hidden", "8"]
BATCHES = ["--batch-size", "2", "--batch-length", "4"]
PACE = ["--random-episodes", "1", "--updates-per-step", "0.05", "--eval-every", "1", "--eval-episodes", "1"]
TINY = ["--env", "cartpole-swingup", "--env.action-repeat", "20", *SIZES, *BATCHES, *PACE]


def owners(assembly):
    return {choice["distribution"] for choice in assembly["choices"].values()}


def make_old(assembly):
    for choice in assembly["choices"].values():
        choice["distribution"] = "coral-cli"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of 2,000 steps whose run.json and checkpoints have the former name."""
    run = tmp_path_factory.mktemp("runs") / "run"
    assert main(["train", *TINY, "--steps", "2000", "--out", str(run), "--quiet"]) == 0
    metadata = json.loads((run / "run.json").read_text())
    make_old(metadata["assembly"])
    (run / "run.json").write_text(json.dumps(metadata))
    for path in {path.resolve() for path in run.glob("checkpoints/*.pt")}:
        about, state = load(path)
        make_old(about["assembly"])
        save(path, about, state)
    return run


@pytest.fixture
def run(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run", symlinks=True)


def test_the_fixture_is_old(run):
    assert owners(json.loads((run / "run.json").read_text())["assembly"]) == {"coral-cli"}
    assert owners(read_metadata(run / "checkpoints" / "latest.pt")["assembly"]) == {"coral-cli"}


def test_it_is_evaluated_also_where_its_environment_is_named(run, capsys):
    assert main(["eval", str(run), "--episodes", "1", "--env", "cartpole-swingup", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["env"] == "cartpole-swingup"


def test_it_acts_in_other_programs(run):
    assert coral_cli.load_agent(run).action_size == 1


def test_it_is_gone_on_with_and_has_the_name_of_today_then(run, capsys):
    assert main(["train", "--resume", str(run), "--steps", "3000"]) == 0
    said = capsys.readouterr()
    assert "coral-cli" not in said.out + said.err
    assert owners(json.loads((run / "run.json").read_text())["assembly"]) == {"coral-rl"}
    assert owners(read_metadata(run / "checkpoints" / "latest.pt")["assembly"]) == {"coral-rl"}


def test_flags_that_repeat_what_it_was_started_with_are_no_change(run):
    assert main(["train", "--resume", str(run), *TINY, "--rssm", "coral-cli/gaussian", "--steps", "3000"]) == 0


def test_its_horizon_is_still_held_against_its_sequences(run, capsys):
    """This is only asked of coral's own losses."""
    words = ["train", *TINY, "--image-loss", "coral-cli/cpc", "--image-loss.horizon", "4", "--dry-run"]
    assert main(words) == 2
    assert "--image-loss.horizon is 4, but sequences have only 4 steps." in capsys.readouterr().err


def test_its_weights_are_taken_over(run, tmp_path, capsys):
    words = ["train", *TINY, "--steps", "2000", "--init-from", str(run), "--out", str(tmp_path / "next")]
    assert main(words) == 0
    assert "weights taken over from" in capsys.readouterr().err


def test_it_is_reported(run, capsys):
    assert main(["report", str(run), "--json"]) == 0
    assert "cartpole-swingup" in capsys.readouterr().out


def test_its_dataset_trains_a_representation(run, tmp_path):
    data, out = tmp_path / "data", tmp_path / "pretrained"
    assert main(["rollout", "--agent", str(run), "--episodes", "1", "--out", str(data), "--quiet"]) == 0
    metadata = json.loads((data / "dataset.json").read_text())
    assert metadata["env"]["distribution"] == "coral-rl"
    metadata["env"]["distribution"] = "coral-cli"
    (data / "dataset.json").write_text(json.dumps(metadata))
    words = ["pretrain", "--data", str(data), *SIZES[:-2], *BATCHES, "--updates", "2", "--out", str(out), "--quiet"]
    assert main(words) == 0
    assert owners(json.loads((out / "run.json").read_text())["assembly"]) == {"coral-rl"}


def test_what_it_had_and_coral_lacks_is_no_reason_to_install_another_project(run, capsys):
    metadata = json.loads((run / "run.json").read_text())
    metadata["assembly"]["choices"]["rssm"] |= {"component": "bygone", "version": "0.0.9"}
    (run / "run.json").write_text(json.dumps(metadata))
    assert main(["train", "--resume", str(run), "--steps", "3000"]) == 3
    assert capsys.readouterr().err == (
        f"error: rssm 'bygone' comes from coral-rl 0.0.9; this is coral-rl {coral_cli.__version__}, "
        "which does not offer it.\nhint: Use the version of coral that wrote it.\n"
    )
