"""Adam without torch's compiler: torch's own methods import it when first called, 150 MB and more than a second."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch


def _bare(method: Callable[..., Any]) -> Any:
    """Return a method without what torch has put around it to have its compiler leave it alone."""
    return inspect.unwrap(method)


class Adam(torch.optim.Adam):
    """torch's Adam (which see), as it computes outside of compiled programs."""

    add_param_group = _bare(torch.optim.Adam.add_param_group)
    zero_grad = _bare(torch.optim.Adam.zero_grad)
    state_dict = _bare(torch.optim.Adam.state_dict)
    load_state_dict = _bare(torch.optim.Adam.load_state_dict)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Do a gradient step; return what ``closure``, called first, gives."""
        return _bare(torch.optim.Adam.step)(self, closure)
