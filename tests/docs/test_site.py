"""The documentation site is built strictly: what leads nowhere is told. ``.ci/docs`` makes that a failure."""

import subprocess
import sys
from pathlib import Path

SITE = Path(__file__).parents[2] / "docs" / "site"
PAGE = """# A page

[a page](docs/none.md), [code](benchmarks/none.py), [a heading here](#none), [a heading there](docs/other.md#none),
[one that is there](docs/other.md#a-long-heading)

![a picture](docs/none.png)
"""


def test_what_leads_nowhere_is_told(tmp_path) -> None:
    source = tmp_path / "source"
    (source / "docs").mkdir(parents=True)
    (source / "README.md").write_text(PAGE)
    (source / "docs" / "other.md").write_text("# Other\n\n## A long heading\n")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "dummy", "-c", SITE, source, tmp_path / "out"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr.splitlines()
    here = [line.split("WARNING: ")[1] for line in told if "README.md" in line and "toctree" not in line]
    assert len(here) == 5, "\n".join(told)
    for broken in ("'docs/none.md'", "'benchmarks/none.py'", "'none'", "'docs/other': 'none'", "docs/none.png"):
        assert any(broken in line for line in here), broken
    assert any("other.md" in line and "toc.not_included" in line for line in told)
