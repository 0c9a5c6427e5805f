"""Rules about criteria that ask several things at once, with the texts that they can be split into."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rubricate.rubrics.lint_rules import Hit, View, quoted, rule
from rubricate.rubrics.lint_words import NOUN, third_person
from rubricate.rubrics.wording import masked, script, sentences, word_set

_BASE = word_set(
    """acknowledge address advise analyse analyze answer apply argue articulate ask assess avoid begin calculate call
    capture check cite clarify close compare compute conclude connect consider contain contrast convey correct cover
    critique decline define demonstrate derive describe detail detect differentiate discuss distinguish elaborate
    emphasize encourage end ensure establish estimate evaluate examine explain explore express follow give handle
    highlight identify illustrate implement include indicate inform instruct interpret justify keep link list maintain
    measure mention name note offer open organise organize outline point predict present propose prove provide quote
    reassure recognise recognize recommend refer reference reflect refuse remind report request respect respond return
    reveal say show specify start state structure suggest summarise summarize support tell test translate urge use
    verify warn write"""
)
# Also nouns or adjectives: "lists names and uses" asks one thing, "names the drug and states the dose" two.
_NOUNS = word_set(
    """address answer call cite close contrast correct cover detail end estimate highlight limit link list measure name
    note offer open point present quote reference report request respect return start state structure support test urge
    use"""
)
_GUARD = (
    r"(?=\s+(?:a|an|the|that|this|these|those|how|what|why|which|whether|when|where|who|any|all|at|each|its|their|"
    r"one|two|three|both|several|multiple|specific|relevant|clear|concrete|to|for|correctly|explicitly)\b)"
)


_AS_NOUN = r"end\s+to\b|show\s+that\s+are\b|analyses\s+(?:for|to|at|that|when|where)\b"


def _alternatives(finite: bool) -> tuple[str, str]:
    """Patterns of the verbs: any of them, and those that can only be verbs where they stand."""
    shape = third_person if finite else str
    guarded = _NOUNS | {"analyse"} if finite else _NOUNS  # "the concepts and analyses"
    plain = "|".join(sorted((shape(v) for v in _BASE - guarded), key=len, reverse=True))
    nouns = "|".join(sorted((shape(v) for v in guarded), key=len, reverse=True))
    return rf"(?:{plain}|{nouns})\b", rf"(?:(?:{plain})\b|(?!{_AS_NOUN})(?:{nouns})\b{_GUARD})"


_ANY, _FINITE = _alternatives(True)
_ANY_BARE, _BARE = _alternatives(False)
_IDIOM = re.compile(r"(?<=compare)s? and contrasts?", re.IGNORECASE)
_ADVERBS = r"(?:(?:also|then|\w+ly(?:\s+and\s+\w+ly)?)\s+){0,2}"
_LEAD = rf"^\W*(?:(?:the|this)\s+(?:\w+\s+)?{NOUN}\s+)?{_ADVERBS}"
_FIRST = re.compile(
    rf"\b(?:if|whether|how(?:\s+\w+)?)\s+(?:the|this|each)\s+(?:[\w-]+\s+){{1,2}}?(?:\w+ly\s+)?(?P<framed>[a-z]+[^s\W]s\b)|"
    rf"{_LEAD}(?P<lead>{_ANY})|(?<=\s)(?P<verb>{_FINITE})|(?P<denied>\bdo(?:es)?(?:\s+not|n['’]t)\s+{_ANY_BARE})",
    re.IGNORECASE,
)
_FIRST_BARE = re.compile(
    rf"(?:\b(?:should|must|needs? to|ought to)\s+|^(?:does|do|did|can)\s+(?:the|this)\s+(?:\w+\s+)?{NOUN}\s+){_ADVERBS}"
    rf"(?P<verb>{_ANY_BARE})",
    re.IGNORECASE,
)
_NEXT = re.compile(rf"(?:\s*,\s*|\s+)(?:(?P<and>and|but|then|and then)\s+)?(?P<ask>{_ADVERBS}{_FINITE})", re.IGNORECASE)
_NEXT_BARE = re.compile(
    rf"(?:\s*,\s*|\s+)(?:(?P<and>and|but|then|and then)\s+)?(?P<ask>{_ADVERBS}{_BARE})", re.IGNORECASE
)
# "ways to follow a passion and support a family": the nearer verb is the one that "support" is coordinated with.
_INFINITIVE = re.compile(
    rf"\b(?:to|can|could|may|might|would)\s+(?:\w+ly\s+)?(?:{_ANY_BARE}|(?:allow|be|become|do|find|get|help|learn|make|"
    r"understand)\b)",
    re.IGNORECASE,
)
_TITLE = re.compile(rf"(?:(?![.?!]\s).)*?:\s+(?={_ANY})|[^。；？]*?[:：]\s*(?=评估|检查|考察|判断)", re.IGNORECASE)
_QUESTION = r"(?:does|do|did|is|are|was|were|has|have|can|should|how|to what extent)\b"
_ASKS = re.compile(
    rf"{_LEAD}{_FINITE}|"
    r"^\W*(?!this\b|these\b|it\b|that\b|such\b)(?:[\w/'’#-]+[\s,]+){1,12}?(?:should|must)\s+(?:\w+ly\s+|not\s+)?[a-z]+|"
    r"^\W*(?:check|assess|evaluate|determine|verify|judge|consider)\s+(?:if|whether|how|that|the)\b|"
    rf"^\W*{_QUESTION}.*\?|^\W*(?:(?:the|this)\s+(?:\w+\s+)?{NOUN}|it)\s+(?:should|must|needs? to)\b",
    re.IGNORECASE | re.DOTALL,
)
_ASKS_CJK = re.compile(
    r"^\W*+(?!重点|这|该项|此项|例如|比如|特别|尤其)(?:.*(?:是否|能否|有无|应当|必须)|(?:同时|此外|并)?[，,]?(?:评估|检查|考察|判断))",
    re.DOTALL,
)
_NEXT_CJK = re.compile(
    r"[，,]\s*(?:(?:并且|并|且|而且|以及|同时)(?:能够|能|也|还)?)?(?=[^，,。；？]{0,24}?(?:是否|能否))|"
    r"[，,]\s*(?:并且|并|而且)(?!非|不|未)(?:能够|能)?"
)
_JOINER_CJK = re.compile(r"^(?:同时|此外|另外|并且|而且|以及)[，,]?")
_FRAME_CJK = re.compile(r"^.*?(?:是否|能否)")


@rule(
    "R002-double-barrelled", "warning",
    what='One criterion asks several things: "states the dose and explains the risk", several sentences that ask.',
    why="A response that does one of them has no right verdict, and judges differ on which half counts.",
    repair="Split it; the finding proposes the texts. Or give it `checks`, or a scale with partial credit.",
    source="cards 17 (decompose), 188 (atomic items)",
)  # fmt: skip
def double_barrelled(view: View) -> Iterator[Hit]:
    """Sentences that ask, and coordinated verbs inside one; brackets, quotes and lists of examples are not read."""
    for node in view.leaves:
        c = node.criterion
        if c.checks or c.verifier or c.allow_examples:
            continue
        parts = asks(c.text)
        if len(parts) > 1:
            listed = " | ".join(quoted(p, 400) for p in parts)
            yield Hit(node, "text", f"asks {len(parts)} things", f"split into {listed}; share the weight {c.weight:g}")


_IFS = re.compile(
    r"\W*(?:also\s+)?(?:checks?|assess(?:es)?|evaluates?|determines?|verif(?:y|ies)|judges?)\s+(?=(?:if|whether)\s)",
    re.IGNORECASE,
)
_AND_IF = re.compile(r",?\s+and\s+(?=(?:if|whether)\s)", re.IGNORECASE)


def asks(text: str) -> list[str]:
    """The separate demands in ``text``, each as a text of its own; one when it asks one thing.

    >>> asks("The response states the dose and explains the risk.")
    ['The response states the dose.', 'The response explains the risk.']
    >>> asks("Lists names and uses of the drug (and explains them).")
    ['Lists names and uses of the drug (and explains them).']
    """
    text = " ".join(text.split())
    title = _TITLE.match(text)
    head, body = (title[0], text[title.end() :]) if title else ("", text)
    wide = script(text) == "cjk"
    found = [s for s in sentences(body) if (_ASKS_CJK if wide else _ASKS).search(s)] or [body]
    return [head + part for s in found for part in (_split_cjk(s) if wide else _split(s))]


def _split(sentence: str) -> list[str]:
    covered = _IDIOM.sub(lambda m: "#" * len(m[0]), masked(sentence, examples=True))
    if ifs := _IFS.match(covered):
        cuts = [(ifs.end(), ifs.end()), *((m.start(), m.end()) for m in _AND_IF.finditer(covered, ifs.end()))]
        if len(cuts) > 1:
            ends = [*(c[0] for c in cuts[1:]), len(sentence)]
            parts = [sentence[c[1] : end].rstrip(" ,;.?") for c, end in zip(cuts, ends, strict=True)]
            return [q for p in parts for q in _split(sentence[: ifs.end()] + p + ".")]
    bare = _FIRST_BARE.search(covered)
    nexts = list((_NEXT_BARE if bare else _NEXT).finditer(covered))
    nexts = [n for n in nexts if not _adverbs_only(covered, n)]
    if bare:
        begin = bare.end("verb")
        nexts = [n for n in nexts if n.start() >= begin and not _INFINITIVE.search(covered, begin, n.start())]
    if not any(n["and"] for n in nexts):
        return [sentence]
    # The verb before the first coordinator is the one that the others are coordinated with.
    first_and = next(k for k, n in enumerate(nexts) if n["and"])
    before = covered[: nexts[first_and].start()]
    start = bare.start("verb") if bare else _last_verb(before, nexts[:first_and])
    if start < 0:
        return [sentence]
    chain = [n for n in nexts if n.start() > start and (n["and"] or "," in n[0][: n.start("ask") - n.start()])]
    cuts = [(start, start), *((n.start(), n.start("ask")) for n in chain)]
    ends = [*(c[0] for c in cuts[1:]), len(sentence)]
    return _worded(sentence[:start], [sentence[c[1] : end] for c, end in zip(cuts, ends, strict=True)])


def _adverbs_only(covered: str, n: re.Match[str]) -> bool:
    """Whether "clearly and thoroughly explains" joins two adverbs there, not two verbs."""
    return bool(re.search(r"ly$", covered[: n.start()]) and re.match(r"\w+ly\b", n["ask"]))


def _last_verb(before: str, commas: list[re.Match[str]]) -> int:
    """Where the head of the coordination begins: the last verb that is not itself behind a comma; -1 without one."""
    listed = {n.start("ask") for n in commas if "," in n[0]}
    verbs = [at for m in _FIRST.finditer(before) if (at := m.start(m.lastgroup or 0)) not in listed]
    return verbs[-1] if verbs else -1


def _worded(frame: str, parts: list[str]) -> list[str]:
    """Each part behind the common frame; a verb without an object takes that of the next part."""
    texts: list[str] = []
    for k, part in enumerate(parts):
        words = part.rstrip(" ,;.?").split()
        rest = parts[k + 1].split() if k + 1 < len(parts) else []
        if len(words) == 1 and len(rest) > 1:
            words = [*words, *" ".join(rest[1:]).rstrip(" ,;.?").split()]
        head = re.sub(r"\w+ly\s+$", "", frame) if words[0].endswith("ly") else frame
        text = head + " ".join(words)
        texts.append(text[:1].upper() + text[1:] + ("?" if parts[-1].rstrip().endswith("?") else "."))
    return texts


def _split_cjk(sentence: str) -> list[str]:
    covered = masked(sentence, examples=True)
    frame = _FRAME_CJK.match(covered)
    if frame is None:
        return [sentence]
    cuts = [m for m in _NEXT_CJK.finditer(covered) if m.start() >= frame.end()]
    ends = [*(m.start() for m in cuts), len(sentence)]
    parts = [sentence[: ends[0]]]
    for m, end in zip(cuts, ends[1:], strict=True):
        parts.append(_lead_cjk(sentence, frame.end(), piece := sentence[m.end() : end]) + piece)
    return [_JOINER_CJK.sub("", p).rstrip("，,。；;？?") + "。" for p in parts]


def _lead_cjk(sentence: str, end: int, piece: str) -> str:
    """What goes before a piece: the frame without its 是否, the verb alone, or the frame, by what the piece has."""
    at = min((k for k in (piece.find("是否"), piece.find("能否")) if k >= 0), default=-1)
    if at == 0:
        return sentence[: end - 2]
    verb = re.match(r"评估|检查|考察|判断", sentence)
    return (verb[0] if verb else "") if at > 0 else sentence[:end]


_QUALITIES = {
    word: name
    for name, words in {
        "accuracy": "accuracy accurate accurately correctness", "breadth": "breadth",
        "clarity": "clarity clear clearly", "coherence": "coherence coherent coherently cohesion cohesive cohesiveness",
        "completeness": "completeness comprehensive comprehensiveness complete thorough thoroughness",
        "conciseness": "concise concisely conciseness brevity", "consistency": "consistency consistent",
        "creativity": "creativity creative", "depth": "depth", "empathy": "empathy empathetic",
        "engagement": "engaging engagement", "feasibility": "feasibility feasible", "flow": "flow fluency fluent",
        "formatting": "formatting", "grammar": "grammar grammatical", "logic": "logical logic",
        "neutrality": "neutral objective objectivity", "organization": "organization organized well-organized",
        "originality": "original originality novelty novel", "persuasiveness": "persuasive persuasiveness compelling",
        "politeness": "polite respectful politeness", "precision": "precise precision", "readability": "readability",
        "relevance": "relevance relevant", "rigor": "rigor rigorous", "safety": "safe safety",
        "spelling": "spelling punctuation", "structure": "structure structured well-structured", "style": "style",
        "tone": "tone", "vividness": "vivid vividness",
    }.items()
    for word in words.split()
}  # fmt: skip
_QUALITIES_CJK = re.compile(
    r"清晰|准确|简洁|流畅|客观|完整|全面|深度|广度|相关性|逻辑性|连贯|规范|专业性?|原创性?|可读性|严谨|一致性|独特性|合理性"
)
_WORD = re.compile(r"[\w-]+|,|&")
_REACH = 4


@rule(
    "R003-several-qualities", "info",
    what='One criterion asks for several qualities in a row ("clear, accurate and well-structured").',
    why="One number for three qualities cannot say which one is missing; halo between them goes unseen.",
    repair="One criterion per quality, or anchors that say how they combine.",
    source="cards 17, 209; HANNA-type six-criteria sheets",
)  # fmt: skip
def several_qualities(view: View) -> Iterator[Hit]:
    """Two or more names of qualities, joined by commas and "and", at most four words apart."""
    for node in view.leaves:
        c = node.criterion
        if not c.verifier:
            found = _qualities_cjk(node.covered) if script(c.text) == "cjk" else _qualities(node.covered)
            if len(found) > 1:
                listed = ", ".join(found)
                yield Hit(node, "text", f"asks for {len(found)} qualities: {listed}", f"one criterion each: {listed}")


def _qualities(covered: str) -> list[str]:
    best: list[str] = []
    run: list[str] = []
    last, joined, before = -_REACH, False, ""
    for k, word in enumerate(_WORD.findall(covered.lower())):
        name = None if (before, word) == ("the", "original") else _QUALITIES.get(word)
        before = word
        if word in (",", "and", "&"):
            joined = True
        elif name:
            run = [*run, name] if run and joined and k - last <= _REACH + 1 else [name]
            last, joined = k, False
            best = max(best, list(dict.fromkeys(run)), key=len)
    return best


def _qualities_cjk(covered: str) -> list[str]:
    best: list[str] = []
    run: list[str] = []
    last = -1
    for m in _QUALITIES_CJK.finditer(covered):
        between = covered[last : m.start()] if last >= 0 else ""
        run = [*run, m[0]] if re.fullmatch(r"度?[、，,和与及且]{1,2}\w{0,2}?", between) else [m[0]]
        last = m.end()
        best = max(best, list(dict.fromkeys(run)), key=len)
    return best
