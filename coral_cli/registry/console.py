"""Rich's console, to which text is text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from coral_cli.registry.terminal import visible


class Terminal(Console):
    """A console for ``visible`` text, in which nothing is markup, an emoji's name or highlighted."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Draw; rich's own control segments stay. Others' take no room, as rich has counted on."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text, ""), segment.style)
