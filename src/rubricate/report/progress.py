"""Where a running job stands: one live line in a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from rubricate.report.numbers import count, duration, money, percent, rate
from rubricate.types import State

if TYPE_CHECKING:
    from rubricate.judges.engine import Progress

WIDTH = 20
EVERY = 10  # percent between two lines of a log


def progress_text(progress: Progress, unit: str = "verdict") -> Text:
    """Share done, verdicts (or another ``unit``) a second, share missing, cost, estimated time left."""
    done, total = progress.done, max(progress.total, progress.done)
    filled = round(WIDTH * done / total) if total else 0
    lost = sum(n for s, n in progress.states.items() if s not in (State.SCORED, State.SKIPPED))
    parts = [f"{done:,} of {count(total, unit)}", f"{rate(progress.per_second)}/s"]
    if lost:
        parts.append(f"{percent(lost, done)} missing")
    if progress.usage.cost:
        parts.append(f"cost {money(progress.usage.cost)}")
    if progress.seconds_left and done < total:
        parts.append(f"{duration(max(1.0, progress.seconds_left))} left")
    return Text.assemble(("█" * filled, "cyan"), ("·" * (WIDTH - filled), "dim"), "  ", ", ".join(parts))


class _Line:
    """The newest state of the job; ``Live`` asks for it a few times a second, so a callback costs next to nothing."""

    def __init__(self, unit: str) -> None:
        self.progress: Progress | None = None
        self.unit = unit

    def take(self, progress: Progress) -> None:
        self.progress = progress

    def __rich__(self) -> RenderableType:
        return progress_text(self.progress, self.unit) if self.progress else Text("")


class _Log:
    """One line for every tenth of the job; nothing for a job that is over in a moment."""

    def __init__(self, console: Console, quiet: float, unit: str) -> None:
        self.console, self.quiet, self.unit, self.next = console, quiet, unit, EVERY

    def take(self, progress: Progress) -> None:
        share = 100 * progress.done // progress.total if progress.total else 0
        if share >= self.next and time.monotonic() - progress.started >= self.quiet:
            self.console.print(progress_text(progress, self.unit), soft_wrap=True)
            self.next = share - share % EVERY + EVERY


@contextmanager
def progress_bar(
    console: Console | None = None, quiet: float = 2.0, unit: str = "verdict"
) -> Iterator[Callable[[Progress], None]]:
    """A callback for ``pipeline.run(on_progress=...)`` that shows where the job stands, on standard error.

    A log (no terminal) gets its first line after ``quiet`` seconds. ``unit`` is what the job counts.

    ::

        with progress_bar() as on_progress:
            run(rubric, samples, on_progress=on_progress)
    """
    out = console or Console(stderr=True)
    if not out.is_terminal:
        yield _Log(out, quiet, unit).take
        return
    line = _Line(unit)
    with Live(line, console=out, refresh_per_second=5):
        yield line.take
