"""HTML that cannot be broken out of: text is escaped unless a function here made it.

Everything that comes from a prompt, a response or a judge passes through ``text``. Characters that are invisible or
that turn the direction of writing (bidirectional controls, zero-width and tag characters, other controls, lone
surrogates) are shown by their code point, so that a page shows what the judge was shown.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Any

_VOID = {"input", "meta", "br"}
_HIDDEN = re.compile(
    "([\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f])\\1*"
)


class Markup(str):
    """A string that is HTML already."""

    __slots__ = ()


def text(value: object) -> Markup:
    """``value`` as HTML text; hidden characters become visible.

    >>> text("<b>\\u202e"), text(text("<b>"))
    ('&lt;b&gt;<i class=c>U+202E</i>', '&lt;b&gt;')
    """
    if isinstance(value, Markup):
        return value
    return Markup(_HIDDEN.sub(lambda m: f"<i class=c>{_code(m)}</i>", html.escape(str(value))))


def plain(value: object) -> str:
    """``value`` for an attribute or a terminal: hidden characters in brackets, nothing escaped.

    >>> plain("a\\x1b[31m")
    'a[U+001B][31m'
    """
    return _HIDDEN.sub(lambda m: f"[{_code(m)}]", str(value))


def _code(found: re.Match[str]) -> str:
    times = len(found.group(0))
    return f"U+{ord(found.group(1)):04X}" + (f" ×{times}" if times > 1 else "")


def tag(name: str, /, *children: Any, **attributes: Any) -> Markup:
    """One element. ``cls`` is class, ``data_n`` data-n; True is a bare attribute, None and False leave it out.

    >>> tag("td", "a < b", cls="n", hidden=False)
    '<td class="n">a &lt; b</td>'
    """
    head = name + "".join(_attribute(k, v) for k, v in attributes.items() if v is not None and v is not False)
    return Markup(f"<{head}>" if name in _VOID else f"<{head}>{join(children)}</{name}>")


def _attribute(name: str, value: object) -> str:
    name = "class" if name == "cls" else name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(plain(value))}"'


def join(children: Iterable[Any]) -> Markup:
    """Children one after the other: markup as it is, nested lists flattened, None left out, the rest escaped."""
    return Markup("".join(_child(c) for c in children))


def _child(child: Any) -> str:
    if child is None:
        return ""
    return text(child) if isinstance(child, (str, int)) else join(child)


def section(place: str, title: str, lead: str, *parts: Any) -> Markup:
    """A section of the page under its own anchor, with a sentence that says what it shows."""
    return tag("section", tag("h2", title), tag("p", lead, cls="lead") if lead else None, parts, id=place)


def note(said: str) -> Markup | None:
    """A sentence about what is left out; nothing for no sentence."""
    return tag("p", said, cls="note") if said else None


def heads(*columns: tuple[str, str]) -> Markup:
    """The head of a table: names and classes of its columns."""
    return tag("thead", tag("tr", [tag("th", name, scope="col", cls=cls or None) for name, cls in columns]))


def scroll(table: Markup, label: str, cls: str = "scroll") -> Markup:
    """A table that may be wider than the page: the keyboard can reach and scroll it."""
    return tag("div", table, cls=cls, tabindex="0", role="region", aria_label=label)


def clip(value: str, limit: int) -> tuple[str, int]:
    """The first ``limit`` bytes of a text, and how many characters are left out.

    >>> clip("water", 3), clip("tea", 3)
    (('wat', 2), ('tea', 0))
    """
    data = value.encode("utf-8", "surrogatepass")
    if len(data) <= limit:
        return value, 0
    while limit and data[limit] & 0xC0 == 0x80:
        limit -= 1  # not inside a character
    kept = data[:limit].decode("utf-8", "surrogatepass")
    return kept, len(value) - len(kept)
