"""The documentation site, built by ``.ci/docs`` with Sphinx from the repository's Markdown as it is."""

import re
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from navigation import NAVIGATION, toctrees  # noqa: E402 - beside this file

project = "coral"
html_title = "coral"
extensions = ["command_help", "myst_parser", "sphinx.ext.autodoc"]
root_doc = "README"
include_patterns = ["*.md", "docs/**", "plugins/README.md", "plugins/*/README.md"]
exclude_patterns = [".*", "build", "runs", "site", "docs/site"]

smartquotes = False  # they would make a dash of the hyphens before a flag
myst_heading_anchors = 6  # those that code-hosting pages give
autodoc_preserve_defaults = True  # as they are written: their values may be the builder's own
autodoc_type_aliases = {"ArrayLike": "ArrayLike"}  # by its name, not by all that it stands for
python_maximum_signature_line_length = 80
python_use_unqualified_type_names = True

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
templates_path = ["templates"]
html_additional_pages = {"index": "index.html"}
html_copy_source = False
html_use_index = False
html_domain_indices = False
html_show_copyright = False


def _add_navigation(_: Sphinx, page: str, source: list[str]) -> None:
    """End a page with what the navigation lists below it, so that its Markdown need not."""
    if page in NAVIGATION:
        source[0] += toctrees(NAVIGATION[page])


def _name_aliases(*event: Any) -> tuple[str | None, str | None]:
    """Return a signature in which types that have a name go by it alone."""
    signature, returned = event[-2:]
    return re.sub(r"TypeAliasForwardRef\('(\w+)'\)", r"\1", signature or "") or None, returned


def setup(app: Sphinx) -> None:
    """Tell Sphinx of the functions above."""
    app.connect("autodoc-process-signature", _name_aliases)
    app.connect("source-read", _add_navigation)
