"""What coral is called where packages are installed, and its version. Imports nothing."""

CORE = "coral-cli"
"""The distribution, which owns the bare names of components."""

__version__ = "0.1.0"
