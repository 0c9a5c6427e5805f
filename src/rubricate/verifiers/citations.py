"""Citations in a response: which sources it names, how many claims have one, how many hold by given verdicts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.items import BRACKETS
from rubricate.verifiers.material import at_least
from rubricate.verifiers.normalise import shown
from rubricate.verifiers.segments import count_words, sentences

FORMS = ("urls", "ids", "both")
_URL = re.compile(r"https?://[^\s<>\[\]{}\"'`|\\^]+", re.IGNORECASE)
_LINK = re.compile(r"\]\([^()\s]*\)")
_ID = re.compile(r"\^?[\w.:-]{1,40}")


class Claim(NamedTuple):
    """A sentence of a response and the sources that it cites, as written."""

    text: str
    sources: tuple[str, ...]


@verifier("cited_sources")
def cited_sources(
    sample: Sample,
    allowed: Sequence[str] | None = None,
    blocked: Sequence[str] = (),
    form: str = "both",
    min_count: int = 1,
) -> Outcome:
    """Share of the sources cited that are allowed; 0 as soon as a blocked one is cited, or fewer than ``min_count``.

    Sources are URLs and ids in square brackets ([3], [^1], [1, 2]), each counted once; ``form`` reads urls, ids or
    both. ``allowed`` and ``blocked`` hold ids, URLs (with all below them) or domains (with their subdomains); query,
    fragment and "www." do not matter. Without ``allowed`` every URL will do, and the ids 1 to the number of documents,
    if there are any. Blocked sources: card 63 (DeepResearch Bench II), where the item then counts as not met.
    """
    at_least(0, min_count=min_count)
    _form(form)
    known, bad = _list(allowed, "allowed"), _list(blocked, "blocked")
    found = list(dict.fromkeys(s for claim in claim_sources(answer_text(sample), form) for s in claim.sources))
    hit = [s for s in found if any(covers(b, s) for b in bad)]
    if hit:
        return Outcome(0.0, f"cites a blocked source: {', '.join(map(shown, hit[:3]))}", tuple(hit[:8]))
    if len(found) < max(1, min_count):
        return Outcome(float(not min_count), f"{len(found)} sources cited; expected at least {min_count}")
    numbers = {str(n) for n in range(1, len(sample.documents) + 1)}
    good = [s for s in found if (any(covers(a, s) for a in known) if allowed is not None else _numbered(s, numbers))]
    others = [shown(s, 80) for s in found if s not in good]
    more = f"; not allowed: {', '.join(others[:3])}" if others else ""
    return Outcome(len(good) / len(found), f"{len(good)} of {len(found)} sources allowed{more}", tuple(good[:8]))


@verifier("cited_claims")
def cited_claims(sample: Sample, form: str = "both", min_words: int = 5, min: float | None = None) -> Outcome:
    """Share of the sentences of at least ``min_words`` words that cite a source; with ``min``, whether it is that much.

    Groundedness of card 216 by form alone: whether the source supports the sentence is for a judge. Headings and short
    sentences are left out; without a sentence that counts it cannot tell.
    """
    at_least(1, min_words=min_words)
    at_least(0, min=min)
    _form(form)
    claims = [c for c in claim_sources(answer_text(sample), form) if count_words(_bare(c.text)) >= min_words]
    if not claims:
        return Outcome(None, f"no sentence of {min_words} words")
    cited = [c.text for c in claims if c.sources]
    share = len(cited) / len(claims)
    reason = f"{len(cited)} of {len(claims)} sentences cite a source"
    if min is None:
        return Outcome(share, reason, tuple(cited[:3]))
    return Outcome(float(share >= min), f"{reason}; expected {min:.0%}", tuple(cited[:3]))


@verifier("citation_support")
def citation_support(sample: Sample, measure: str = "f1") -> Outcome:
    """Citation precision, recall or F1 from verdicts that stand in ``sample.metadata["claims"]``.

    One list for each claim, with a mark for each of its citations: true (the source supports the claim), false, or null
    (not known, as where a page was not to be had). With a null there is no verdict; nor without claims. See
    ``citation_rates``.
    """
    if measure not in ("precision", "recall", "f1"):
        raise SettingError(f"measure={measure!r}", expected="precision, recall or f1")
    claims = sample.metadata.get("claims")
    if not isinstance(claims, (list, tuple)) or not all(isinstance(c, (list, tuple)) for c in claims) or not claims:
        return Outcome(None, "no verdicts: metadata['claims'] is no list of lists")
    marks = [m for claim in claims for m in claim]
    if not all(isinstance(m, bool) for m in marks):
        return Outcome(None, f"{sum(not isinstance(m, bool) for m in marks)} of {len(marks)} citations have no verdict")
    precision, recall = citation_rates(claims)
    if measure == "precision" and precision is None:
        return Outcome(None, f"none of {len(claims)} claims cites a source")
    total = (precision or 0.0) + recall
    value = {
        "precision": precision or 0.0,
        "recall": recall,
        "f1": 2 * (precision or 0.0) * recall / total if total else 0.0,
    }[measure]
    return Outcome(value, f"{sum(marks)} of {len(marks)} citations support their claim, {len(claims)} claims")


def citation_rates(claims: Sequence[Sequence[bool]]) -> tuple[float | None, float]:
    """Precision ``supporting / citations`` (None without any) and recall ``claims with a supporting one / claims``.

    >>> citation_rates([[True, False], [True], [], [False]])
    (0.5, 0.5)
    """
    marks = [m for claim in claims for m in claim]
    return sum(marks) / len(marks) if marks else None, sum(any(c) for c in claims) / len(claims)


def claim_sources(text: str, form: str = "both") -> tuple[Claim, ...]:
    """The sentences of a text, each with the sources that it cites; a mark after the full stop goes with it.

    >>> claim_sources("Tea is old [1, 2]. It grows. [3] See [here](https://a.org/x).")  # doctest: +NORMALIZE_WHITESPACE
    (Claim(text='Tea is old [1, 2].', sources=('1', '2')), Claim(text='It grows. [3]', sources=('3',)),
    Claim(text='See [here](https://a.org/x).', sources=('https://a.org/x',)))
    """
    found: list[Claim] = []
    for sentence in sentences(text):
        lead = re.match(r"(?:\[[^\[\]\n]{1,200}\][.,;\s]*)+", sentence)
        head = lead[0].strip() if lead and found and not sentence[lead.end() :].startswith("(") else ""
        if head and _sources(head, form):
            before = found.pop()
            found.append(Claim(f"{before.text} {head}", (*before.sources, *_sources(head, form))))
            sentence = sentence[lead.end() :] if lead else sentence
        if sentence.strip():
            found.append(Claim(sentence, _sources(sentence, form)))
    return tuple(found)


def covers(entry: str, source: str) -> bool:
    """Whether an entry of a list (id, domain, URL) covers a source.

    >>> covers("example.org", "https://www.docs.example.org/a?b=1"), covers("example.org/a", "https://example.org/ab")
    (True, False)
    """
    if "://" not in source:
        return entry.strip().lstrip("^") == source
    host, path = _site(source)
    own, below = _site(entry if "://" in entry else f"https://{entry}")
    if not own or not (host == own or (not below and host.endswith(f".{own}"))):
        return False
    return not below or path == below or path.startswith(f"{below}/")


def _site(url: str) -> tuple[str, str]:
    """Host without "www." and path without its last slash; "" for an address that is none."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return "", ""
    return host, parts.path.rstrip("/")


