"""Rules about leaks and evidence: what gives an answer away, what supports a criterion, what must not be used."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from rubricate.rubrics.lint_rules import Hit, View, quoted, rule
from rubricate.rubrics.model import Criterion
from rubricate.rubrics.wording import GENERIC, content_words, grams, may_hold, normalised

ABSENT = 0.5
_ANSWER_CALLED = re.compile(
    r"\b(?:[Rr]esponse|[Aa]nswer|[Oo]utput|[Aa]ssistant|[Cc]andidate|[Cc]ompletion|[Rr]eply)\s+"
    r"(?:[#(]?(?:[A-D]|[1-4])\)?)(?![\w.%-]*\w)(?!\s+(?:to|of the following)\b)|"
    r"(?:回答|回复|答案|响应)\s*[A-DＡ-Ｄ](?![a-zA-Z])"
)
_VERDICT = re.compile(
    r"\b(?:chosen|rejected|preferred|winning|losing|better|worse|best|worst)\s+"
    r"(?:response|answer|output|candidate|completion|reply)\b|"
    r"\b(?:response|answer|output|candidate|completion)\s+\S{1,3}\s+(?:is|was)\s+(?:better|worse|preferred|chosen)\b|"
    r"\bthan the other (?:response|answer|output|candidate|one)\b|更好的(?:回答|答案|回复)|"
    r"(?:被选中|被拒绝)的(?:回答|回复)",
    re.IGNORECASE,
)
# What both patterns need; "than the other one" is the only one without the name of a response.
_CALLED_WORDS = (
    "response", "answer", "output", "assistant", "candidate", "completion", "reply", "than the other",
)  # fmt: skip


@rule(
    "R401-names-an-answer", "error",
    what="The text names an answer (response A, answer 2, a candidate's id) or says which one is better.",
    why="The rubric then hands its judge the verdict: it recovers the label and says nothing about quality.",
    repair="Describe what makes a response good without pointing at one.",
    source="cards 188, 212",
)  # fmt: skip
def names_an_answer(view: View) -> Iterator[Hit]:
    """Letters and numbers of answers, verdict words, ids of the candidates; not what the prompt itself speaks of."""
    ids = [i for i in view.context.candidates if len(i) >= 6 or re.search(r"\w\d|\d\w", i)]
    prompt = view.prompt.lower()
    known = re.compile("|".join(rf"(?<!\w){re.escape(i)}(?!\w)" for i in ids)) if ids else None
    for node in view.nodes:
        text = node.criterion.text
        called = may_hold(text, _CALLED_WORDS)
        found = (_ANSWER_CALLED.search(text) or _VERDICT.search(text)) if called else None
        found = found or (known.search(text) if known else None)
        if found and found[0].lower() not in prompt:
            reason = f"{quoted(found[0])} points at one response"
            yield Hit(node, "text", reason, "describe the quality, not the response that has it")


@rule(
    "R402-quotes-a-candidate", "error",
    what="The text holds four words in a row (Chinese: eight characters) that occur in exactly one candidate.",
    why="Only that response can meet it; the rubric remembers an answer instead of saying what is good.",
    repair="Reword it without the phrase.",
    source="cards 188 (leak lint), 212",
)  # fmt: skip
def quotes_a_candidate(view: View) -> Iterator[Hit]:
    """Rare runs of words; those made of the prompt's words, or that a reference or the evidence hold, are allowed."""
    texts = [*view.rubric.candidates, *view.context.candidates.values()]
    texts = list({normalised(t): t for t in texts}.values())
    if len(texts) < 2:
        return
    counts = Counter(gram for text in texts for gram in set(grams(text)))
    asked = set(content_words(view.prompt))
    allowed = set(grams(view.prompt)) | {g for t in _references(view) for g in grams(t)}
    for node in view.nodes:
        own = {g for e in node.criterion.evidence for g in grams(e.text)} | set(grams(node.criterion.reference or ""))
        rare = [g for g in grams(node.criterion.text) if counts[g] == 1 and g not in allowed and g not in own]
        rare = [g for g in rare if not asked.issuperset(content_words(g))]  # the words of the prompt in another order
        if rare:
            reason = f"{quoted(rare[0])} stands in exactly one of {len(texts)} candidates"
            yield Hit(node, "text", reason, "say the same in words that another good response could meet")


