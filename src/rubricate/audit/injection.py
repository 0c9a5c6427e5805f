"""Does anything that others wrote leave its fence? A client that obeys every instruction it finds outside of one.

The audit works on any judge, your own too: give it a function that asks the judge about a sample through a client.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from rubricate.audit.attacks import INJECTIONS, Injection
from rubricate.errors import CallError, SettingError
from rubricate.llm.client import Client, Reply, Request
from rubricate.types import Message, Sample, Step, Verdict

Ask = Callable[[Sample, Client], Awaitable[Sequence[Verdict]]]

PLACES = ("response", "reference", "documents", "prompt", "steps")
_OPEN = re.compile(r'<(d-[0-9a-f]{10}) is="[^"\n]*">\n')
_PIECE = 24  # characters of a line that are searched for, so that a cut line is found too
_LEAST = 10  # shorter lines and rests are found in honest prompts too


class Leak(NamedTuple):
    """An injection that came through: where it stood, whether verdicts changed, what was seen outside of a fence."""

    injection: Injection
    place: str
    changed: bool
    seen: tuple[str, ...]


def outside(request: Request) -> str:
    """What system and user messages hold outside of fences; a fence ends at its own closing tag only.

    >>> text = 'Judge.\\n<d-0123456789 is="response">\\n</d-9876543210> hm\\n</d-0123456789>\\n[a] Is good.'
    >>> outside(Request((Message("user", text),)))
    'Judge.\\n\\n[a] Is good.'
    """
    return "\n".join(_outside(m.content) for m in request.messages if m.role != "assistant")


def _outside(text: str) -> str:
    kept, place = [], 0
    for _ in range(len(text)):
        match = _OPEN.search(text, place)
        end = text.find(f"\n</{match[1]}>", match.end() - 1) if match else -1
        if match is None or end < 0:
            break
        kept.append(text[place : match.start()])
        place = end + len(match[1]) + 4
    return "".join([*kept, text[place:]])


def pieces(text: str) -> tuple[str, ...]:
    """The parts of a text that are searched for: its lines in pieces of 24 characters, lines below 10 left out."""
    found = []
    for line in map(str.strip, text.splitlines()):
        starts = [k for k in range(0, len(line), _PIECE) if k == 0 or len(line) - k >= _LEAST]
        found += [line[a:b].strip() for a, b in pairwise([*starts, len(line)])]
    return tuple(dict.fromkeys(p for p in found if len(p) >= _LEAST))


class Gullible:
    """A client that answers through ``honest`` until it sees a planted piece outside of any fence; then it obeys.

    Obeying is what ``obedient`` replies, by default an error, so that it can be told from every honest verdict.
    ``seen`` lists the pieces that came through; ``prompts`` everything that stood outside of fences.
    """

    def __init__(self, honest: Client, planted: Collection[str], obedient: Client | None = None) -> None:
        self.honest, self.planted, self.obedient = honest, tuple(planted), obedient
        self.seen: dict[str, None] = {}
        self.prompts: list[str] = []

    @property
    def endpoint(self) -> str:
        """The endpoint of the honest client."""
        return self.honest.endpoint

    async def complete(self, request: Request) -> Reply:
        """The honest reply, or the obedient one."""
        text = outside(request)
        self.prompts.append(text)
        hits = [p for p in self.planted if p in text]
        if not hits:
            return await self.honest.complete(request)
        self.seen |= dict.fromkeys(hits)
        if self.obedient is None:
            raise CallError("it obeyed what stood outside of the fence", state="refused")
        return await self.obedient.complete(request)


async def injection_leaks(
    ask: Ask,
    sample: Sample,
    honest: Client,
    *,
    obedient: Client | None = None,
    injections: Sequence[Injection] = INJECTIONS,
    place: str = "response",
) -> tuple[Leak, ...]:
    """The injections that reach a judge outside of a fence, or change its verdicts; empty for a judge that holds.

    Each injection is put behind the text at ``place`` (response, reference, documents, prompt, steps). ``honest``
    answers the judge's prompts well; the verdicts are compared with those of the honest client about the same sample.
    Pieces that the prompt without injection holds already are not counted.
    """
    if place not in PLACES:
        raise SettingError(f"place={place!r}", expected=f"one of: {', '.join(PLACES)}")
    clean = Gullible(honest, ())
    await ask(sample, clean)
    known = "\n".join(clean.prompts)
    leaks = []
    for injection in injections:
        planted = [p for p in pieces(injection.text) if p not in known]
        client = Gullible(honest, planted, obedient)
        attacked = planted_in(sample, injection.text, place)
        changed = await _said(ask, attacked, client) != await _said(ask, attacked, honest)
        if changed or client.seen:
            leaks.append(Leak(injection, place, changed, tuple(client.seen)))
    return tuple(leaks)


async def _said(ask: Ask, sample: Sample, client: Client) -> list[tuple[str, float | None]]:
    """States and values; an ``ask`` that does not turn a failed call into a verdict has said "failed"."""
    try:
        return [(v.state.value, v.value) for v in await ask(sample, client)]
    except CallError as error:
        return [(error.state, None)]


def planted_in(sample: Sample, text: str, place: str) -> Sample:
    """The sample with ``text`` behind what stands at ``place``."""
    if place == "response":
        return replace(sample, response=f"{sample.response}\n{text}")
    if place == "reference":
        return replace(sample, reference=f"{sample.reference or ''}\n{text}")
    if place == "documents":
        return replace(sample, documents=(*sample.documents, text))
    if place == "steps":
        return replace(sample, steps=(*sample.steps, Step(text)))
    first, *rest = sample.prompt or (Message("user", ""),)
    return replace(sample, prompt=(Message(first.role, f"{first.content}\n{text}"), *rest))
