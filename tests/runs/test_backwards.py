"""Lines from the end of a file."""

from __future__ import annotations

import pytest

from coral_cli.registry.errors import UnreadableError
from coral_cli.runs import backwards as module
from coral_cli.runs.backwards import backwards, whole_lines


@pytest.mark.parametrize("block", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("content", [b"", b"x", b"a\n", b"\n", b"a\nbb\n\nccc\n", b"a\nbb\npartial", b"long line\nb\n"])
def test_lines_come_back_the_last_first(content, block, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", block)
    monkeypatch.setattr(module, "LARGEST_BLOCK", 2 * block)
    (tmp_path / "f").write_bytes(content)
    whole = content[: content.rfind(b"\n") + 1]
    assert list(backwards(tmp_path / "f")) == whole.split(b"\n")[-2::-1]
    assert whole_lines(tmp_path / "f") == len(whole)


def test_only_what_stands_before_a_place(tmp_path):
    (tmp_path / "f").write_bytes(b"a\nb\nc\n")
    assert list(backwards(tmp_path / "f", 4)) == [b"b", b"a"]


def test_what_cannot_be_read(tmp_path, monkeypatch):
    with pytest.raises(UnreadableError, match="No such file"):
        list(backwards(tmp_path / "none"))
    monkeypatch.setattr(module, "DOCUMENT_BYTES", 10)
    (tmp_path / "f").write_bytes(b"x" * 100 + b"\n")
    with pytest.raises(UnreadableError, match="a line of more than 10 bytes"):
        list(backwards(tmp_path / "f"))
