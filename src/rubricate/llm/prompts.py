"""Packaged prompt templates: filled in one pass, with untrusted text fenced.

A template is a text file with ``$name`` places. Filling is one pass over the template, so a ``$name`` inside a filled
value stays text. Untrusted text goes between tags whose name holds a keyed digest of the text itself: whoever wrote
the text cannot know the tag, and the same text always gets the same tag, so prompts stay cacheable and runs repeatable.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from rubricate.errors import SettingError, UnknownNameError
from rubricate.llm.client import Request
from rubricate.types import Message

_PLACE = re.compile(r"\$([a-z_]+)")


@functools.cache
def template(name: str) -> str:
    """The packaged template ``name`` (a file in ``llm/prompts``), without the final newline."""
    folder = Path(__file__).parent / "prompts"
    path = folder / f"{name}.txt"
    if not path.is_file():
        known = [p.stem for p in folder.glob("*.txt")]
        raise UnknownNameError.among("prompt template", name, known)
    return path.read_text(encoding="utf-8").rstrip("\n")


def fill(text: str, values: Mapping[str, str]) -> str:
    """``text`` with every ``$name`` replaced in one pass; a place without a value is an error.

    >>> fill("Q: $question", {"question": "costs $price?", "price": "never read"})
    'Q: costs $price?'
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in values:
            raise SettingError(
                f"the template has a place ${name} and got no value for it", expected=sorted(values).__str__()
            )
        return values[name]

    return _PLACE.sub(value, text)


def fence_name(text: str, secret: str = "") -> str:
    """The tag name that fences ``text``: ``d-`` and 10 hex digits, keyed, never contained in the text.

    >>> fence_name("hello") == fence_name("hello"), fence_name("hello") == fence_name("hello", "k")
    (True, False)
    """
    for attempt in range(100):
        digest = hashlib.blake2b(
            f"{attempt}\x1f{text}".encode(errors="surrogatepass"), key=secret.encode()[:64], digest_size=5
        )
        name = f"d-{digest.hexdigest()}"
        if name not in text:
            return name
    raise SettingError("no fence was found that the text does not contain", where="fence_name")


def fenced(label: str, text: str, fence: str) -> str:
    """``text`` between tags named ``fence`` that carry a ``label`` (task, response, reference, document)."""
    return f'<{fence} is="{label}">\n{text}\n</{fence}>'


def prompt_digest(*texts: str) -> str:
    """16 hex digits that name a prompt text, for the digests of judges."""
    return hashlib.sha256("\x1f".join(texts).encode()).hexdigest()[:16]


def request(
    prompt: str, values: Mapping[str, str], blocks: Sequence[tuple[str, str]], *, model: str, temperature: float | None
) -> Request:
    """One request: the template ``prompt`` filled with ``values``, then the fenced ``blocks`` (label, text)."""
    fence = fence_name("\x1f".join(text for _, text in blocks))
    user = "\n".join(fenced(label, text, fence) for label, text in blocks)
    return Request((Message("system", fill(template(prompt), values)), Message("user", user)), model, temperature)


def numbered(label: str, texts: Sequence[str]) -> list[tuple[str, str]]:
    """Blocks ``label 1``, ``label 2``, ... for a list of texts."""
    return [(f"{label} {k}", text) for k, text in enumerate(texts, 1)]