def _sources(text: str, form: str) -> tuple[str, ...]:
    urls = [_trimmed(m) for m in _URL.findall(text)] if form != "ids" else []
    ids: list[str] = []
    if form != "urls":
        for body in BRACKETS.findall(_LINK.sub("](", text)):
            parts = [p.strip() for p in body.split(",")]
            if all(_ID.fullmatch(p) and (p[0] == "^" or any(map(str.isdigit, p))) for p in parts):
                ids += [p.lstrip("^") for p in parts]
    return (*urls, *ids)


def _trimmed(url: str) -> str:
    """A URL without the marks of the sentence behind it, and without a bracket that it did not open."""
    url = url.rstrip(".,;:!?*_")
    while url.endswith(")") and url.count(")") > url.count("("):
        url = url[:-1].rstrip(".,;:!?*_")
    return url


def _numbered(source: str, numbers: set[str]) -> bool:
    return "://" in source or not numbers or source in numbers


def _bare(text: str) -> str:
    """A sentence without its citations and heading marks."""
    return BRACKETS.sub(" ", _URL.sub(" ", text)).lstrip("#")


def _form(form: str) -> None:
    if form not in FORMS:
        raise SettingError(f"form={form!r}", expected=f"one of {', '.join(FORMS)}")


def _list(values: Sequence[str] | None, name: str) -> tuple[str, ...]:
    entries = () if values is None else values
    if isinstance(entries, str) or not all(isinstance(v, str) and v.strip() for v in entries):
        raise SettingError(f"{name}={values!r}", expected="a list of ids, URLs or domains")
    return tuple(entries)
