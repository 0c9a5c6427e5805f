"""From labelled parts to tokens: by hand, beside a plain loop, and with a tokenizer that cuts letters apart."""

import asyncio
import json
import pickle

import numpy as np
import pytest

import rubricate as rb
from rubricate.errors import SettingError, UnknownNameError
from rubricate.integrations.dense import SegmentCredit, Segments, token_advantages, token_starts
from rubricate.integrations.trl import DenseAdvantages
from rubricate.judges.segments import StepJudge
from rubricate.llm.scripted import read_prompt

STEPS = rb.Rubric(id="steps", criteria=[{"id": "correct", "text": "The step is right."}])


def by_word(request):
    """A step judge: a step with the word wrong is not met; one with the word odd makes the whole reply unreadable."""
    parts = [text for label, text in read_prompt(request).blocks if label.startswith("step ")]
    if any("odd" in p for p in parts):
        return "I cannot say."
    rows = [{"n": k, "correct": "not_met" if "wrong" in p else "met"} for k, p in enumerate(parts, 1)]
    return json.dumps({"steps": rows, "final": {"correct": "met"}})


def credit(**settings):
    return SegmentCredit(StepJudge(), rb.ScriptedClient(by_word), rubric=STEPS, **settings)


def samples(*texts):
    return [rb.Sample(str(k), (rb.Message("user", "Sum?"),), t) for k, t in enumerate(texts)]


class Letters:
    """A tokenizer with one token per character, and 0 for a special token."""

    def decode(self, ids, skip_special_tokens):
        return "".join(chr(i) for i in ids if i)

    def batch_decode(self, rows, skip_special_tokens):
        return [self.decode(r, skip_special_tokens) for r in rows]


class Bytes(Letters):
    """One token per byte: a letter of two bytes is cut apart."""

    def decode(self, ids, skip_special_tokens):
        return bytes(ids).decode(errors="replace")


def test_merit_goes_to_what_deserves_it_by_hand():
    # "It is wrong. It is so." above the mean: only the second sentence; below it: only the first
    text = "It is wrong. It is so."
    _, starts = token_starts([ord(c) for c in text], Letters())
    found = credit().tokens(samples(text, text), np.tile(starts, 2), [0, 22, 44], [2.0, -1.0])
    assert found[:12].tolist() == [0.0] * 12
    assert found[13:22].tolist() == [2.0] * 9
    assert found[22:34].tolist() == [-1.0] * 12
    assert found[35:].tolist() == [0.0] * 9
    assert found[[12, 34]].tolist() == [2.0, -1.0]  # the space between belongs to no sentence


@pytest.mark.parametrize(("on_missing", "expected"), [("zero_advantage", 0.0), ("row", 2.0)])
def test_a_part_without_a_label_follows_the_named_policy(on_missing, expected):
    found = credit(on_missing=on_missing).tokens(samples("odd"), [0, 1, 2], [0, 3], [2.0])
    assert found.tolist() == [expected] * 3


def test_a_response_without_parts_keeps_its_advantage():
    assert credit().tokens(samples("", "It is so."), [0, 0, 3], [0, 1, 3], [0.5, -1.0]).tolist() == [0.5, 0.0, 0.0]


def test_a_criterion_that_is_bad_when_met_counts_the_other_way():
    rubric = rb.Rubric(id="r", criteria=[{"id": "correct", "text": "Is rude.", "weight": -1}])
    found = asyncio.run(
        SegmentCredit(StepJudge(), rb.ScriptedClient(by_word), rubric=rubric).segments(samples("A wrong. A right."))
    )
    assert found.scores.tolist() == [1.0, 0.0]


def test_random_parts_beside_a_plain_loop():
    rng = np.random.default_rng(3)
    for _ in range(50):
        starts, off, part_start, part_end, part_off, scores, expected = [], [0], [], [], [0], [], []
        advantage = rng.normal(size=3)
        for i in range(3):
            cuts = np.sort(rng.choice(np.arange(1, 30), size=int(rng.integers(0, 4)) * 2, replace=False)).tolist()
            spans = list(zip(cuts[::2], cuts[1::2], strict=True))
            values = [float(rng.choice([0.0, 0.5, 1.0, np.nan])) for _ in spans]
            tokens = np.arange(0, 30)
            for t in tokens:
                inside = [v for (a, b), v in zip(spans, values, strict=True) if a <= t < b]
                own = advantage[i]
                if inside:
                    v = inside[0]
                    own = 0.0 if np.isnan(v) or (own >= 0) != (v >= 0.5) else own
                expected.append(own)
            starts += tokens.tolist()
            off.append(len(starts))
            part_start += [a for a, _ in spans]
            part_end += [b for _, b in spans]
            part_off.append(len(part_start))
            scores += values
        parts = Segments(*(np.array(x) for x in (scores, part_start, part_end, part_off)))
        parts = parts._replace(start=parts.start.astype(int), end=parts.end.astype(int))
        assert token_advantages(parts, starts, off, advantage).tolist() == expected


def test_starts_of_tokens_also_where_a_letter_is_cut_apart():
    assert token_starts([72, 105, 0], Letters()) == ("Hi", pytest.approx(np.array([0, 1, 2])))
    text, starts = token_starts(list("aéb".encode()), Bytes())
    assert text == "aéb"
    assert starts.tolist() == [0, 1, 2, 2]
    assert token_starts([], Letters())[1].tolist() == []


@pytest.mark.parametrize("settings", [{"on_missing": "nan"}, {"concurrency": 0}])
def test_settings_are_checked(settings):
    with pytest.raises((UnknownNameError, SettingError)):
        credit(**settings)


def test_it_pickles():
    assert pickle.loads(pickle.dumps(SegmentCredit(StepJudge(), rubric=STEPS))).rubric == STEPS


class Tensor:
    """As much of a tensor as the mixin touches."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def tolist(self):
        return self.values.tolist()

    def new_tensor(self, values):
        return Tensor(values)


class Trainer:
    """Stands for GRPOTrainer: two completions, padded on the right."""

    def __init__(self, processing_class):
        self.processing_class = processing_class

    def _generate_and_score_completions(self, inputs):
        texts = ["No, wrong. So.", "So."]
        ids = [[ord(c) for c in t] + [0] * (15 - len(t)) for t in texts]
        mask = [[1] * (len(t) + 1) + [0] * (14 - len(t)) for t in texts]
        return {"completion_ids": Tensor(ids), "completion_mask": Tensor(mask), "advantages": Tensor([1.0, -1.0])}


def test_the_mixin_turns_advantages_of_rows_into_those_of_tokens():
    class Dense(DenseAdvantages, Trainer):
        pass

    trainer = Dense(Letters(), segment_credit=credit())
    out = trainer._generate_and_score_completions([{"prompt": "Sum?"}, {"prompt": [{"role": "user", "content": "?"}]}])
    first, second = out["advantages"].tolist()
    assert first == [0.0] * 10 + [1.0] * 5  # the end of the response keeps the advantage of the row
    assert second == [0.0] * 3 + [-1.0] + [0.0] * 11  # behind the end there is nothing
