"""coral: self-supervised joint representations of several sensors, and policies that act on them."""

__version__ = "0.1.0"
