"""Likelihoods from a model that runs here (transformers, extra ``local``), with what texts share encoded once.

Prefix and target are tokenised apart, so the splice always lies between two tokens: for a policy's own samples this is
the tokenisation that was sampled. The items of one call share the tokens that they have in common in front: those are
encoded once, their keys and values are repeated for the rest, and texts that differ only in their last token need one
row for all of them.
"""

from __future__ import annotations

import asyncio
import copy
import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rubricate.arrays import Floats
from rubricate.errors import CallError, MissingExtraError, SettingError
from rubricate.llm.scorers import Answer, Forced, TokenLogs
from rubricate.types import Usage


class _Row(NamedTuple):
    """A token sequence to read, and the items (index, start of the target, ids of the target) that it answers."""

    ids: tuple[int, ...]
    items: list[tuple[int, int, tuple[int, ...]]]


class LocalScorer:
    """Scores given texts with a causal language model of transformers, held in memory.

    ``batch_tokens`` bounds rows times length of one forward pass behind the shared prefix; ``share=False`` reads every
    text whole. Special tokens written out in a text (``<|im_end|>`` in a response, say) are read as plain letters
    unless ``special_tokens=True``, which a prefix that renders a chat template itself needs. Log-probabilities are
    those of float32 logits. Texts longer than the model's window are a CallError (``truncated``), since what is cut
    off would change the answer in silence.
    """

    def __init__(
        self, model: Any, tokenizer: Any, *, name: str = "local", batch_tokens: int = 8192, share: bool = True,
        special_tokens: bool = False,
    ) -> None:  # fmt: skip
        if batch_tokens < 1:
            raise SettingError(f"batch_tokens={batch_tokens}", expected="at least 1")
        self.model, self.tokenizer, self.name = model.eval(), tokenizer, name
        self.batch_tokens, self.share, self.special_tokens = batch_tokens, share, special_tokens
        # Renamed in transformers 5.2x; the old name warns.
        names = inspect.signature(model.forward).parameters
        self._cache = "cache" if "cache" in names else "past_key_values"

    def __repr__(self) -> str:
        return f"LocalScorer({self.name!r}{', special_tokens=True' if self.special_tokens else ''})"

    @classmethod
    def load(cls, path: str, *, device: str = "cpu", dtype: str = "float32", **settings: Any) -> LocalScorer:
        """A model and its tokenizer from a folder or a hub name; MissingExtraError without transformers."""
        try:
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError:
            raise MissingExtraError.of("transformers", "local", purpose="LocalScorer") from None
        model = AutoModelForCausalLM.from_pretrained(path, dtype=dtype).to(device)
        return cls(model, AutoTokenizer.from_pretrained(path), name=str(path), **settings)

    async def logprobs(self, items: Sequence[Forced], *, top: int = 0) -> tuple[Answer, ...]:
        """For each item its log-probabilities; the work is done in a thread, so that other tasks go on."""
        return await asyncio.to_thread(self.score, items, top=top)

    def score(self, items: Sequence[Forced], *, top: int = 0) -> tuple[Answer, ...]:
        """``logprobs`` without a coroutine."""
        answers: list[Answer] = [CallError("not scored")] * len(items)
        rows: dict[tuple[int, ...], _Row] = {}
        encoded: dict[str, tuple[int, ...]] = {}
        window = getattr(self.model.config, "max_position_embeddings", None)
        for k, item in enumerate(items):
            if item.prefix not in encoded:
                encoded[item.prefix] = self._ids(item.prefix, special=True)
            prefix, target = encoded[item.prefix], self._ids(item.target, special=False)
            problem = _problem(len(prefix), len(target), window)
            if problem is not None:
                answers[k] = problem
                continue
            ids = prefix + target[:-1]  # the last token is only asked for
            rows.setdefault(ids, _Row(ids, [])).items.append((k, len(prefix), target))
        if rows:
            self._run(list(rows.values()), top, answers)
        return tuple(answers)

    def _ids(self, text: str, *, special: bool) -> tuple[int, ...]:
        found = self.tokenizer(text, add_special_tokens=special, split_special_tokens=not self.special_tokens)
        return tuple(found["input_ids"])

    def _run(self, rows: list[_Row], top: int, answers: list[Answer]) -> None:
        """Encode what all rows share, then the rest in batches of rows of similar length."""
        import torch

        with torch.inference_mode():
            # The distribution before a target's first token is read at the prefix's last: that one stays in the rest.
            least = min(start for row in rows for _, start, _ in row.items) - 1
            shared = min(_common([row.ids for row in rows]), least) if self.share and len(rows) > 1 else 0
            cache = self._encode(rows[0].ids[:shared]) if shared > 0 else None
            left = sorted(rows, key=lambda row: len(row.ids))
            while left:
                width = len(left[-1].ids)
                size = max(1, self.batch_tokens // (width if cache is None else width - shared + shared // 8))
                batch, left = left[-size:], left[:-size]
                self._batch(batch, shared, cache, top, answers)
        for row in rows[:1]:
            first = row.items[0][0]
            found = answers[first]
            if isinstance(found, TokenLogs):
                read = shared + sum(len(r.ids) - shared for r in rows)
                answers[first] = found._replace(usage=Usage(calls=1, prompt_tokens=read))

    def _encode(self, ids: tuple[int, ...]) -> Any:
        import torch
        from transformers import DynamicCache

        cache, at = DynamicCache(config=self.model.config), torch.tensor([ids], device=self.model.device)
        self.model(input_ids=at, use_cache=True, logits_to_keep=1, **{self._cache: cache})
        return cache

    def _batch(self, rows: list[_Row], shared: int, cache: Any, top: int, answers: list[Answer]) -> None:
        """One forward pass over the rests of some rows, padded on the right; real tokens never see padding."""
        import torch

        device, rests = self.model.device, [row.ids[shared:] for row in rows]
        width = max(map(len, rests))
        ids = torch.zeros((len(rows), width), dtype=torch.long, device=device)
        mask = torch.zeros((len(rows), shared + width), dtype=torch.long, device=device)
        for k, rest in enumerate(rests):
            ids[k, : len(rest)] = torch.tensor(rest, device=device)
            mask[k, : shared + len(rest)] = 1
        position = torch.arange(shared, shared + width, device=device).expand(len(rows), -1)
        past: dict[str, Any] = {"use_cache": False}
        if cache is not None:
            past = {"use_cache": True, self._cache: copy.deepcopy(cache)}
            past[self._cache].batch_repeat_interleave(len(rows))
        # Only the places that targets are read at: the rest, times a vocabulary, would fill the memory.
        first = min(start for row in rows for _, start, _ in row.items) - 1 - shared
        logits = self.model(
            input_ids=ids, attention_mask=mask, position_ids=position, logits_to_keep=width - first, **past
        ).logits
        for k, row in enumerate(rows):
            for index, start, target in row.items:
                at = start - 1 - shared - first
                places = logits[k, at : at + len(target)].float()
                logp = torch.log_softmax(places, dim=-1)
                chosen = logp.gather(1, torch.tensor(target, device=device)[:, None])[:, 0]
                best = torch.topk(logp, min(top, logp.shape[1]), dim=1).values if top else None
                answers[index] = TokenLogs(_numpy(chosen), None if best is None else _numpy(best))


def _problem(prefix: int, target: int, window: int | None) -> CallError | None:
    """Why an item cannot be scored; None when it can."""
    if not prefix or not target:
        return CallError(
            "the first token of a text has no log-probability, and an empty target has none",
            hint="Give a prefix and a target of at least one token each",
        )
    if window is not None and prefix + target > window:
        return CallError(
            f"{prefix + target} tokens do not fit the model's window of {window}", state="truncated",
            hint="Shorten the documents or the response, or take a model with a longer window",
        )  # fmt: skip
    return None


def _common(texts: Sequence[tuple[int, ...]]) -> int:
    """How many tokens all texts share in front: those that the smallest and the largest share."""
    low, high = min(texts), max(texts)
    same = (k for k, (a, b) in enumerate(zip(low, high, strict=False)) if a != b)
    return next(same, min(len(low), len(high)))


def _numpy(x: Any) -> Floats:
    return np.minimum(x.double().cpu().numpy(), 0.0)
