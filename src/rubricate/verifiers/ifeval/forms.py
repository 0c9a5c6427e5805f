"""IFEval detectable formats and contents: lists, highlights, sections, titles, placeholders, JSON.

The published patterns decide; where one of them takes time beyond the length of a hostile response (``\\[.*?\\]``,
``<<[^\\n]+>>``, ``^\\s*\\*``), the same matches are found another way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from rubricate.verifiers.base import Outcome
from rubricate.verifiers.ifeval.base import Check, instruction, outcome, texts, whole
from rubricate.verifiers.pattern import compiled_linear

# "* " needs no space; a line "*" alone takes the next line with it; "---" is a bullet.
_BULLETS = (re.compile(r"^[^\S\n]*\*[^*].*$", re.MULTILINE), re.compile(r"^[^\S\n]*-.*$", re.MULTILINE))
_HIGHLIGHTS = (re.compile(r"\*[^\n*]*\*"), re.compile(r"\*\*[^\n*]*\*\*"))
_POSTSCRIPTS = {"P.P.S": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}
_ANSWERS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
_FENCES = ("```json", "```Json", "```JSON", "```")


@instruction("detectable_format:number_bullet_lists")
def number_bullet_lists(num_bullets: int) -> Check:
    """Whether exactly so many lines start with ``*`` (not ``**``) or ``-``."""
    whole(num_bullets=num_bullets)

    def check(text: str) -> Outcome:
        found = [m[0].strip() for pattern in _BULLETS for m in pattern.finditer(text)]
        return outcome(len(found) == num_bullets, f"{len(found)} bullets; expected {num_bullets}", found)

    return check


@instruction("detectable_format:number_highlighted_sections")
def number_highlighted_sections(num_highlights: int) -> Check:
    """Whether at least so many sections are highlighted: ``*so*`` or ``**so**``, each on one line and not blank."""
    whole(num_highlights=num_highlights)

    def check(text: str) -> Outcome:
        found = [m for pattern in _HIGHLIGHTS for m in pattern.findall(text) if m.strip("*").strip()]
        return outcome(
            len(found) >= num_highlights, f"{len(found)} highlights; expected at least {num_highlights}", found
        )

    return check


@instruction("detectable_format:multiple_sections")
def multiple_sections(section_spliter: str, num_sections: int) -> Check:
    """Whether at least so many marks "SPLITER 1" (a number behind, case kept) divide the response."""
    texts(section_spliter=section_spliter)
    whole(num_sections=num_sections)
    compiled_linear(section_spliter.strip(), "")
    pattern = re.compile(rf"\s?{section_spliter.strip()}\s?\d+\s?")

    def check(text: str) -> Outcome:
        found = [m[0].strip() for m in pattern.finditer(text)]
        count = len(found) * (1 + pattern.groups)  # splitting counts what a group catches
        return outcome(count >= num_sections, f"{count} sections; expected at least {num_sections}", found)

    return check


@instruction("detectable_format:title")
def title() -> Check:
    """Whether a line holds a title in double angular brackets, ``<<title>>``, that is not blank."""
    return lambda text: _some(_titles(text), "titles")


@instruction("detectable_format:json_format")
def json_format() -> Check:
    """Whether the whole response is JSON, bare or between one pair of fences; NaN counts, as it does for Python."""

    def check(text: str) -> Outcome:
        body = text.strip()
        for fence in _FENCES:
            body = body.removeprefix(fence)
        try:
            json.loads(body.removesuffix("```").strip())
        except RecursionError:
            return outcome(False, "the JSON is nested too deep to read")
        except ValueError as error:
            return outcome(False, f"no JSON: {error}")
        return outcome(True, "JSON")

    return check


@instruction("detectable_format:constrained_response")
def constrained_response() -> Check:
    """Whether the response holds "My answer is yes.", "My answer is no." or "My answer is maybe."."""
    return lambda text: _some([a for a in _ANSWERS if a in text], "of the three answers")


@instruction("detectable_content:number_placeholders")
def number_placeholders(num_placeholders: int) -> Check:
    """Whether at least so many placeholders in square brackets, ``[name]``, stand in the response."""
    whole(num_placeholders=num_placeholders)

    def check(text: str) -> Outcome:
        found = list(_placeholders(text))
        return outcome(
            len(found) >= num_placeholders, f"{len(found)} placeholders; expected at least {num_placeholders}", found
        )

    return check


@instruction("detectable_content:postscript")
def postscript(postscript_marker: str) -> Check:
    """Whether the marker stands anywhere, in any case; "P.P.S" and "P.S." also with a space between the letters."""
    texts(postscript_marker=postscript_marker)
    marker = postscript_marker.strip()
    pattern = compiled_linear(_POSTSCRIPTS.get(marker, marker.lower()), "m")

    def check(text: str) -> Outcome:
        found = pattern.search(text.lower()) is not None
        return outcome(found, f'"{marker}" {"found" if found else "not found"}')

    return check


def _some(found: list[str], what: str) -> Outcome:
    return outcome(bool(found), f"{len(found)} {what}; expected at least 1", found)


def _titles(text: str) -> list[str]:
    """What ``<<[^\\n]+>>`` matches, at most one a line, as long as it is not blank."""
    found = []
    for line in text.split("\n"):
        start, end = line.find("<<"), line.rfind(">>")
        if start >= 0 and end > start + 2 and line[start : end + 2].lstrip("<").rstrip(">").strip():
            found.append(line[start : end + 2])
    return found


def _placeholders(text: str) -> Iterator[str]:
    """What ``\\[.*?\\]`` matches."""
    for line in text.split("\n"):
        at = 0
        while (start := line.find("[", at)) >= 0 and (end := line.find("]", start)) >= 0:
            at = end + 1
            yield line[start:at]
