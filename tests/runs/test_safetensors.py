"""Weights as safetensors: the format by its own words, and everything else refused."""

from __future__ import annotations

import json
import struct

import pytest
import torch

from coral_cli.registry.errors import UnreadableError
from coral_cli.runs import checkpoint, safetensors

TENSORS = {
    "half": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
    "one": torch.tensor(3.0),
    "many": torch.arange(6, dtype=torch.float32).view(2, 3).T,  # not contiguous
    "counts": torch.tensor([1, -(2**40)]),
    "none": torch.zeros(0, 4),
    "flags": torch.tensor([True, False, True]),
}


def written(path, metadata="{}", tensors=TENSORS):
    safetensors.write(path, metadata, tensors)
    return path


def taken_apart(path):
    """The header and the bytes behind it, as the format's description says."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def put_together(path, header, data):
    encoded = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + data)


def test_what_was_written_is_read(tmp_path):
    path = written(tmp_path / "a.safetensors", metadata='{"a": 1}')
    assert safetensors.read_header(path).metadata == '{"a": 1}'
    found = safetensors.read_tensors(path)
    assert found.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert found[name].dtype == tensor.dtype and torch.equal(found[name], tensor)


def test_the_bytes_lie_as_the_format_says(tmp_path):
    header, data = taken_apart(written(tmp_path / "a.safetensors"))
    about = header["many"]
    assert (about["dtype"], about["shape"]) == ("F32", [3, 2])
    begin, end = about["data_offsets"]
    assert begin % 4 == 0 and struct.unpack("<6f", data[begin:end]) == (0, 3, 1, 4, 2, 5)
    assert sum(end - begin for begin, end in (header[name]["data_offsets"] for name in TENSORS)) == len(data)


def test_the_package_itself_reads_it(tmp_path):
    theirs = pytest.importorskip("safetensors.torch")
    found = theirs.load_file(written(tmp_path / "a.safetensors"))
    assert all(torch.equal(found[name], tensor) for name, tensor in TENSORS.items())


def test_an_agent_s_metadata_come_along(tmp_path):
    path = tmp_path / "agent.safetensors"
    metadata = {"assembly": {}, "sensors": {"s": {"kind": "vector", "shape": [2]}}, "action_size": 1}
    checkpoint.save_weights(path, metadata, TENSORS)
    assert checkpoint.read_metadata(path) == metadata
    found, state = checkpoint.load(path)
    assert found == metadata and torch.equal(state["agent"]["weights"]["many"], TENSORS["many"])


CHANGES = {
    "cut short": lambda header, data: data[:-1],
    "longer": lambda header, data: data + b"x",
    "checksum": lambda header, data: data[:-1] + bytes([data[-1] ^ 1]),
    "overlap": lambda header, data: header["counts"].update(data_offsets=[8, 24]) or data,
    "does not have the size": lambda header, data: header["many"].update(shape=[3, 3]) or data,
    "unknown type": lambda header, data: header["many"].update(dtype="F8") or data,
    "not two numbers": lambda header, data: header["many"].update(data_offsets=[0]) or data,
    "a whole number": lambda header, data: header["many"].update(shape=[-3, -2]) or data,
    "no 'sha256'": lambda header, data: header["__metadata__"].pop("sha256") and data,
    "not text": lambda header, data: header["__metadata__"].update(more=1) or data,
    "not a list": lambda header, data: header["many"].update(shape="no") or data,
    "not an object": lambda header, data: header.update(many=3) or data,
}


@pytest.mark.parametrize("why", CHANGES)
def test_what_coral_did_not_write_is_refused(why, tmp_path):
    path = written(tmp_path / "a.safetensors")
    header, data = taken_apart(path)
    data = CHANGES[why](header, data)
    put_together(path, header, data)
    with pytest.raises(UnreadableError, match=why):
        checkpoint.read_metadata(path)


@pytest.mark.parametrize(
    "content", [b"", b"PK\3\4", b"\xff" * 8, struct.pack("<Q", 9) + b"{}", struct.pack("<Q", 2) + b"[]"]
)
def test_what_is_no_such_file_is_refused(content, tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    with pytest.raises(UnreadableError):
        checkpoint.load(path)


def test_a_type_that_the_format_lacks(tmp_path):
    with pytest.raises(TypeError, match="complex"):
        written(tmp_path / "a.safetensors", tensors={"x": torch.zeros(1, dtype=torch.complex64)})
    assert not list(tmp_path.iterdir())
