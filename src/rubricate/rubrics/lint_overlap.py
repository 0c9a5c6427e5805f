"""Rules about pairs of criteria: the same text, much the same, the opposite."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rubricate.rubrics.lint_rules import Hit, Node, View, quoted, rule
from rubricate.rubrics.wording import GENERIC, content_words, may_hold, near, normalised, stem

OVERLAP = 0.7
SAME = 0.85
_NEGATION = re.compile(
    r"\b(?:(?:does|do|did|is|are|has|have|should|must|can|could|would|will)\s*(?:not|n['’]t)|cannot|not|never|no|without|"
    r"(?:fail|neglect)(?:s|ed)?\s+to|lack(?:s|ing)?|omit(?:s|ted)?|avoid(?:s|ing)?|refrain(?:s|ing)?\s+from)\b|"
    r"没有|并非|不(?!同|仅|断|少|限|但|良|当|足|安|确|利)|未(?!来|成年)|缺乏|缺少|避免",
    re.IGNORECASE,
)
# Words for opposite ways to respond: the left one counts as the right one, turned round. Words that are opposite but
# both worth covering (short-term and long-term, before and after, high and low doses) are not here on purpose.
_OPPOSITES = {
    "informal": "formal", "exclude": "include", "incorrect": "correct", "inaccurate": "accurate", "unsafe": "safe",
    "long": "short", "lengthy": "short", "verbose": "concise", "detailed": "concise",
    "less": "more", "fewer": "more", "least": "most", "against": "for", "oppose": "support", "disagree": "agree",
    "discourage": "recommend", "forbid": "allow", "reject": "accept", "passive": "active", "irrelevant": "relevant",
    "unnecessary": "necessary", "详细": "简洁", "错误": "正确", "反对": "支持", "至多": "至少",
}  # fmt: skip
_ASIDE = re.compile(
    r"(?:\b(?:and|but) not\b|\brather than\b|\binstead of\b|而(?:非|不是|不仅)).*", re.IGNORECASE | re.DOTALL
)
_NAMED = re.compile(r"[\"“‘「《][^\"“”‘’「」《》]+[\"”’」》]|(?<!\w)'[^']+'(?!\w)|(?<!\*)\*[^*]+\*(?!\*)")
_WORD = re.compile(rf"(?<![\w-])(?:{'|'.join(k for k in _OPPOSITES if k.isascii())})s?(?![\w-])", re.IGNORECASE)
_WORD_CJK = re.compile("|".join(k for k in _OPPOSITES if not k.isascii()))


_OPPOSITE_WORDS = tuple(k for k in _OPPOSITES if k.isascii())
_ASIDE_WORDS = ("and not", "but not", "rather than", "instead of")
_NEGATION_WORDS = ("no", "n't", "never", "without", "fail", "neglect", "lack", "omit", "avoid", "refrain")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a criterion is about, without polarity: content words, whether it is denied, whether it is wanted."""

    words: frozenset[str]
    denied: bool
    wanted: bool


def claim_of(text: str, wanted: bool = True) -> Claim:
    """The content of ``text`` with negations and opposites counted and taken out; "... rather than Y" is an aside.

    >>> claim_of("Does not mention the dose").words == claim_of("Mentions the dose").words
    True
    """
    text = _ASIDE.sub("", text) if may_hold(text, _ASIDE_WORDS) else text
    bare, denials = _NEGATION.subn(" ", text) if may_hold(text, _NEGATION_WORDS) else (text, 0)
    plain, swaps = _WORD.subn(_swapped, bare) if may_hold(bare, _OPPOSITE_WORDS) else (bare, 0)
    plain, swaps_cjk = _WORD_CJK.subn(lambda m: _OPPOSITES[m[0]], plain)
    words = (frozenset(content_words(plain)) - GENERIC) | _kept(plain)
    return Claim(words, (denials + swaps + swaps_cjk) % 2 == 1, wanted)


def _swapped(m: re.Match[str]) -> str:
    return _OPPOSITES[stem(m[0].lower()) if stem(m[0].lower()) in _OPPOSITES else m[0].lower()]


def _kept(text: str) -> frozenset[str]:
    """Words without content elsewhere that carry it in "at most 5" and "more than 5"."""
    return frozenset(re.findall(r"\b(?:more|most)\b", text.lower())) if may_hold(text, ("mo",)) else frozenset()


@rule(
    "R301-same-text", "warning",
    what="Two criteria have the same text.",
    why="It counts twice, and a reply that names criteria by text cannot be matched (RACE falls back in silence).",
    repair="Remove one and give the other the summed weight.",
    source="DeepResearch Bench (RACE), card 63",
)  # fmt: skip
def same_text(view: View) -> Iterator[Hit]:
    """Leaves with equal normalised text, wanted alike; the later ones are named."""
    first: dict[tuple[str, bool], Node] = {}
    for node in view.leaves:
        c, key = node.criterion, (normalised(node.criterion.text), node.criterion.bad_if_met)
        other = first.setdefault(key, node).criterion
        if other is not c:
            repair = f"remove it; give {other.id!r} the weight {other.weight + c.weight:g}"
            yield Hit(node, "text", f"has the text of {other.id!r}", repair)


