"""``bleu``, ``chrf`` and ``rouge``: overlap with references by the reference libraries sacrebleu and rouge-score."""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Sequence
from typing import Any

from rubricate.errors import MissingExtraError, SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.material import at_least, material

Texts = str | Sequence[str] | None
SMOOTHING = ("exp", "floor", "add-k", "none")
TOKENIZERS = ("13a", "intl", "zh", "char", "none")
ROUGES = ("rouge1", "rouge2", "rouge3", "rouge4", "rougeL", "rougeLsum")
MEASURES = ("fmeasure", "precision", "recall")
_MOST_CELLS = 4_000_000  # of the table that rouge-score fills for a longest common subsequence, in plain Python
_READABLE = re.compile(r"[a-z0-9]+")


@verifier("bleu")
def bleu(
    sample: Sample,
    references: Texts = None,
    max_n: int = 4,
    smooth: str = "exp",
    tokenize: str = "13a",
    ignore_case: bool = False,
) -> Outcome:
    """Sentence BLEU against all references at once, by sacrebleu (extra ``verify``): in [0, 1].

    Counts are clipped by the most that any reference has, the brevity penalty takes the reference closest in length,
    orders longer than the response are left out. ``smooth``: exp, floor, add-k (k = 1) or none; ``tokenize``: 13a,
    intl, zh, char or none. Card 110 (BLEUBERI, arXiv 2505.11080) adds 1 at every order (recalled), where add-k leaves
    single words alone. Without a reference it cannot tell.
    """
    if smooth not in SMOOTHING or tokenize not in TOKENIZERS or not 1 <= max_n <= 8:
        raise SettingError(
            f"max_n={max_n}, smooth={smooth!r}, tokenize={tokenize!r}",
            expected=f"max_n 1-8, smooth among {', '.join(SMOOTHING)}, tokenize among {', '.join(TOKENIZERS)}",
        )
    scorer = _sacrebleu(
        "BLEU",
        max_ngram_order=max_n,
        smooth_method=smooth,
        tokenize=tokenize,
        lowercase=ignore_case,
        effective_order=True,
    )
    return _scored(scorer, "BLEU", sample, references)


@verifier("chrf")
def chrf(
    sample: Sample,
    references: Texts = None,
    char_order: int = 6,
    word_order: int = 0,
    beta: float = 2.0,
    ignore_case: bool = False,
) -> Outcome:
    """F-score of character n-grams, the best over the references, by sacrebleu (extra ``verify``): in [0, 1].

    ``word_order=2`` is chrF++. Needs no tokenizer, so it reads every script. Without a reference it cannot tell.
    """
    at_least(0, word_order=word_order)
    if not (1 <= char_order <= 10 and word_order <= 5 and beta >= 1 and beta == int(beta)):
        raise SettingError(
            f"char_order={char_order}, word_order={word_order}, beta={beta}",
            expected="char_order 1-10, word_order 0-5, beta a whole number from 1",
        )
    scorer = _sacrebleu("CHRF", char_order=char_order, word_order=word_order, beta=int(beta), lowercase=ignore_case)
    return _scored(scorer, "chrF", sample, references)


@verifier("rouge")
def rouge(
    sample: Sample, references: Texts = None, kind: str = "rougeL", measure: str = "fmeasure", stem: bool = False
) -> Outcome:
    """ROUGE of the response, the best over the references, by rouge-score (extra ``verify``): in [0, 1].

    ``kind``: rouge1 to rouge4, rougeL, rougeLsum; ``measure``: fmeasure, precision or recall; ``stem``: Porter stems.
    It reads a-z and digits only: a reference in another script cannot tell, nor can texts so long that the table of a
    common subsequence passes four million cells.
    """
    if kind not in ROUGES or measure not in MEASURES:
        raise SettingError(
            f"kind={kind!r}, measure={measure!r}", expected=f"{', '.join(ROUGES)}; {', '.join(MEASURES)}"
        )
    scorer = _rouge(kind, stem)
    answer = answer_text(sample)
    own = len(_READABLE.findall(answer.lower()))
    sizes = {t: len(_READABLE.findall(t.lower())) for t in material(sample, references)}
    texts = [t for t, size in sizes.items() if size]
    if not texts:
        return Outcome(None, "no reference with a letter a-z or a digit")
    if "L" in kind and own * sum(sizes.values()) > _MOST_CELLS:
        return Outcome(None, f"{own} words; too many for a common subsequence with the references")
    values = [float(getattr(scorer.score(text, answer)[kind], measure)) for text in texts]
    best = sorted(values)[-1]
    return Outcome(best, f"{kind} {measure} {best:.3f} against {len(texts)} references")


def _scored(scorer: Any, name: str, sample: Sample, references: Texts) -> Outcome:
    texts = material(sample, references)
    if not texts:
        return Outcome(None, "no reference is given, and the sample has none")
    answer = answer_text(sample)
    value = scorer.sentence_score(answer, list(texts)).score / 100 if answer else 0.0
    return Outcome(sorted((0.0, float(value), 1.0))[1], f"{name} {100 * value:.1f} against {len(texts)} references")


@functools.lru_cache(maxsize=64)
def _sacrebleu(kind: str, **settings: Any) -> Any:
    try:
        metrics = importlib.import_module("sacrebleu.metrics")
    except ImportError:
        raise MissingExtraError.of("sacrebleu", "verify", purpose=f"the verifier {kind.lower()!r}") from None
    return getattr(metrics, kind)(**settings)


@functools.lru_cache(maxsize=16)
def _rouge(kind: str, stem: bool) -> Any:
    try:
        scorer = importlib.import_module("rouge_score.rouge_scorer")
    except ImportError:
        raise MissingExtraError.of("rouge-score", "verify", purpose="the verifier 'rouge'") from None
    return scorer.RougeScorer([kind], use_stemmer=stem)
