"""Markdown of numbers: shares, differences with intervals, tables, filled paragraphs."""

from __future__ import annotations

import textwrap

WIDTH = 118


def percent(share: float | None, digits: int = 0) -> str:
    """A share as a percentage."""
    return "-" if share is None else f"{100 * share:.{digits}f}"


def signed(value: float | None, span: list[float], scale: float = 1.0, digits: int = 2) -> str:
    """A difference with its interval; bold where the interval leaves out 0, "none" where there is no number."""
    if value is None:
        return "none"
    low, high = (scale * s for s in span)
    text = f"{scale * value:+.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
    return f"**{text}**" if low > 0 or high < 0 else text


def table(names: list[str], rows: list[list[str]], left: int = 1) -> str:
    """A Markdown table, the first ``left`` columns to the left."""
    rule = "|" + "|".join("---" if k < left else "---:" for k in range(len(names))) + "|"
    return "\n".join(["| " + " | ".join(names) + " |", rule, *("| " + " | ".join(r) + " |" for r in rows)])


def filled(text: str) -> str:
    """Paragraphs and list items filled to one width; tables, headings and pictures as they are."""
    blocks = [b.strip("\n") for b in text.split("\n\n")]
    return "\n\n".join(_block(b) for b in blocks if b) + "\n"


def _block(block: str) -> str:
    if block.startswith(("|", "#", "![")):
        return block
    if not block.startswith("* "):
        return _fill(block, "")
    items = ("\n" + block).split("\n* ")[1:]
    return "\n".join(_fill("* " + item, "  ") for item in items)


def _fill(text: str, indent: str) -> str:
    one = " ".join(text.split())
    return textwrap.fill(one, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
