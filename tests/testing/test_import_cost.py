"""What importing a plugin may cost."""

import sys

import pytest

from coral_cli.plugin import Encoder
from coral_cli.testing import ConformanceError, check_encoder

SLOW = "import time\nstart = time.process_time()\nwhile time.process_time() < start + 0.15: pass"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import torch", r"import: importing heavy\d imports torch, which slows down every command."),
        (
            "import time\nstart = time.process_time()\nwhile time.process_time() < start + 0.15: pass",
            r"import: importing heavy\d takes \d+ ms",
        ),
        (
            "import sys\nif 'pytest' not in sys.modules: raise ValueError('alone')",
            "import: heavy. cannot be imported alone",
        ),
    ],
)
def test_a_heavy_module_is_told(source, message, tmp_path, monkeypatch, request):
    (tmp_path / "torch.py").write_text("")  # stands in for the real one, which takes its time
    name = f"heavy{request.node.callspec.indices['source']}"
    (tmp_path / f"{name}.py").write_text(f"{source}\ndef build(options, sensor): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    with pytest.raises(ConformanceError, match=message) as caught:
        check_encoder(Encoder("mine", "Mine.", __import__(name).build))
    assert [failure.check for failure in caught.value.failures] == ["import"]
