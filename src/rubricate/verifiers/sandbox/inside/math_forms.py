"""The outer form of a mathematical answer, as text: parts, brackets, units, percent signs, plain numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_OPEN, _CLOSE = "([{", ")]}"
_NOISE = (
    *("\\left", "\\right", "\\displaystyle", "\\bigl", "\\bigr", "\\big"),
    *("\\,", "\\;", "\\!", "\\:", "\\ ", "\\quad", "~", "$", "\\(", "\\)", "\\[", "\\]"),
)
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:[eE][-+]?\d{1,3})?")
_FRACTION = re.compile(r"([-+]?)\\[dtc]?frac(?:\{(\d{1,30})\}\{(\d{1,30})\}|(\d)(\d))|([-+]?\d{1,30})/(\d{1,30})")
NAMES = r"sqrt|sin|cos|tan|log|ln|exp|pi|infty|sec|cot|csc"
_MEASURE = re.compile(rf"([-+]?[\d.,/]*\d) (?!(?:{NAMES})(?![a-zA-Z]))([^\W\d_]{{2,}}[\w/^ -]*|°\w?)")
_TEXT = re.compile(r"\\(?:text|mathrm|textbf|mathbf|operatorname)\{([^{}]*)\}")
_JOINTS = re.compile(r"\s*(?:\\text\{\s*(?:or|and)\s*\}|\\(?:lor|land|vee|wedge|cup)\b|\b(?:or|and)\b|;)\s*")


@dataclass(frozen=True)
class Form:
    """``parts`` inside ``brackets`` ("" for a bare list or one value); ``unit`` the words; ``percent`` its sign."""

    brackets: str
    parts: tuple[str, ...]
    unit: str = ""
    percent: bool = False


def form(text: str) -> Form:
    """Take an answer apart.

    >>> form("x = 3 \\\\text{ or } x = -2").parts
    ('x = 3', 'x = -2')
    >>> form("[0, 1)"), form("12\\\\text{ cm}").unit
    (Form(brackets='[)', parts=('0', '1'), unit='', percent=False), 'cm')
    >>> form("3 kg"), form("2 pi").unit, form("2 x").unit
    (Form(brackets='', parts=('3',), unit='kg', percent=False), '', '')
    """
    text = plain(text)
    if text.startswith("\\{") and text.endswith("\\}"):
        inside = text[2:-2]
        return Form("{}", _split(inside)) if inside.strip() else Form("{}", ())
    joined = [p for p in _JOINTS.split(text) if p.strip()]
    if len(joined) > 1:
        return Form("", tuple(joined))
    pieces = _split(text)
    if len(pieces) > 1:
        return Form("", pieces)
    if text[:1] in ("(", "[") and text[-1:] in (")", "]") and _closes(text) and len(inner := _split(text[1:-1])) > 1:
        return Form(text[0] + text[-1], inner)
    if text.startswith("\\pm"):
        return Form("", (text[3:].strip(), "-" + text[3:].strip()))
    if (measure := _MEASURE.fullmatch(text)) is not None:
        return Form("", (measure[1],), measure[2].strip())
    unit = " ".join(w for m in _TEXT.finditer(text) for w in m[1].split())
    bare = _TEXT.sub("", text).strip() or text
    percent = bare.endswith(("%", "\\%"))
    return Form("", (bare.removesuffix("%").removesuffix("\\").strip(),), "" if bare == text else unit, percent)


def plain(text: str) -> str:
    """Without what only sets type: dollars, spaces of LaTeX, ``\\left``; a thousands comma, a full stop at the end."""
    for noise in _NOISE:
        text = text.replace(noise, " " if noise in ("\\quad", "~", "\\ ") else "")
    text = re.sub(r"(?<=\d)(?:\{,\}|,)(?=\d{3}(?!\d))", "", text) if "," in text and _thousands(text) else text
    return re.sub(r"\s+", " ", text.replace("\u2212", "-").replace("**", "^")).strip().rstrip(".").strip()


def _thousands(text: str) -> bool:
    return bool(re.fullmatch(r"[^,]*?\d{1,3}(?:(?:\{,\}|,)\d{3})+(?:\.\d+)?[^,\d]*", text.strip()))


def number(text: str) -> Fraction | None:
    """The value of a plain number or fraction, exactly; None for anything else.

    >>> number("-1,234.50"), number("\\\\frac{32}{11}"), number("x")
    (Fraction(-2469, 2), Fraction(32, 11), None)
    """
    text = text.replace(" ", "")
    if (match := _FRACTION.fullmatch(text)) is not None:
        sign, top, bottom, short_top, short_bottom, over, under = match.groups()
        below = int(bottom or short_bottom or under)
        return None if not below else (-1 if sign == "-" else 1) * Fraction(int(top or short_top or over), below)
    if len(text) > 60 or not any(c.isdigit() for c in text) or not _NUMBER.fullmatch(text):
        return None
    return Fraction(text.replace(",", ""))


def decimals(text: str) -> tuple[int, int] | None:
    """Digits after the point and significant digits, of a number written with a point; None for others.

    >>> decimals("2.909"), decimals("3")
    ((3, 4), None)
    """
    match = re.fullmatch(r"[-+]?(\d*)\.(\d+)", text.replace(",", "").replace(" ", ""))
    return (len(match[2]), len((match[1] + match[2]).lstrip("0"))) if match else None


def _split(text: str) -> tuple[str, ...]:
    """Parts at commas outside every bracket."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter in _OPEN) - (letter in _CLOSE)
        if letter == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    return tuple(p for p in [*parts, text[start:].strip()] if p)


def _closes(text: str) -> bool:
    """Whether the first bracket closes at the very end."""
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter in _OPEN) - (letter in _CLOSE)
        if depth == 0:
            return at == len(text) - 1
    return False
