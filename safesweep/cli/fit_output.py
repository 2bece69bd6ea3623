"""What a console prints, made fit for a terminal just before it gets there: styles are rich's own, texts may come from anywhere."""

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.segment import Segment

from safesweep.terminal import fit


@dataclass(frozen=True)
class _Fit:
    """A renderable whose texts are fit; what rich itself says to the terminal (``Segment.control``) stays."""

    inner: ConsoleRenderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self.inner, options):
            yield segment if segment.control else Segment(fit(segment.text), segment.style)


class FitOutput(RenderHook):
    """A hook for ``Console.push_render_hook``."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """The same, each fit for a terminal."""
        return [_Fit(one) for one in renderables]