def _references(view: View) -> list[str]:
    rubric = view.rubric
    return [*rubric.references, *([rubric.reference] if rubric.reference else [])]


@rule(
    "R403-not-in-evidence", "info",
    what="At least half of the content words of a criterion are absent from the evidence that it cites (or, when it "
    "cites none, from all evidence of the rubric), or a number is.",
    why="A generated item without support asks for something made up. (The check is lexical: paraphrases fail it too.)",
    repair="Add the passage that supports it, or remove the claim.",
    source="card 208 (audit)",
)  # fmt: skip
def not_in_evidence(view: View) -> Iterator[Hit]:
    """Stems of the text against stems of the evidence; without any evidence text nothing is checked."""
    pool = set(content_words(" \n ".join(_evidence_of(n.criterion) for n in view.nodes)))
    for node in view.leaves if pool else ():
        c = node.criterion
        support = set(content_words(_evidence_of(c))) or pool
        words = [w for w in dict.fromkeys(content_words(c.text)) if w not in GENERIC]
        if len(words) < 3:
            continue
        absent = [w for w in words if w not in support]
        numbers = [w for w in absent if w[0].isdigit()]
        if len(absent) >= ABSENT * len(words) or numbers:
            named = ", ".join((numbers or absent)[:6])
            reason = f"{len(absent)} of {len(words)} content words are not in the evidence: {named}"
            yield Hit(node, "text", reason, "add the passage that supports it, or remove the claim")


def _evidence_of(criterion: Criterion) -> str:
    return " \n ".join(e.text for e in criterion.evidence)


@rule(
    "R404-blocked-source", "error",
    what="A blocked source is cited as evidence or stands among the references.",
    why="Blocked sources hold the answer; what is taken from them measures copying.",
    repair="Cite another source, or remove the criterion.",
    source="card 63",
)  # fmt: skip
def blocked_source(view: View) -> Iterator[Hit]:
    """Titles and addresses of blocked sources inside the evidence of a criterion and the references of the rubric."""
    general = [(b, _address(b)) for b in view.rubric.blocked_sources]
    for k, text in enumerate(view.rubric.references):
        for source, wanted in general:
            if wanted and wanted in _address(text):
                yield Hit(None, f"references[{k}]", f"holds the blocked source {quoted(source)}", "remove it")
    for node in view.nodes:
        blocked = [*general, *((b, _address(b)) for b in node.criterion.blocked_sources)]
        for k, evidence in enumerate(node.criterion.evidence if blocked else ()):
            cited = " | ".join(_address(t) for t in (evidence.url, evidence.text, evidence.derived_from))
            for source, wanted in blocked:
                if wanted and wanted in cited:
                    reason = f"cites the blocked source {quoted(source)}"
                    yield Hit(node, f"evidence[{k}]", reason, "cite another source, or remove the criterion")


def _address(text: str) -> str:
    """A title or an address for comparison: lower case, without scheme, www and the last slash."""
    return re.sub(r"^https?://(?:www\.)?|(?<=\s)https?://(?:www\.)?", "", normalised(text)).rstrip("/")


@rule(
    "R405-retrieved-itself", "error",
    what="The rubric was written from the case of its own prompt, or of a near-duplicate.",
    why="What looks like generation is a copy: results on such prompts say nothing.",
    repair="Leave the case out of the index and write the rubric again.",
    source="cards 6, 25",
)  # fmt: skip
def retrieved_itself(view: View) -> Iterator[Hit]:
    """Retrieved ids that are the prompt's, the rubric's, or near-duplicates of the prompt in the context."""
    rubric = view.rubric
    if rubric.retrieval is None:
        return
    near = set(view.context.near_duplicates.get(rubric.prompt_id, ())) if rubric.prompt_id else set()
    for k, case in enumerate(rubric.retrieval.ids):
        same = case in (rubric.prompt_id, rubric.id)
        if same or case in near:
            reason = f"{case!r} is {'its own case' if same else 'a near-duplicate of its prompt'}"
            yield Hit(
                None, f"retrieval.ids[{k}]", reason, f"leave {case!r} out of the index and write the rubric again"
            )