@rule(
    "R302-overlap", "warning",
    what="Two criteria share at least 70% of their content words.",
    why="The shared part is counted twice, and votes that move together add no information.",
    repair="Merge them, or word each so that it asks for what the other does not.",
    source="card 17 (redundancy filter)",
)  # fmt: skip
def overlap(view: View) -> Iterator[Hit]:
    """Jaccard >= .7 of content words, same polarity; the first such earlier criterion is named."""
    for node, other, ratio, opposed in _related(view):
        if not opposed and normalised(node.criterion.text) != normalised(other.criterion.text):
            reason = f"shares {ratio:.0%} of its content words with {other.criterion.id!r} ({_text(other)})"
            yield Hit(node, "text", reason, f"merge it with {other.criterion.id!r}, or ask for what that one does not")


@rule(
    "R303-contradiction", "warning",
    what="Two criteria want opposite things, or the same content is once wanted and once not.",
    why="No response meets both: each takes back what the other gives.",
    repair="Keep the one that is meant.",
    source="card 17 (conflict filter)",
)  # fmt: skip
def contradiction(view: View) -> Iterator[Hit]:
    """Jaccard >= .85 without polarity words; wanted and denied differ in exactly one of the two."""
    for node, other, contrary in _opposites(view):
        if contrary:
            reason = f"wants the opposite of {other.criterion.id!r} ({_text(other)})"
            yield Hit(node, "text", reason, f"keep the one that is meant, drop it or {other.criterion.id!r}")


@rule(
    "R304-complement", "info",
    what="A bad criterion is the complement of a good one: the same fact pays when there and costs when missing.",
    why="The fact counts twice, and the two verdicts can disagree about one response.",
    repair="Keep the positive one with the summed weight, or name an observable mistake instead.",
    source="cards 6, 208",
)  # fmt: skip
def complement(view: View) -> Iterator[Hit]:
    """Jaccard >= .85 without polarity words; both wanted and denied differ."""
    for node, other, contrary in _opposites(view):
        if not contrary:
            total = abs(node.criterion.weight) + abs(other.criterion.weight)
            reason = f"says the same as {other.criterion.id!r} ({_text(other)}) with wording and sign turned round"
            yield Hit(node, "text", reason, f"keep the positive one with weight {total:g}")


def _text(node: Node) -> str:
    return quoted(node.criterion.text, 50)


def _opposites(view: View) -> Iterator[tuple[Node, Node, bool]]:
    """(criterion, earlier one with the same content, whether they want opposite things)."""
    for node, other, ratio, opposed in _related(view):
        if opposed and ratio >= SAME:
            one, two = _claims(view)[id(node)], _claims(view)[id(other)]
            yield node, other, (one.denied != two.denied) != (one.wanted != two.wanted)


def _related(view: View) -> list[tuple[Node, Node, float, bool]]:
    """The first earlier criterion of the same and of another polarity that a criterion overlaps with."""
    return view.once(_find_related)


def _find_related(view: View) -> list[tuple[Node, Node, float, bool]]:
    claims, found, seen = _claims(view), [], set()
    sets = [claims[id(n)].words for n in view.leaves]
    for i, j, ratio in near(sets, OVERLAP):
        one, two = claims[id(view.leaves[i])], claims[id(view.leaves[j])]
        opposed = one.denied != two.denied or one.wanted != two.wanted
        if (opposed and ratio < SAME) or _other_numbers(one, two) or _other_names(view.leaves[i], view.leaves[j]):
            continue
        if (opposed or len(one.words) > 1) and (i, opposed) not in seen:
            seen.add((i, opposed))
            found.append((view.leaves[i], view.leaves[j], ratio, opposed))
    return found


def _other_numbers(one: Claim, two: Claim) -> bool:
    """Whether each has a number that the other lacks: parallel items, not the same one twice."""
    return all(any(w[0].isdigit() for w in words) for words in (one.words - two.words, two.words - one.words))


def _other_names(one: Node, two: Node) -> bool:
    """Whether each puts in quotes, or in stars, what the other does not: parallel items again."""
    named, other = ({normalised(n) for n in _NAMED.findall(node.criterion.text)} for node in (one, two))
    return bool(named - other) and bool(other - named)


def _claims(view: View) -> dict[int, Claim]:
    return view.once(_read_claims)


def _read_claims(view: View) -> dict[int, Claim]:
    return {id(n): claim_of(n.criterion.text, not n.criterion.bad_if_met) for n in view.leaves}
