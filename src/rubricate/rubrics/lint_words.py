"""Rules about the words of one criterion: negation, vagueness, what it refers to, characters that break prompts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rubricate.rubrics.lint_rules import Hit, View, quoted, rule
from rubricate.rubrics.model import Criterion
from rubricate.rubrics.wording import (
    CJK,
    GENERIC,
    STOP,
    control_characters,
    has_word,
    may_hold,
    script,
    sentences,
    stem,
    tokens,
    word_set,
)

NOUN = (
    r"(?:response|answer|reply|output|assistant|model|report|article|essay|text|explanation|summary|paper|code|"
    r"solution|plan|story)"
)
SUBJECT = rf"(?:(?:the|this|a|an|any)\s+(?:\w+\s+)?{NOUN}|{NOUN}|it)\s+"
_HELPER = r"(?:does|do|did|is|are|has|have|should|must|can|could|would|will)"
_ABSENT = re.compile(
    rf"^\W*(?:(?:(?:does|do|did|is)\s+)?{SUBJECT})?(?:that\s+)?(?P<verb>"
    rf"(?P<helper>{_HELPER})\s*(?:not|n['’]t)\b|cannot\b|(?:fail|neglect)(?:s|ed)?\s+to\b|lack(?:s|ed)?\b|"
    r"omit(?:s|ted)?\b|never\b|avoid(?:s|ed)?\b|refrain(?:s|ed)?\s+from\b|misses\b|is\s+missing\b|no\s+mention\s+of\b|"
    r"without\b|not\b)\s*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_ABSENT_CJK = re.compile(
    r"^\W*(?:该|此|本)?(?:回答|回复|答案|报告|文章|模型|助手|输出)?(?:中|里)?"
    r"(?P<verb>没有?能?|未能?(?!来|成年)|缺乏|缺少|遗漏了?|忽略了?|忽视了?|不(?!同|仅|断|少|限|但|良|当|足|安|确|利|实))(?P<rest>.+)",
    re.DOTALL,
)
_TWICE = re.compile(
    r"\b(?:not|never|cannot|\w+n['’]t)\s+(?:\w+ly\s+)?(?:fail(?:s|ed|ing)?\s+to|neglect(?:s|ed)?\s+to|without|lack(?:s|ing)?|"
    r"omit(?:s|ted)?|avoid(?:s|ed|ing)?|unclear|unsafe|unhelpful|inaccurate|incorrect)\b|不是不|并非没有|没有不|并非不",
    re.IGNORECASE,
)
_TWICE_WORDS = ("not", "n't", "never")


@rule(
    "R001-double-negation", "warning",
    what="A criterion that counts when something bad happens is worded as an absence, or one text negates twice.",
    why='"Does not mention X" with a negative weight asks a judge to affirm a denial; models misread it.',
    repair="Name the observable mistake, or turn wording and sign round.",
    source="cards 6, 208",
)  # fmt: skip
def double_negation(view: View) -> Iterator[Hit]:
    """Absence wording under a bad-if-met criterion, and two negations in a row."""
    for node in view.leaves:
        criterion = node.criterion
        twice = _TWICE.search(node.covered) if may_hold(criterion.text, _TWICE_WORDS) else None
        absent = _absence(node.covered) if criterion.bad_if_met else None
        if absent:
            reason = f"{quoted(absent['verb'])} in a criterion that is bad if met (weight {criterion.weight:g})"
            yield Hit(node, "text", reason, _turned(criterion, absent))
        elif twice:
            yield Hit(node, "text", f"negates twice: {quoted(twice[0])}", "say the same without negations")


def _absence(text: str) -> re.Match[str] | None:
    return _ABSENT.match(text) or _ABSENT_CJK.match(text)


def _turned(criterion: Criterion, absent: re.Match[str]) -> str:
    """The same demand worded positively, with the other sign."""
    verb, rest = absent["verb"].lower(), criterion.text[absent.start("rest") :].strip()
    wording = _positive(verb, absent.groupdict().get("helper") or "", rest)
    weight = f"{abs(criterion.weight):g}"
    return f"write {quoted(wording, 160)} with weight +{weight}, or name the mistake and keep -{weight}"


def _positive(verb: str, helper: str, rest: str) -> str:
    if script(rest) == "cjk":
        return f"包含{rest}" if verb[0] == "缺" else rest
    if verb.startswith(("lack", "omit", "miss", "is missing", "without")):
        return f"Includes {rest}"
    if verb.startswith("no mention"):
        return f"Mentions {rest}"
    if helper.lower() in ("is", "are", "has", "have"):
        return f"{helper.capitalize()} {rest}"
    if verb.startswith(("avoid", "refrain", "never", "not")):
        return rest[:1].upper() + rest[1:]
    first, _, tail = rest.partition(" ")
    return f"{third_person(first).capitalize()} {tail}"


def third_person(verb: str) -> str:
    """The third person of an English verb.

    >>> [third_person(v) for v in ("mention", "specify", "address", "have", "be")]
    ['mentions', 'specifies', 'addresses', 'has', 'is']
    """
    irregular = {"be": "is", "have": "has", "do": "does", "go": "goes"}
    if verb in irregular:
        return irregular[verb]
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh")) else "s")


_VAGUE = word_set(
    """acceptable adequate adequately appropriate appropriately decent effective effectively excellent fine good great
    helpful helpfully high-quality interesting nice nicely proper properly reasonable reasonably satisfactory sensible
    sufficient sufficiently suitable suitably useful usefully well well-written"""
)
_UNCOUNTED = STOP | GENERIC | word_set("high quality tone manner way job overall very quite")
_VAGUE_CJK = re.compile(r"恰当|适当|合适|妥当|高质量|优秀|良好|合理|充分|很好|较好|得体")
_SPECIFIC = re.compile(
    r"\d|\be\.g\.|\bi\.e\.|\bsuch as\b|\bfor example\b|\bnamely\b|\bspecifically\b|[:：(（\"“「]|例如|比如|即"
)
_NAME = re.compile(r"(?<=[a-z,]\s)[A-Z]\w+")
_HIGH_QUALITY = re.compile(r"\bhigh(?:est)?[- ]quality\b", re.IGNORECASE)


@rule(
    "R004-vague-wording", "warning",
    what='A judgement word ("good", "appropriate", "high quality") is all that the criterion says; no anchor, example '
    "or check says what it means.",
    why="Two judges read it in two ways, and a model is rewarded for what its judge happens to like.",
    repair="Say what is seen in a response that meets it, or add anchors, examples or checks.",
    source="cards 188, 209, 212",
)  # fmt: skip
def vague_wording(view: View) -> Iterator[Hit]:
    """One content word in five or more is a judgement word (Chinese: in a text of at most 12 characters)."""
    for node in view.leaves:
        c = node.criterion
        if c.scale.anchors or c.examples or c.checks or c.verifier or c.reference or _SPECIFIC.search(c.text):
            continue
        found = _vague_cjk(c.text) if script(c.text) == "cjk" else _vague(c.text)
        if found:
            repair = (
                f"say what a judge can see in the response instead of {quoted(found[0])}, or add anchors or examples"
            )
            yield Hit(node, "text", f"{quoted(', '.join(found))} has no measure", repair)


def _vague(text: str) -> list[str]:
    words = [w for w in tokens(_NAME.sub("Name", text)) if not {w, stem(w)} & _UNCOUNTED]
    found = [w for w in words if w in _VAGUE]
    if _HIGH_QUALITY.search(text):
        found = [*found, "high quality"]
    return list(dict.fromkeys(found)) if 5 * len(found) >= max(1, len(words)) else []


def _vague_cjk(text: str) -> list[str]:
    return _VAGUE_CJK.findall(text) if len(re.findall(f"[{CJK}]", text)) <= 12 else []


_ELSEWHERE = re.compile(
    r"\bthe above\b|\babove-?mentioned\b|\baforementioned\b|"
    r"\b(?:mentioned|described|listed|stated|given|defined|specified)\s+(?:above|below|earlier|previously|elsewhere)\b|"
    r"\b(?:see|as)\s+(?:above|below|before)\b|\bsame as (?:above|before)\b|"
    r"\b(?:previous|preceding) criteri(?:on|a)\b|\bcriterion\s+#?\d+\b|\bditto\b|"
    r"上述|如上所述|如上文|前述(?:标准|条目|要求)|同上|上一条|前一条",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^\W*(?:also|additionally|furthermore|moreover|in addition)\b|^\W*(?:此外|另外|同时)", re.IGNORECASE
)
_REFERENCE = re.compile(
    r"\b(?:the|a)\s+(?:reference|gold(?:en)?|ideal|model|sample|expert)[ -]"
    r"(?:answer|response|solution|output|report)\b|\banswer key\b|参考答案|标准答案|参考回答",
    re.IGNORECASE,
)


@rule(
    "R005-refers-outside", "warning",
    what='The text leans on something that its judge may not see: "the above", another criterion, a reference answer '
    "that the rubric does not carry.",
    why="Criteria are judged alone or in any order; what a judge cannot see it makes up.",
    repair="Write out what is meant, or put the reference into `reference`.",
    source="RaR (self-contained items), card 10",
)  # fmt: skip
def refers_outside(view: View) -> Iterator[Hit]:
    """References in the first sentence, openings that continue another text, missing reference answers."""
    rubric = view.rubric
    for node in view.leaves:
        c = node.criterion
        found = _ELSEWHERE.search(c.text)
        if found and _ELSEWHERE.search(sentences(c.text)[0]):
            yield Hit(node, "text", f"{quoted(found[0])} points outside the text", "write out what it points to")
        opening = _OPENING.match(c.text)
        if opening:
            yield Hit(
                node, "text", f"begins with {quoted(opening[0])}, as if another text went before", "drop the word"
            )
        wanted = _REFERENCE.search(c.text)
        if wanted and not (c.reference or rubric.reference or rubric.references):
            reason = f"{quoted(wanted[0])} is named, but neither the criterion nor the rubric has one"
            yield Hit(node, "text", reason, "put it into `reference`, or state the expected content in the text")


@rule(
    "R006-mixed-languages", "info",
    what="The criteria of one rubric are written in different scripts.",
    why="A judge may be stricter in one language than in another; the mix then weighs the criteria unevenly.",
    repair="Translate the few into the language of the many.",
    source="DeepResearch Bench (half Chinese, half English)",
)  # fmt: skip
def mixed_languages(view: View) -> Iterator[Hit]:
    """Scripts of the judged criteria; the rarest are named."""
    by: dict[str, list[str]] = {}
    for node in view.leaves:
        by.setdefault(script(node.criterion.text), []).append(node.criterion.id)
    by.pop("", None)
    if len(by) > 1:
        main, *rest = sorted(by, key=lambda s: -len(by[s]))
        odd = [i for s in rest for i in by[s]]
        listed = ", ".join(odd[:5]) + (", ..." if len(odd) > 5 else "")
        reason = f"{len(by[main])} criteria are in {main} script, {len(odd)} are not: {listed}"
        yield Hit(None, "criteria", reason, f"translate {listed}")


@rule(
    "R007-unprintable-text", "error",
    what="The text holds no word, or a control character.",
    why="There is nothing to judge; control characters break prompts and are refused when a prompt is rendered.",
    repair="Write the text again without them.",
    source="data model",
)  # fmt: skip
def unprintable_text(view: View) -> Iterator[Hit]:
    """No letter or digit at all, or characters of the Unicode class Cc other than line feed and tab."""
    for node in view.nodes:
        bad = control_characters(node.criterion.text)
        if bad:
            yield Hit(node, "text", f"holds the control character U+{ord(bad[0]):04X}", "remove it")
        elif not has_word(node.criterion.text):
            yield Hit(node, "text", f"{quoted(node.criterion.text)} holds no word", "say what to check")
