from __future__ import annotations

import io
import os
import pickle
import resource
import signal
import subprocess
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from coral_cli.registry.errors import CoralError, UnreadableError
from coral_cli.runs import files
from coral_cli.runs.checkpoint import load, read_metadata, save, save_latest, seal

METADATA = {"assembly": {"choices": {"env": "cartpole-swingup"}}, "best": None}


def state():
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "counts": {"steps": 1200, "generator": 2**127 + 1, "rates": [0.5, None, True, "x"], "span": (1, 2)},
        "images": torch.arange(12, dtype=torch.uint8).view(3, 4),
    }


def assert_same(a, b):
    if isinstance(a, torch.Tensor):
        assert a.dtype == b.dtype and torch.equal(a, b)
    elif isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for left, right in zip(a, b, strict=True):
            assert_same(left, right)
    else:
        assert a == b and type(a) is type(b)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "checkpoint.pt"
    save(path, METADATA, state())
    return path


def test_metadata_and_state_come_back(tmp_path):
    saved = state()
    save(tmp_path / "x.pt", METADATA, saved)
    metadata, loaded = load(tmp_path / "x.pt", "cpu")
    assert metadata == METADATA == read_metadata(tmp_path / "x.pt")
    assert_same(saved, loaded)


def test_plain_torch_opens_it_with_weights_only(path):
    assert torch.load(path, weights_only=True)["counts"]["steps"] == 1200


