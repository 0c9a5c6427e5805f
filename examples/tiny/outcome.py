"""What a mode of the training example comes to: its lines, its bars, its curves."""

from __future__ import annotations

from dataclasses import dataclass

import rubricate as rb
from rubricate.cli.runs import write_report
from tiny.training import Record


@dataclass(frozen=True)
class Outcome:
    """The last lines of a mode, what was missed, and whether it took longer than it may (empty: it did not)."""

    line: str
    missed: tuple[str, ...] = ()
    late: str = ""


def told(name: str, record: Record, more: str = "") -> str:
    """Start and end of the reward, and what the answers were worth at the end."""
    start, end = record.start(), record.end()
    return f"{name:10} reward {start:.3f} -> {end:.3f}   quality {record.end('quality'):.3f}   {more}".rstrip()


def bar(record: Record, name: str, seconds: float, limit: float, at_least: float = 0.9) -> Outcome:
    """Start and end reward beside the bars of the mode."""
    end = record.end()
    missed = () if end >= at_least else (f"the reward ends at {end:.3f}, below {at_least}",)
    return Outcome(told(name, record, f"{seconds:.0f} s"), missed, late(seconds, limit))


def late(seconds: float, limit: float) -> str:
    """What is said about a mode that took too long."""
    return f"it took {seconds:.0f} s, more than {limit:g}" if seconds > limit else ""


def finish(rewarder: rb.Rewarder) -> None:
    """Arrays, rewards and report of the run folder."""
    if rewarder.run is not None:
        print(f"{'':10} report {write_report(rewarder.run.finish())}", flush=True)


def curves(record: Record) -> dict[str, list[float]]:
    """The curves of a training, for JSON."""
    return {name: list(record.curve(name)) for name in ("reward", "quality", "length")}
