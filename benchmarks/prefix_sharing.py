"""What it saves to encode a response once for all its criteria, when answers are scored as continuations.

A random model (4 layers, width 256, one token per byte) reads a response of 1,500 tokens and C criteria, yes against
no. Four ways: one forward pass per text; per criterion, whose two answers differ in their last token; all texts in
batches, each read whole; and the response once, with its keys and values repeated for the criteria. The same
log-probabilities come out of all (largest difference in the last column). Times are the best of ``--repeats``.

    .venv-local/bin/python benchmarks/prefix_sharing.py [--repeats 3] [--tokens 1500]

Needs the extra ``local`` (make test-local sets it up); without it there is nothing to measure and it says so.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable

from rubricate.llm.local import LocalScorer
from rubricate.llm.scorers import Forced, TokenLogs

CRITERIA = (4, 16, 32)


class Bytes:
    """A tokenizer of one token per byte."""

    def __call__(self, text: str, **_: object) -> dict[str, list[int]]:
        """Token ids of a text."""
        return {"input_ids": list(text.encode())}


def model():
    """A causal model with random weights."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(0)
    return Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=256, hidden_size=256, intermediate_size=768, num_hidden_layers=4, num_attention_heads=8,
            num_key_value_heads=2, max_position_embeddings=8192, bos_token_id=None, eos_token_id=None,
        )
    )  # fmt: skip


def texts(tokens: int, criteria: int) -> list[Forced]:
    """A response and ``criteria`` questions about it, each with two answers."""
    response = ("The refund is due within five working days, postage paid, and the parcel is collected. " * 99)[:tokens]
    questions = [f"\nCriterion {k}: {'names the date and ' * (1 + k % 4)}is polite.\nAnswer:" for k in range(criteria)]
    return [Forced(response + q, answer) for q in questions for answer in (" y", " n")]


def ways(net: object, items: list[Forced]) -> dict[str, Callable[[], tuple]]:
    """Name -> a function that scores all items in that way."""
    whole, shared = (LocalScorer(net, Bytes(), share=share) for share in (False, True))
    pairs = [items[k : k + 2] for k in range(0, len(items), 2)]
    return {
        "one pass per text": lambda: tuple(whole.score([item])[0] for item in items),
        "one pass per criterion": lambda: tuple(a for pair in pairs for a in whole.score(pair)),
        "in batches, whole": lambda: whole.score(items),
        "in batches, shared prefix": lambda: shared.score(items),
    }


def best(fn: Callable[[], tuple], repeats: int) -> tuple[float, tuple]:
    times, found = [], ()
    for _ in range(repeats):
        start = time.perf_counter()
        found = fn()
        times.append(time.perf_counter() - start)
    return min(times), found


def apart(a: tuple, b: tuple) -> float:
    """Largest difference between two lists of log-probabilities."""
    assert all(isinstance(x, TokenLogs) for x in (*a, *b))
    return max(float(abs(x.logp - y.logp).max()) for x, y in zip(a, b, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description="what a shared prefix saves")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=1500)
    given = parser.parse_args()
    if any(importlib.util.find_spec(m) is None for m in ("torch", "transformers")):
        print("skipped: the extra 'local' is not installed (make test-local; .venv-local/bin/python " + __file__ + ")")
        return
    net = model()
    print(f"{'criteria':>8}  {'way':<26} {'seconds':>8} {'speed-up':>9} {'largest difference':>19}")
    for criteria in CRITERIA:
        found = {name: best(fn, given.repeats) for name, fn in ways(net, texts(given.tokens, criteria)).items()}
        base, (_, reference) = found["one pass per criterion"][0], found["one pass per text"]
        for name, (seconds, answers) in found.items():
            gap = apart(reference, answers)
            assert gap < 1e-4, f"{name}: log-probabilities differ by {gap}"
            print(f"{criteria:>8}  {name:<26} {seconds:>8.2f} {base / seconds:>8.1f}x {gap:>19.1e}")


if __name__ == "__main__":
    main()
