"""The embedded judge: words against words. No model, no network; the default when no endpoint is configured.

It finds the content words of a criterion in the response and says which. It does not understand either: it is meant for
trying out rubrics, for tests, and as the floor that any other judge must beat (``docs/judges/lexical.md`` says how far
it agrees with an LLM judge). Source: protocol P16 of the judge catalogue, with its mitigations (negation is read, the
amount said is bounded, copying the task counts little).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from rubricate.errors import SettingError
from rubricate.judges.base import chunks, settings_digest
from rubricate.judges.layout import offered
from rubricate.judges.lexical_plan import NAME, PHRASE, Plan, Unit, plan_of
from rubricate.judges.lexicon import Reading, lexicon_digest, plain, read, weight
from rubricate.llm.client import Client
from rubricate.registry import register
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Sample, State, Verdict
from rubricate.verifiers.base import answer_text

ECHO = 0.2  # weight of a word of the reference that the task holds already
UNASKED = 0.5  # weight of a word of the criterion that the reference does without, where it is missing
OTHER_SIGN = 0.3  # credit for a word that stands in the response with the other negation
FULL_TEXT = 3.0  # weight of found or expected words from which the text of a graded criterion decides alone
HALF_SIZE = 60  # different content words at which a response counts as half detailed


@dataclass(frozen=True, slots=True)
class Match:
    """How far units were found: ``share`` in [0, 1], found and missing units, the sentence that holds most of them."""

    share: float
    mass: float
    found: tuple[Unit, ...]
    missing: tuple[Unit, ...]
    best: int


@register("judge", "lexical")
@dataclass(frozen=True)
class LexicalJudge:
    """Judges by words: ``share`` in [0, 1] of what a criterion asks for that the response says.

    share = half over the whole response, half over the best two sentences in a row, weighed by how telling a word is;
    1 - share for a criterion that asks for an absence (its anchors are not read). With a reference, words that the
    reference does without are asked for by half, and where few are left the share of the reference itself that is said
    takes over.

    ``met``: the share from which a yes/no criterion is met. ``detail``: how much the amount said (different content
    words, n / (n + 60)) weighs beside the share of the reference, 0 to 1; it can be gamed by padding, 0 turns it off.
    """

    met: float = 0.5
    detail: float = 0.5

    needs_client = False

    def __post_init__(self) -> None:
        if not (0.0 < self.met <= 1.0 and 0.0 <= self.detail <= 1.0):
            raise SettingError(f"{self!r}", expected="0 < met <= 1 and 0 <= detail <= 1")

    @property
    def digest(self) -> str:
        """Settings, constants, word lists and version of the method."""
        return _digest(self)

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """All criteria of a response together."""
        return chunks(criteria, "all")

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None = None
    ) -> tuple[Verdict, ...]:
        """One verdict per criterion; the client is not used."""
        return self.decide(sample, rubric, criteria)

    def decide(self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion]) -> tuple[Verdict, ...]:
        """One verdict per criterion, in order, without waiting. ``probability`` holds the share (not calibrated)."""
        response, digest = _response(sample), self.digest
        return tuple(self._verdict(sample, response, c, digest) for c in criteria)

    def _verdict(self, sample: Sample, response: str, criterion: Criterion, digest: str) -> Verdict:
        plan, reference = plan_of(criterion), sample.reference or ""
        lacks = _lacks(criterion, plan, reference)
        if lacks:
            return Verdict(criterion.id, State.ABSTAINED, reason=lacks, judge=digest)
        reading = read(response)
        if criterion.scale.kind == "pairwise":
            mine, other = (_text_match(plan, r, None)[0] for r in (reading, read(reference)))
            share, reason = (1 + mine.share - other.share) / 2, f"{_words(mine)}; the reference: {_words(other)}"
            return _scored(criterion, share, self.met, reason, _quotes(mine, reading), digest)
        known = read(reference) if reference and not _bad(criterion, plan) else None
        match, text = _text_match(plan, reading, known)
        share, reason = text, _words(match)
        if known is not None:
            said, size = _reference_share(response, reference, sample.task), reading.size / (reading.size + HALF_SIZE)
            trust = min(1.0, match.mass / FULL_TEXT)
            share = trust * text + (1 - trust) * ((1 - self.detail) * said + self.detail * size)
            reason += f"; says {said:.0%} of the reference; {reading.size} different content words"
        if plan.inverted:
            share, reason = 1 - match.share, f"asks for an absence: {reason}"
        return _scored(criterion, share, self.met, reason, _quotes(match, reading), digest)


def _response(sample: Sample) -> str:
    steps = [s.text for s in sample.steps]
    return "\n\n".join([*steps, answer_text(sample)]) if steps else answer_text(sample)


def _lacks(criterion: Criterion, plan: Plan, reference: str) -> str:
    """Why nothing can be said about a criterion; empty when something can."""
    if criterion.target not in ("response", "trajectory"):
        return f"the criterion is about a {criterion.target}; this judge reads the response as a whole"
    words = plan.units or (not plan.inverted and any(good for _, good, _ in plan.anchors))
    if criterion.scale.kind == "pairwise" and not (words and reference):
        return "a comparison by words needs content words and a reference as the second answer"
    enough = words or (reference and not _bad(criterion, plan))
    return "" if enough else "the criterion has no content words to look for"


def _bad(criterion: Criterion, plan: Plan) -> bool:
    """Whether what the criterion names is bad, so that a good reference is no model of it."""
    return plan.inverted or criterion.bad_if_met


def find(units: Sequence[Unit], reading: Reading, known: Reading | None = None) -> Match:
    """Find units in a text; with ``known`` (a reference) a missing unit that it does without counts by half."""
    total = mass = hit = 0.0
    found: list[Unit] = []
    missing: list[Unit] = []
    windows: dict[int, float] = {}
    for unit in units:
        places, credit = _places(unit, reading)
        expected = known is not None and (credit > 0 or _places(unit, known)[1] > 0)
        total += unit.weight if known is None or expected else UNASKED * unit.weight
        mass += unit.weight if known is None or expected else 0.0
        hit += credit * unit.weight
        (found if credit == 1 else missing).append(unit)
        for window in {w for at in places for w in (at - 1, at)}:
            windows[window] = windows.get(window, 0.0) + credit * unit.weight
    if not total:
        return Match(0.0, 0.0, (), (), -1)
    near = max(windows.values(), default=0.0)
    best = max(windows, key=lambda w: (windows[w], -w)) if windows else -1
    return Match((hit + near) / (2 * total), mass, tuple(found), tuple(missing), best)


def _places(unit: Unit, reading: Reading) -> tuple[set[int], float]:
    """The sentences that hold a unit, and the credit for it."""
    if unit.phrase:
        return _phrase_places(unit.phrase, reading) if unit.phrase in reading.plain else (set(), 0.0)
    places = [p for key in unit.keys for p in reading.places.get(key, ())]
    same = {p >> 1 for p in places if p & 1 == unit.negated}
    return (same, 1.0) if same else ({p >> 1 for p in places}, OTHER_SIGN if places else 0.0)


def _phrase_places(phrase: str, reading: Reading) -> tuple[set[int], float]:
    """The sentences that hold a phrase of the text, or in which it begins."""
    parts = [plain(s) for s in reading.sentences]
    whole = {k for k, part in enumerate(parts) if phrase in part}
    return whole or {k for k in range(len(parts)) if phrase in " ".join(parts[k : k + 3])}, 1.0


def _text_match(plan: Plan, reading: Reading, known: Reading | None) -> tuple[Match, float]:
    """The match of the criterion's text, and its share together with that of the anchors, each by its weight."""
    match = find(plan.units, reading, known)
    level, mass = _anchor_share(plan, reading, known)
    whole = match.mass + mass
    share = (match.mass * match.share + mass * level) / whole if mass and whole else match.share
    return (match if not mass else Match(match.share, whole, match.found, match.missing, match.best)), share


