"""Where the code of a response stands: its fenced blocks, or all of it."""

from __future__ import annotations

from rubricate.errors import SettingError

BLOCKS = ("last", "first", "longest", "all")


def fences(text: str) -> list[tuple[str, str]]:
    """(language, body) of every fenced block, in order; a block that is never closed runs to the end.

    >>> fences("Use:\\n```python\\nx = 1\\n```\\nor\\n~~~sql\\nSELECT 1\\n~~~")
    [('python', 'x = 1\\n'), ('sql', 'SELECT 1\\n')]
    """
    found: list[tuple[str, str]] = []
    mark, language, body = "", "", list[str]()
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        if mark and bare.startswith(mark) and not bare.strip(mark[0]):
            found.append((language, "".join(body)))
            mark = ""
        elif mark:
            body.append(line)
        elif bare.startswith(("```", "~~~")):
            mark = bare[: len(bare) - len(bare.lstrip(bare[0]))]
            language, body = bare[len(mark) :].strip().split(" ")[0].lower(), []
    return [*found, (language, "".join(body))] if mark else found


def code_of(text: str, languages: tuple[str, ...], block: str = "last") -> str:
    """The code of a response: its last (first, longest) fenced block in one of the languages or in none, or all joined.

    Without a fenced block it is the whole text.
    """
    if block not in BLOCKS:
        raise SettingError(f"block={block!r}", expected=f"one of {', '.join(BLOCKS)}")
    blocks = fences(text)
    bodies = [b for n, b in blocks if n in languages] or [b for n, b in blocks if not n]
    if not bodies:
        return "" if blocks else text
    if block == "all":
        return "\n".join(bodies)
    return max(bodies, key=len) if block == "longest" else bodies[0 if block == "first" else -1]
