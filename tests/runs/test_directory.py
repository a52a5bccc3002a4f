from __future__ import annotations

import os
from pathlib import Path

import pytest

from coral_cli.registry.errors import CoralError, UnreadableError, UsageError
from coral_cli.runs import files
from coral_cli.runs.directory import RunDirectory, find_checkpoint


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_runs_are_never_overwritten():
    paths = [RunDirectory.create(None, "cartpole").path for _ in range(3)]
    assert paths == [Path("runs/cartpole"), Path("runs/cartpole-2"), Path("runs/cartpole-3")]
    assert all(path.is_dir() for path in paths)


def test_a_qualified_component_name_makes_no_subdirectory():
    assert RunDirectory.create(None, "pack-a/maze").path == Path("runs/pack-a-maze")


def test_out_becomes_the_run_itself():
    run = RunDirectory.create(Path("a/b"), "ignored")
    assert run.path == Path("a/b")
    assert sorted(path.name for path in run.path.iterdir()) == ["checkpoints", "videos"]
    assert not Path("runs").exists()


def test_out_may_be_an_empty_directory():
    Path("empty").mkdir()
    assert RunDirectory.create(Path("empty"), "ignored").checkpoints.is_dir()


def test_out_that_holds_a_run_is_refused_with_the_way_to_go_on():
    run = RunDirectory.create(Path("x"), "ignored")
    run.write_metadata({})
    for way in ("", "--resume x"):  # before its first checkpoint there is nothing to go on from
        with pytest.raises(UsageError, match="already holds a run") as error:
            RunDirectory.create(Path("x"), "ignored")
        assert ("--resume" in error.value.hint) == bool(way) and way in error.value.hint
        run.latest.touch()


def test_two_processes_do_not_train_in_one_run():
    run = RunDirectory.create(Path("x"), "ignored")
    with run.held():
        with pytest.raises(UsageError, match="x is being trained by another process"), run.held():
            pass
        with RunDirectory.create(Path("y"), "ignored").held():
            pass
    with run.held():  # again free
        pass


def test_out_with_foreign_files_and_out_that_is_a_file_are_refused():
    Path("full").mkdir()
    Path("full/thesis.tex").touch()
    with pytest.raises(UsageError, match="full is not empty"):
        RunDirectory.create(Path("full"), "ignored")
    with pytest.raises(UsageError, match="is a file"):
        RunDirectory.create(Path("full/thesis.tex"), "ignored")


def test_files_that_no_run_has_may_lie_where_a_command_is_repeated():
    Path("job").mkdir()
    Path("job/slurm.out").write_text("started")
    Path("job/old").symlink_to("job")
    run = RunDirectory.create(Path("job"), "ignored", again=True)
    run.write_metadata({})
    run.replay.mkdir()
    run.discard()
    assert sorted(os.listdir("job")) == ["old", "slurm.out"] and Path("job/slurm.out").read_text() == "started"
    assert RunDirectory.create(Path("job"), "ignored", again=True).checkpoints.is_dir()
    assert RunDirectory.create(Path("job"), "ignored", again=True).foreign == {"old", "slurm.out"}


@pytest.mark.parametrize("name", ["metrics.jsonl", "replay/", "videos/mine.mp4", "checkpoints/step-1.pt"])
def test_what_a_run_would_overwrite_stands_in_its_way(name):
    path = Path("job") / name
    path.parent.mkdir(parents=True)
    path.mkdir() if name.endswith("/") else path.write_text("mine")
    Path("job/slurm.out").touch()
    with pytest.raises(UsageError, match=f"job holds no run, but {name.split('/')[0]}, which a run would overwrite"):
        RunDirectory.create(Path("job"), "ignored", again=True)
    assert name.endswith("/") or path.read_text() == "mine"


def test_hints_quote_paths_for_a_shell():
    run = RunDirectory.create(Path("my run"), "ignored")
    run.write_metadata({})
    with pytest.raises(UnreadableError, match="no checkpoint yet") as error:
        find_checkpoint(run.path)
    assert "--out 'my run' and" in error.value.hint
    (run.checkpoints / "step-1.pt").touch()
    with pytest.raises(UsageError) as refused:
        RunDirectory.create(run.path, "ignored")
    assert refused.value.hint == "Choose another --out, or go on with --resume 'my run'."
    with pytest.raises(UsageError) as refused:
        run.start_afresh()
    assert refused.value.hint == "Go on with --resume 'my run'."


