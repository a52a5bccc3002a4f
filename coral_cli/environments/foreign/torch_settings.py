"""An environment's settings of torch and coral's, kept apart: either side finds its own as it left them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class _Settings:
    """The settings that programs change for all that runs in their process."""

    dtype: Any
    gradients: bool

    @classmethod
    def now(cls, torch: Any) -> _Settings:
        return cls(torch.get_default_dtype(), torch.is_grad_enabled())

    def take(self, torch: Any) -> None:
        """Make these settings hold."""
        torch.set_default_dtype(self.dtype)
        torch.set_grad_enabled(self.gradients)


_theirs: list[_Settings] = []
"""The settings of the environments, once there are any: a module's own are set when it is imported."""


@contextmanager
def environments_own() -> Iterator[None]:
    """Let torch's default dtype and gradients be as environments left them, and afterwards as before."""
    torch: Any = sys.modules.get("torch")
    ours = torch and _Settings.now(torch)
    if _theirs and ours != _theirs[0]:
        _theirs[0].take(torch)
    try:
        yield
    finally:
        if torch is None and (torch := sys.modules.get("torch")):  # the environment has imported it
            ours = _Settings(torch.float32, True)
        if torch is not None:
            _theirs[:] = [_Settings.now(torch)]
            if _theirs[0] != ours:
                ours.take(torch)