def test_the_metadata_needs_no_torch(path):
    code = (
        "import sys; from pathlib import Path; from coral_cli.runs.checkpoint import read_metadata\n"
        f"print(read_metadata(Path({str(path)!r}))['assembly']['choices']['env'], 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["cartpole-swingup", "False"]


def test_a_byte_flipped_anywhere_is_noticed(path):
    whole = path.read_bytes()
    places = np.random.default_rng(0).integers(0, len(whole), 100)
    for place in [0, *places, *range(len(whole) - 1400, len(whole), 9)]:  # the end is the zip's directory
        damaged = bytearray(whole)
        damaged[place] ^= 0x55
        path.write_bytes(damaged)
        for read in (read_metadata, load):
            with pytest.raises(UnreadableError):
                read(path)


def test_a_flipped_tensor_is_named_damage(path):
    whole = bytearray(path.read_bytes())
    place = whole.index(bytes(range(12)))
    whole[place] ^= 1
    path.write_bytes(whole)
    with pytest.raises(UnreadableError, match="is damaged: its checksum is wrong"):
        load(path)


@pytest.mark.parametrize(("share", "how"), [(0.05, "cut short"), (0.5, "cut short"), (0.99, "checksum")])
def test_a_file_cut_short_is_damaged(path, share, how):
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(UnreadableError, match=f"is damaged: .*{how}"):
        load(path)


def test_an_empty_file_and_a_text_are_no_checkpoints(path):
    for content in (b"", b"hello", b"PK"):
        path.write_bytes(content)
        with pytest.raises(UnreadableError, match="is no checkpoint"):
            load(path)


def test_what_is_missing_or_a_directory_cannot_be_opened(tmp_path):
    with pytest.raises(UnreadableError, match=r"cannot be opened \(No such file"):
        read_metadata(tmp_path / "missing.pt")
    with pytest.raises(UnreadableError, match=r"cannot be opened \(Is a directory"):
        read_metadata(tmp_path)


class Bomb:
    """Unpickling it creates a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


def test_a_strangers_pickle_is_refused_unopened(tmp_path):
    trace, path = tmp_path / "trace", tmp_path / "x.pt"
    path.write_bytes(pickle.dumps(Bomb(trace)))
    with pytest.raises(UnreadableError, match="Python pickle"):
        load(path)
    torch.save({"model": Bomb(trace)}, path, _use_new_zipfile_serialization=False)
    with pytest.raises(UnreadableError, match="Python pickle"):
        load(path)
    assert not trace.exists()


def test_a_bomb_inside_a_forged_checkpoint_does_not_go_off(tmp_path):
    trace, path = tmp_path / "trace", tmp_path / "x.pt"
    with path.open("wb") as file:
        torch.save({"model": Bomb(trace)}, file)
    seal(path, '{"format": 1, "record": {}}')
    assert read_metadata(path) == {}
    with pytest.raises(UnreadableError, match="could run code"):
        load(path)
    assert not trace.exists()
    torch.load(path, weights_only=False)
    assert trace.exists(), "the bomb would have gone off, so the test above says something"


def test_an_archive_of_something_else_is_named_so(tmp_path):
    with zipfile.ZipFile(tmp_path / "thesis.zip", "w") as archive:
        archive.writestr("thesis.tex", "...")
    torch.save(state(), tmp_path / "foreign.pt")
    for name in ("thesis.zip", "foreign.pt"):
        with pytest.raises(UnreadableError, match="coral did not write"):
            load(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"format": 2, "record": {}}', "format 2, and this coral reads format 1"),
        ('{"record": {}}', "metadata is not what coral writes"),
        ("[]", "metadata is not what coral writes"),
        ("{", "metadata is not what coral writes"),
    ],
)
def test_metadata_of_another_kind(tmp_path, content, sentence):
    path = tmp_path / "x.pt"
    with path.open("wb") as file:
        torch.save({}, file)
    seal(path, content)
    with pytest.raises(UnreadableError, match=sentence):
        read_metadata(path)


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"a": [1, np.float64(2)]}, r"state\['a'\]\[1\] is a float64"),
        ({"a": io.StringIO()}, r"state\['a'\] is a StringIO"),
        ({np.int64(3): 1}, "a key of state is a int64"),
        ({"a": {1, 2}}, "is a set"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(tmp_path, value, where):
    with pytest.raises(TypeError, match=where):
        save(tmp_path / "x.pt", {}, value)
    assert list(tmp_path.iterdir()) == []


def test_everything_accepted_can_be_read_back(tmp_path):
    value = {"a": OrderedDict(b=torch.nn.Parameter(torch.ones(2))), 3: (-1, [float("inf")]), None: 2**200, 0.5: True}
    save(tmp_path / "x.pt", {}, value)
    assert_same({**value, "a": OrderedDict(b=torch.ones(2))}, load(tmp_path / "x.pt")[1])


def test_latest_best_and_the_newest_two(tmp_path):
    for step in (10, 20, 30, 40):
        path = save_latest(tmp_path, step, {"step": step}, {"step": step}, best=step == 20)
        assert path.name == ("best.pt" if step == 20 else f"step-{step:09d}.pt")
        assert read_metadata(tmp_path / "latest.pt") == {"step": step}
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["best.pt", "latest.pt", "step-000000030.pt", "step-000000040.pt"]
    assert load(tmp_path / "best.pt") == ({"step": 20}, {"step": 20})


def test_a_run_that_went_back_keeps_its_new_checkpoint(tmp_path):
    for step in (10, 20, 30):
        save_latest(tmp_path, step, {}, {"step": step})
    path = save_latest(tmp_path, 15, {"step": 15}, {})  # resumed from step 10
    assert path.exists()
    assert read_metadata(tmp_path / "latest.pt") == {"step": 15}


def test_a_clock_that_went_back_does_not_take_the_new_one(tmp_path):
    for step in (10, 20):
        os.utime(save_latest(tmp_path, step, {}, {}), (2e9, 2e9 + step))
    assert save_latest(tmp_path, 30, {}, {}).exists()
    assert len(list(tmp_path.glob("step-*.pt"))) == 2


def test_a_process_killed_while_it_names_the_best_has_yet_to_find_it(tmp_path, monkeypatch):
    save_latest(tmp_path, 10, {"step": 10}, {})
    linked = []

    def killed(target, name, link=os.link):
        linked.append(name)
        if len(linked) == 2:
            raise KeyboardInterrupt
        link(target, name)

    monkeypatch.setattr(os, "link", killed)
    with pytest.raises(KeyboardInterrupt):
        save_latest(tmp_path, 20, {"step": 20}, {}, best=True)
    assert (read_metadata(tmp_path / "best.pt"), read_metadata(tmp_path / "latest.pt")) == ({"step": 20}, {"step": 10})


def test_without_hard_links_the_latest_is_a_copy(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    path = save_latest(tmp_path, 10, {"step": 10}, {})
    assert not (tmp_path / "latest.pt").samefile(path)
    assert read_metadata(tmp_path / "latest.pt") == {"step": 10}


def test_a_crash_before_the_rename_leaves_the_old_latest(tmp_path, monkeypatch):
    save_latest(tmp_path, 10, {"step": 10}, {})

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            save_latest(tmp_path, 20, {"step": 20}, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest.pt", "step-000000010.pt"]
    assert read_metadata(tmp_path / "latest.pt") == {"step": 10}


def test_what_a_killed_process_left_is_swept_up(tmp_path):
    (tmp_path / ".step-000000010.pt.partial").write_bytes(b"half")
    save_latest(tmp_path, 20, {}, {})
    assert not list(tmp_path.glob(".*"))


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(CoralError, match="no room left"):
            save_latest(tmp_path, 10, {}, {"weights": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []
