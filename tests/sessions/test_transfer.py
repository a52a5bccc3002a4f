"""``--init-from``: chosen parts of another agent, frozen or fine-tuned, where they fit."""

import json
import re

import pytest
import torch

from coral_cli.app import main
from coral_cli.runs.checkpoint import load
from coral_cli.runs.metrics import read_metrics

SIZES = ["--size", "tiny", "--image-encoder.depth", "2", "--rssm.gru", "8", "--batch-size", "2", "--batch-length", "4"]
PACE = ["--random-episodes", "1", "--updates-per-step", "0.02", "--eval-every", "0", "--steps", "200", "--quiet"]
BOX = ["train", "--env", "box-push", "--env.action", "torque", "--env.action-repeat", "1", *SIZES, *PACE]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("source") / "run"
    assert main([*BOX, "--out", str(path), "--seed", "1"]) == 0
    return path


def weights(run):
    return load(run / "checkpoints" / "latest.pt")[1]["agent"]["weights"]


def start_of(capsys, *words):
    """The dry run's report, which trains nothing that is kept."""
    assert main([*words, "--dry-run", "--json"]) == 0
    return json.loads(capsys.readouterr().out)["transfer"]


def test_frozen_parts_stay_as_they_were_and_others_learn(source, tmp_path):
    words = ["--init-from", str(source), "--init-parts", "encoders,rssm,heads,policy", "--freeze", "encoders,rssm"]
    assert main([*BOX, *words, "--out", str(tmp_path / "run")]) == 0
    before, after = weights(source), weights(tmp_path / "run")
    for name in before:
        same = torch.equal(before[name], after[name])
        if name.startswith(("encoders.", "rssm.", "normalization.")):
            assert same, name
    assert not torch.equal(before["heads.reward.0.weight"], after["heads.reward.0.weight"])
    # losses were not taken over: they started elsewhere
    assert not torch.equal(
        before["losses.proprio.decoder.layers.0.weight"], after["losses.proprio.decoder.layers.0.weight"]
    )


def test_fine_tuned_parts_start_where_the_source_ended(source, tmp_path, monkeypatch):
    words = ["--init-from", str(source), "--init-parts", "policy", "--updates-per-step", "0"]
    assert main([*BOX, *words, "--out", str(tmp_path / "run")]) == 0
    before, after = weights(source), weights(tmp_path / "run")
    for name in before:
        assert torch.equal(before[name], after[name]) == name.startswith("policy."), name


def test_a_frozen_policy_acts_and_does_not_learn(source, tmp_path):
    words = ["--init-from", str(source), "--init-parts", "policy", "--freeze", "policy"]
    assert main([*BOX, *words, "--out", str(tmp_path / "run")]) == 0
    before, after = weights(source), weights(tmp_path / "run")
    assert all(torch.equal(before[name], after[name]) for name in before if name.startswith("policy."))
    updates = [event for event in read_metrics(tmp_path / "run" / "metrics.jsonl") if event.kind == "update"]
    assert updates and not any(key.startswith("policy/") for event in updates for key in event.values)


def test_other_actions_and_other_proprioception_are_said(source, capsys):
    """From 7 torques and 17 numbers of proprioception to one action and another robot."""
    words = ["train", "--env", "cartpole-swingup", *SIZES, *PACE, "--proprio-encoder.layers", "4"]
    summary, *remarks = start_of(capsys, *words, "--init-from", str(source))
    assert "encoders 15 of 18" in summary and "rssm 20 of 20" in summary
    assert any(line.startswith("rssm.transition.0.weight: taken over for z; fresh for action") for line in remarks)
    assert any("encoders.proprio.layers.0.weight: 64x17 in the source and 64x2 here" in line for line in remarks)


def test_a_sensor_less_leaves_the_other_s_columns(source, capsys):
    words = ["train", "--sensors", "proprio", "--size", "tiny", "--rssm.gru", "8", "--init-from", str(source)]
    summary, *remarks = start_of(capsys, *words)
    assert "encoders 10 of 10" in summary
    assert any("rssm.posterior_network.0.weight: taken over for proprio, h" in line for line in remarks)
    assert any("encoders.image" in line and "has no place here" in line for line in remarks)


def test_nothing_that_fits_is_an_error(source, capsys):
    words = ["train", "--method", "proprio-sac", "--init-from", str(source)]
    assert main([*words, "--dry-run"]) == 2
    assert "nothing of encoders, rssm, heads in" in capsys.readouterr().err


SMALL = ["--size", "small", "--dry-run"]  # other sizes throughout; normalization and a head's last bias fit by chance


