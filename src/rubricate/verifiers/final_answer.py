"""The final answer of a response, and whether it says anything: the gate in front of judges that compare answers.

Judges with a reference say YES to answers without content ("Solution", ":", "Let's solve this step by step."; card 38,
arXiv 2507.08794). A policy finds such an answer as soon as it pays more often than honest work, so what announces an
answer and holds none is taken out by rule before any judge sees it.
"""

from __future__ import annotations

import re
import unicodedata

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.normalise import normalise, shown
from rubricate.verifiers.segments import sentences

_BOXES = (r"\boxed", r"\fbox")
_TAG = re.compile(r"<(answer|final_answer)>(.*?)</\1>", re.DOTALL | re.IGNORECASE)
_SAID = re.compile(
    r"(?:\b(?:final\s+answer|the\s+answer|answer|respuesta|réponse|antwort|ответ)\s*(?:is|es|est|ist)?\s*[:=]"
    r"|\b(?:final\s+|correct\s+)?answer\s+is\b|####|答案\s*(?:是|[::])|答え\s*は)[\s*_]*([^\n]*)",
    re.IGNORECASE,
)
_CLOSING = re.compile(r"[\s.。*_]+$")
# A word or heading that announces an answer, in the languages in which it was found to work, and their kin.
_HEADINGS = re.compile(
    r"solutions?|answers?|response|explanation|reasoning|analysis|thoughts?|thinking|proof|steps?|result|conclusion|okay"
    r"|ok|sure|well|so|hmm|thus|therefore|hence|respuesta|solución|solucion|réponse|reponse|lösung|antwort|resposta"
    r"|solução|risposta|soluzione|ответ|решение|解|解答|解説|答|答案|答え|回答|分析|思考|かいせつ|こたえ|정답|풀이|해설|الحل"
    r"|الجواب|cevap|çözüm|jawaban"
)
_ENDS = " .,:;!?…-–—*_#>()[]\"'`。、"
_HEADING = re.compile(
    r"(?:the |my |your |here is (?:the |my )?|this is (?:the |my )?)?"
    r"(?:final|full|detailed|complete|thought|thinking|reasoning|solution|problem)?\s*"
    r"(?:process|steps?|answer|solution|analysis|response|explanation|summary|statement)(?: \d+)?(?: is)?"
)
_WORK = (
    r"(?:solve|think|work|begin|start|analy[sz]e|break|see|look|consider|find|compute|calculate|determine|figure|approach"
    r"|examine|proceed|tackle|read|understand|answer|go)"
)
_PROMISE = re.compile(
    r"(?:(?:sure|okay|ok|now|first|so|well|alright|here)\W+)*"
    rf"(?:(?:let'?s|let us|let me|(?:we|i)(?:'ll| will| must| can| should| (?:need|have|are going|am going) to))"
    rf"(?: \w+){{0,2}} {_WORK}\b|(?:in order )?to {_WORK}\b|thinking\b|step by step|vamos a\b|para resolver\b"
    r"|让我们|我们来|首先|まず|давайте)[^=]*"
)


def final_answer(text: str) -> str | None:
    r"""The final answer of a text, or None when it holds none: the gate of reference judges.

    The last ``\boxed{}``, else the last ``<answer>``, else what follows the last "answer:" (or "the answer is",
    ``####``), else the whole text on one line, else its last line. An answer without a letter or digit, a bare heading
    ("Solution") or a promise ("Let's solve this step by step.") is none, wherever it stands.

    >>> final_answer(r"So x = 3, hence \boxed{\frac{1}{2}}."), final_answer("6 x 7 is\n42."), final_answer("Solution")
    ('\\frac{1}{2}', '42', None)
    """
    text = text.strip()
    found = _boxed(text)
    if found is None:
        tags, said = _TAG.findall(text), _SAID.findall(text)
        if tags:
            found = tags[-1][1]
        elif said:
            found = said[-1]
        else:
            found = text.splitlines()[-1] if text else ""
    found = _CLOSING.sub("", found.strip().strip("*_"))
    return found if says_something(found) else None


def _boxed(text: str) -> str | None:
    """What stands in the last box, braces matched; None without a box that is closed."""
    start = max(text.rfind(box) for box in _BOXES)
    start = text.find("{", start) if start >= 0 else -1
    depth = 0
    for place in range(start, len(text)) if start >= 0 else ():
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[start + 1 : place]
    return None


def says_something(text: str) -> bool:
    """Whether a text holds more than marks, headings and promises of an answer.

    >>> [says_something(t) for t in ("42", " ", "解", "Thought process:", "Let's solve this problem step by step.")]
    [True, False, False, False, False]
    """
    return any(not _announces(part) for part in sentences(unicodedata.normalize("NFKC", text)))


def _announces(sentence: str) -> bool:
    plain = normalise(sentence.replace("’", "'")).strip(_ENDS)
    if not any(c.isalnum() for c in plain):
        return True
    if sentence.rstrip().endswith(":") and not any(c.isdecimal() for c in plain):
        return True
    if _HEADINGS.fullmatch(plain) or _HEADING.fullmatch(plain):
        return True
    return not any(c.isdecimal() for c in plain) and _PROMISE.fullmatch(plain) is not None


@verifier("final_answer")
def has_final_answer(sample: Sample, min_chars: int = 1) -> Outcome:
    """Whether the response ends in an answer that says something, of ``min_chars`` characters or more.

    The content gate of card 38: multiply a reward by it, or set it as a required criterion.
    """
    if min_chars < 1:
        raise SettingError(f"min_chars={min_chars}", expected="1 or more")
    found = final_answer(answer_text(sample))
    if found is None:
        return Outcome(0.0, "the response holds no answer")
    return Outcome(float(len(found) >= min_chars), f"the answer is {shown(found)}", (found,))