def _anchor_share(plan: Plan, reading: Reading, known: Reading | None) -> tuple[float, float]:
    """Where between the lowest and the highest anchor the response stands, and the weight of the words that say so.

    e_l = share of the words for level l x (1 - share of the words against it); what no level claims goes to the lowest;
    the place is the mean level weighed by e_l^4.
    """
    if not plan.anchors:
        return 0.0, 0.0
    claims, mass = [], 0.0
    for _, good, bad in plan.anchors:
        match = find(good, reading, known)
        claims.append(match.share * (1 - find(bad, reading).share))
        mass = max(mass, match.mass)
    claims[0] = max(claims[0], 1 - max(claims))
    low, high = plan.anchors[0][0], plan.anchors[-1][0]
    powers = [c**4 for c in claims]
    place = sum(p * level for p, (level, _, _) in zip(powers, plan.anchors, strict=True)) / sum(powers)
    return (place - low) / (high - low), mass


@functools.lru_cache(maxsize=256)
def _reference_share(response: str, reference: str, task: str) -> float:
    """Share of the reference's content words that the response says; those that the task holds weigh ``ECHO``."""
    said, given = read(response).places, read(task).places
    known = read(reference)
    weights = {k: weight(k, known.surface[k]) * (ECHO if k in given else 1.0) for k in known.places}
    return sum(w for k, w in weights.items() if k in said) / (sum(weights.values()) or 1.0)


def _scored(
    criterion: Criterion, share: float, met: float, reason: str, quotes: tuple[str, ...], digest: str
) -> Verdict:
    scale = criterion.scale
    share = min(1.0, max(0.0, share))
    raw = scale.min + share * (scale.max - scale.min)
    if scale.kind == "binary":
        value = float(share >= met)
    elif scale.kind == "points":
        value = raw
    else:
        value = min(scale.levels, key=lambda level: (abs(level - raw), level))
    names = offered(criterion)
    label = next((n for n, v in names.items() if v == value), None) if isinstance(names, dict) else None
    return Verdict(criterion.id, State.SCORED, value, label, reason, quotes, probability=share, judge=digest)


def _words(match: Match) -> str:
    if not match.found and not match.missing:
        return "no content words to look for"
    whole = len(match.found) + len(match.missing)
    text = f"found {len(match.found)} of {whole} content words"
    for what, units in (("", match.found), ("missing", match.missing)):
        if units:
            listed = ", ".join(u.label for u in units[:8]) + (", ..." if len(units) > 8 else "")
            text += f"; {what}: {listed}" if what else f": {listed}"
    return text


def _quotes(match: Match, reading: Reading) -> tuple[str, ...]:
    """The sentence of the best window that holds most, word for word, and the other one if it adds something."""
    window = [k for k in (match.best, match.best + 1) if 0 <= k < len(reading.sentences)]
    held = {k: [u for u in match.found if k in _places(u, reading)[0]] for k in window}
    first = max(window, key=lambda k: sum(u.weight for u in held[k]), default=-1)
    chosen = [k for k in window if held[k] and (k == first or any(u not in held[first] for u in held[k]))]
    return tuple(reading.sentences[k][:500] for k in chosen)


@functools.lru_cache(maxsize=64)
def _digest(judge: LexicalJudge) -> str:
    constants = (ECHO, UNASKED, OTHER_SIGN, FULL_TEXT, HALF_SIZE, PHRASE, NAME)
    return settings_digest(judge, lexicon_digest(), repr(constants))