@pytest.mark.parametrize("frozen", [[], ["--freeze", "encoders,rssm"]])
def test_a_representation_of_other_sizes_is_an_error_that_says_what_to_change(frozen, source, capsys):
    words = ["train", "--env", "box-push", "--env.action", "torque", *SMALL, "--init-from", str(source), *frozen]
    assert main(words) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert error.startswith(f"error: nothing of encoders, rssm in {source}/checkpoints/latest.pt fits this agent (")
    assert re.search(r"encoders.image.layers.0.weight: 2x3x\dx\d in the source and \d+x3x\dx\d here", error)
    assert re.search(r"; and \d+ more\)\.$", error)
    assert hint.startswith("hint: It has --image-encoder.depth 2 ") and "--rssm.gru 8" in hint


def test_parts_that_fit_do_not_hide_a_frozen_one_that_does_not(source, capsys):
    words = [*BOX, "--rssm.gru", "16", "--rssm.hidden", "24", "--rssm.latent", "12", "--init-from", str(source)]
    assert main([*words, "--dry-run"]) == 0  # the encoders fit; the rest is a warning
    assert "rssm 0 of" in capsys.readouterr().out
    assert main([*words, "--dry-run", "--freeze", "encoders,rssm"]) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert error.startswith("error: nothing of rssm in ") and "encoders" not in error
    assert hint == (
        "hint: It has --rssm.gru 8 --rssm.hidden 64 --rssm.latent 16: write the same, or other --init-parts."
    )


def test_weights_that_begin_at_random_cannot_be_frozen(source, capsys):
    words = [*BOX, "--init-from", str(source), "--sensors", "image,proprio", "--dry-run"]
    assert main(words) == 0  # the posterior's input lacks a sensor's columns, which is no more than a remark
    capsys.readouterr()
    assert main([*words, "--rssm.hidden", "24", "--freeze", "rssm"]) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert re.match(r"error: --freeze names rssm, but \d+ of these weights would stay at their random start", error)
    assert hint.startswith("hint: It has --") and hint.endswith("Or leave rssm out of --freeze.")


def test_what_was_not_taken_over_is_counted_and_all_of_it_recorded(source, tmp_path):
    words = [*BOX, "--rssm.gru", "16", "--init-from", str(source), "--steps", "100", "--out", str(tmp_path / "run")]
    assert main([*words, "--quiet"]) == 0
    events = read_metrics(tmp_path / "run" / "metrics.jsonl")
    (warning,) = (event.values for event in events if event.kind == "warning" and "remarks" in event.values)
    remarks = warning["remarks"]
    first = [remark.partition(":")[0] for remark in remarks[:3]]
    assert warning["message"] == (
        f"{len(remarks)} weights were not taken over, or not whole: {', '.join(first)} and {len(remarks) - 3} more."
    )
    assert "rssm.gru.weight_hh: 24x8 in the source and 48x16 here, so it starts fresh" in remarks


def test_frozen_random_weights_are_said(tmp_path):
    words = [*BOX, "--freeze", "policy", "--steps", "100", "--out", str(tmp_path / "run"), "--quiet"]
    assert main(words) == 0
    warnings = [e.values["message"] for e in read_metrics(tmp_path / "run" / "metrics.jsonl") if e.kind == "warning"]
    assert warnings[0] == "--freeze without --init-from: policy will keep the random weights of the start."


def test_a_frozen_part_that_is_not_asked_for_is_an_error(source, capsys):
    assert main([*BOX, "--init-from", str(source), "--freeze", "encoders,losses,policy", "--dry-run"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: --freeze names losses, policy, but --init-parts does not: random weights would be frozen.",
        "hint: Write --init-parts encoders,rssm,heads,losses,policy, or leave it out of --freeze.",
    ]


def test_a_run_that_cannot_take_over_leaves_its_name_free(source, tmp_path):
    words = ["train", "--env", "box-push", "--size", "small", "--init-from", str(source)]
    assert main([*words, "--out", str(tmp_path / "run"), "--quiet"]) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_source_that_is_none_is_an_error(tmp_path, capsys):
    assert main([*BOX, "--init-from", str(tmp_path / "nowhere"), "--dry-run"]) == 4
    assert "does not exist" in capsys.readouterr().err


@pytest.mark.slow
def test_a_resumed_run_keeps_its_own_weights_and_stays_frozen(source, tmp_path):
    run = tmp_path / "run"
    assert main([*BOX, "--init-from", str(source), "--freeze", "encoders,rssm", "--out", str(run)]) == 0
    assert main(["train", "--resume", str(run), "--steps", "300", "--quiet"]) == 0
    before, after = weights(source), weights(run)
    assert torch.equal(before["encoders.image.layers.0.weight"], after["encoders.image.layers.0.weight"])
    assert not torch.equal(before["heads.reward.0.weight"], after["heads.reward.0.weight"])
