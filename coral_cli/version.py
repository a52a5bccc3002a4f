"""What coral is called where packages are installed, and its version. Imports nothing."""

CORE = "coral-rl"
"""The distribution, which owns the bare names of components."""

FORMER = "coral-cli"
"""The name that it had at first. On PyPI that is another project: it is understood, and never suggested."""

__version__ = "0.1.0"