def test_no_run_lies_around_others():
    for name in ("sweep/disks/run.json", "other/run.json"):
        Path(name).parent.mkdir(parents=True)
        Path(name).touch()
    Path("linked").mkdir()
    Path("linked/old").symlink_to(Path("other").absolute())
    for folder in (Path("sweep"), Path(".")):
        with pytest.raises(UsageError, match="holds other runs"):
            RunDirectory.create(folder, "ignored", again=True)
    assert RunDirectory.create(Path("linked"), "ignored", again=True).foreign == {"old"}


def test_a_place_that_cannot_be_written_is_one_sentence():
    Path("file").touch()
    with pytest.raises(CoralError, match=r"file/run cannot be written \(Not a directory\)"):
        RunDirectory.create(Path("file/run"), "ignored")


def test_the_metadata_comes_back():
    run = RunDirectory.create(None, "x")
    run.write_metadata({"command": "coral train", "n": [1, None, 2.5]})
    assert RunDirectory.open(run.path).read_metadata() == {"command": "coral train", "n": [1, None, 2.5]}


def start(time, **more):
    return {"started": time, "coral": "1", "commit": None, "typed": f"coral {time}", "machine": {"cpus": 2}, **more}


def test_the_metadata_keeps_every_start():
    run = RunDirectory.create(None, "x")
    for said in (start("monday", budget=1), start("tuesday", budget=2), start("friday", budget=3, coral="2")):
        run.write_start(said)
    metadata = run.read_metadata()
    assert (metadata["started"], metadata["budget"], metadata["coral"]) == ("monday", 3, "2")
    kept = {"commit": None, "machine": {"cpus": 2}}
    assert metadata["starts"] == [
        {"time": "monday", "coral": "1", "typed": "coral monday", **kept},
        {"time": "tuesday", "coral": "1", "typed": "coral tuesday", **kept},
        {"time": "friday", "coral": "2", "typed": "coral friday", **kept},
    ]


def test_older_metadata_is_the_first_start():
    run = RunDirectory.create(None, "x")
    run.write_metadata({"started": "monday", "coral": "0.1", "machine": {"cpus": 8}})
    run.write_start(start("tuesday"))
    metadata = run.read_metadata()
    first = {"time": "monday", "coral": "0.1", "commit": None, "typed": None, "machine": {"cpus": 8}}
    assert metadata["starts"][0] == first and metadata["started"] == "monday"
    assert [each["time"] for each in metadata["starts"]] == ["monday", "tuesday"]


def test_a_crash_between_writing_and_renaming_leaves_the_old_metadata(monkeypatch):
    run = RunDirectory.create(None, "x")
    run.write_metadata({"version": "old"})

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            run.write_metadata({"version": "new"})
    assert run.read_metadata() == {"version": "old"}
    assert list(run.path.glob(".*")) == []


def test_opening_something_else_says_what_it_is():
    Path("file").touch()
    Path("folder").mkdir()
    for path, sentence in (
        ("nowhere", "nowhere does not exist"),
        ("file", "is a file"),
        ("folder", "holds no run.json"),
    ):
        with pytest.raises(UnreadableError, match=sentence):
            RunDirectory.open(Path(path))


def test_damaged_metadata_is_unreadable():
    run = RunDirectory.create(None, "x")
    run.metadata.write_text('{"command": ')
    with pytest.raises(UnreadableError, match=r"run\.json cannot be read"):
        RunDirectory.open(run.path).read_metadata()


def test_a_checkpoint_is_found_by_file_and_by_run():
    run = RunDirectory.create(None, "x")
    run.write_metadata({})
    with pytest.raises(UnreadableError, match="no checkpoint yet"):
        find_checkpoint(run.path)
    run.latest.touch()
    assert find_checkpoint(run.path) == run.latest
    assert find_checkpoint(run.latest) == run.latest


def test_no_checkpoint_is_found_where_there_is_no_run():
    with pytest.raises(UnreadableError, match="nowhere does not exist"):
        find_checkpoint(Path("nowhere"))
    Path("folder").mkdir()
    with pytest.raises(UnreadableError, match="not a run"):
        find_checkpoint(Path("folder"))


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (28, "no room left"),
        (122, "no room left"),
        (13, "no permission"),
        (30, "no permission"),
        (5, "cannot be written"),
    ],
)
def test_the_systems_refusals_are_told_apart(number, sentence):
    with pytest.raises(CoralError, match=sentence), files.writing(Path("x")):
        raise OSError(number, os.strerror(number))
