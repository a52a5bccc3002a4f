"""``--envs N`` and ``--collect async``: episodes collected and evaluated side by side, or beside the updates."""

from coral_cli.app import main
from coral_cli.runs.metrics import read_metrics

TINY = ["--size", "tiny", "--image-encoder.depth", "2", "--rssm.gru", "8", "--batch-size", "2", "--batch-length", "4"]
PACE = ["--random-episodes", "3", "--updates-per-step", "0.2", "--eval-every", "5", "--eval-episodes", "3"]
TASK = ["--env", "cartpole-swingup", "--env.action-repeat", "50", "--renderer", "raycast", "--image-size", "32"]


def test_a_run_goes_on_with_another_number_of_copies(tmp_path):
    run = tmp_path / "run"
    assert main(["train", *TASK, *TINY, *PACE, "--steps", "1000", "--quiet", "--out", str(run)]) == 0
    assert main(["train", "--resume", str(run), "--steps", "5000", "--envs", "2", "--quiet"]) == 0
    events = read_metrics(run / "metrics.jsonl")
    episodes = [event for event in events if event.kind == "episode"]
    assert [event.values["random"] for event in episodes] == [True] * 3 + [False] * 2
    assert [event.step for event in episodes] == [1000, 2000, 3000, 4000, 5000]
    assert [event.values["episodes"] for event in events if event.kind == "evaluation"] == [3, 3]
    assert any(event.kind == "update" for event in events)


def test_episodes_are_collected_beside_the_updates(tmp_path):
    run = tmp_path / "run"
    flags = [*TASK, *TINY, *PACE, "--collect", "async", "--quiet"]
    assert main(["train", *flags, "--steps", "6000", "--out", str(run)]) == 0
    assert main(["train", "--resume", str(run), "--steps", "8000", "--quiet"]) == 0
    events = read_metrics(run / "metrics.jsonl")
    assert [event.step for event in events if event.kind == "episode"] == [1000 * n for n in range(1, 9)]
    assert [event.kind for event in events if event.kind in ("evaluation", "end")][-2:] == ["evaluation", "end"]
