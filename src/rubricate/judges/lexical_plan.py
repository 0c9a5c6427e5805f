"""What the lexical judge looks for: a criterion as units to be found in a text, or to be absent from it.

"Mentions X" asks for X. "Does not mention X", "avoids X", "contains no X" ask for its absence (``inverted``). "Says not
to do X" asks for X with a negation beside it. A quoted phrase is found as it stands; of the words after "such as", and
of words joined by "or", one is enough.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from rubricate.judges.layout import by_identity
from rubricate.judges.lexicon import COUNTED, FRAME, is_wide, plain, scan, weight
from rubricate.rubrics.model import Criterion

_SUBJECT = (
    r"(?:the |this |that |its |an? )?(?:(?:final |model's |assistant's )?(?:response|answer|reply|output|text|model|"
    r"assistant|message|email|summary|explanation|it|user|author|writer)\b )?"
)
_QUESTION = re.compile(rf"^(?:does|do|did|is|are|was|were|has|have|can|could|should|will|would) {_SUBJECT}", re.I)
_STATEMENT = re.compile(rf"^{_SUBJECT}", re.I)
_CONTAINS = (
    r"(?:contains?|includes?|has|have|uses?|makes?|gives?|provides?|leaves?|shows?|mentions?|offers?|adds?|names?)"
)
_INVERTING = re.compile(
    r"^(?:(?:does|do|did|is|are|was|were|should|must|may|can|could|will|would|has|have)(?: not\b|n['’]t\b)(?: be\b)?|"
    r"cannot\b|never\b|not\b|no\b|without\b|avoids?\b|avoiding\b|refrains? from\b|omits?\b|lacks?\b|fails? to\b|"
    r"forgets? to\b|neglects? to\b|ignores?\b|leaves? out\b|(?:is |stays? |remains? )?free (?:of|from)\b|"
    rf"stays? away from\b|{_CONTAINS} (?:no|neither)\b)",
    re.I,
)
_CHINESE = re.compile(  # "the answer should (not) mention"
    r"^(?:该|本|此)?(?:回答|回复|答案|文章|文本|响应|模型)?(?:是否|应该|应当|应|必须|需要|需)?"
    r"(?P<no>不应该|不应|不得|不要|不能|没有|避免|未|不)?"
    r"(?:提到|提及|说明|指出|包括|包含|解释|提供|给出|介绍|描述|强调)?(?:了|出)?"
)
_QUOTED = re.compile(
    r"\"([^\"]+)\"|“([^”]+)”|„([^“”]+)[“”]|«([^»]+)»|「([^」]+)」|`([^`]+)`|(?<!\w)['‘]([^'’]+)['’](?!\w)"
)
_EXAMPLES = re.compile(r"(?:,\s*)?\(?\b(?:such as|for example|for instance|e\.g\.,?|i\.e\.,?)\s+([^.;)]+)\)?", re.I)
_OR = re.compile(r"((?:[\w'’-]+, (?:an? |the )?)*)([\w'’-]+),? or (?:an? |the |to )?([\w'’-]+)", re.I)
_NAME = re.compile(r"(?<=[\w,;:(] )[A-Z]\w+")
PHRASE, NAME = 2.0, 1.5  # weights of a quoted phrase, and of a name relative to another word


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing to find: any of ``keys`` with the same negation, or ``phrase`` as it stands."""

    label: str
    weight: float
    keys: tuple[str, ...] = ()
    negated: bool = False
    phrase: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The units of a criterion; ``inverted`` when it asks for their absence; the units of each anchor, by level.

    ``anchors`` holds (level, units that speak for it, units that speak against it).
    """

    units: tuple[Unit, ...]
    inverted: bool
    anchors: tuple[tuple[float, tuple[Unit, ...], tuple[Unit, ...]], ...]


@by_identity
def plan_of(criterion: Criterion) -> Plan:
    """The plan of a criterion: its text and checks, or its expected answer where it has one; and its anchors."""
    inverted, text = head(criterion.text)
    expected = units_of(criterion.reference) if criterion.reference else ()
    units = expected or units_of(" ".join([text, *criterion.checks]))
    return Plan(units, inverted, _anchors(criterion))


def head(text: str) -> tuple[bool, str]:
    """Whether a criterion asks for an absence, and its text after the words that say so.

    >>> head("The response does not mention a dose."), head("Says not to drive.")
    ((True, ' mention a dose.'), (False, 'Says not to drive.'))
    """
    text = text.strip()
    chinese = _CHINESE.match(text)
    if chinese and chinese[0]:
        return chinese["no"] is not None, text[chinese.end() :]
    for subject in (_QUESTION, _STATEMENT):
        begin = subject.match(text)
        at = begin.end() if begin else 0
        if found := _INVERTING.match(text[at:]):
            return True, text[at + found.end() :]
    return False, text


def units_of(text: str) -> tuple[Unit, ...]:
    """The units of a text: phrases, alternatives, content words that are no vocabulary of rubrics, each once.

    >>> [(u.label, u.keys) for u in units_of("Names milk or cream, and two cups.")]
    [('milk or cream', ('milk', 'cream')), ('2', ('2',)), ('cups', ('cup',))]
    """
    units: list[Unit] = []

    def phrase(match: re.Match[str]) -> str:
        said = next(g for g in match.groups() if g)
        units.append(Unit(f'"{said}"', PHRASE, phrase=plain(said)))
        return " , "

    def examples(match: re.Match[str]) -> str:
        if words := _words(match[1], frozenset()):
            units.append(_any_of(words))
        return " , "

    names = frozenset(n.casefold() for n in _NAME.findall(text))
    text = _EXAMPLES.sub(examples, _QUOTED.sub(phrase, text))
    words = _words(text, names)
    told = sum(w.weight for w in words)  # an example stands for what it is an example of
    units = [u if u.phrase else replace(u, weight=max(u.weight, told)) for u in units]
    return tuple({(u.keys, u.negated, u.phrase): u for u in _alternatives(text, words) + units}.values())


def _words(text: str, names: frozenset[str]) -> list[Unit]:
    found = scan(text)
    units = []
    for at, (key, negated, word) in enumerate(found):
        counts = key[0].isdecimal() and any(k in COUNTED for k, _, _ in found[at + 1 : at + 3])
        if key not in FRAME and not counts:
            label = key if key[0].isdecimal() or is_wide(key) else word
            units.append(Unit(label, weight(key, word) * (NAME if word in names else 1.0), (key,), negated))
    return units


def _alternatives(text: str, words: list[Unit]) -> list[Unit]:
    """``words`` with those joined by "or" made one unit."""
    groups = []
    for match in _OR.finditer(text):
        joined = {key for key, _, _ in scan(" ".join(g or "" for g in match.groups()).replace(",", " "))}
        groups.append([u for u in words if u.keys[0] in joined])
    for group in groups:
        if len(group) > 1 and all(u in words for u in group):
            at = words.index(group[0])
            words = [u for u in words if u not in group]
            words.insert(at, _any_of(group))
    return words


def _any_of(units: list[Unit]) -> Unit:
    keys = tuple(dict.fromkeys(k for u in units for k in u.keys))
    return Unit(" or ".join(u.label for u in units), max(u.weight for u in units), keys, units[0].negated)


def _anchors(criterion: Criterion) -> tuple[tuple[float, tuple[Unit, ...], tuple[Unit, ...]], ...]:
    """Units of the anchors; a unit in k of n anchors is weighed by 1 - log k / log n, so one in all tells nothing."""
    texts = {float(level): text for level, text in criterion.scale.anchors.items() if _is_number(level)}
    found = {level: units_of(text) for level, text in texts.items()}
    if len(found) < 2:
        return ()
    count: dict[object, int] = {}
    for units in found.values():
        for unit in {(u.keys, u.phrase) for u in units}:
            count[unit] = count.get(unit, 0) + 1
    anchors = []
    for level, units in sorted(found.items()):
        weighed = [
            replace(u, weight=u.weight * (1 - math.log(count[u.keys, u.phrase]) / math.log(len(found)))) for u in units
        ]
        anchors.append(
            (
                level,
                tuple(u for u in weighed if u.weight and not u.negated),
                tuple(replace(u, negated=False) for u in weighed if u.weight and u.negated),
            )
        )
    return tuple(anchors)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None
