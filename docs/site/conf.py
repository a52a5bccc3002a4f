"""The documentation site, built by ``.ci/docs`` with Sphinx from the repository's Markdown as it is."""

import sys
from pathlib import Path

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

myst_heading_anchors = 6  # those that code-hosting pages give
autodoc_type_aliases = {"ArrayLike": "ArrayLike"}  # by its name, not by all that it stands for
python_maximum_signature_line_length = 80
python_use_unqualified_type_names = True

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
templates_path = ["templates"]
html_additional_pages = {"index": "index.html"}
html_copy_source = False
html_use_index = False
html_domain_indices = False
html_show_copyright = False


def _add_navigation(_: Sphinx, page: str, source: list[str]) -> None:
    """Ends a page with what the navigation lists below it, so that its Markdown need not."""
    if page in NAVIGATION:
        source[0] += toctrees(NAVIGATION[page])


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _add_navigation)
