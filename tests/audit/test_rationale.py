import asyncio
import json
import math

import numpy as np
import pytest

from rubricate.audit import rationale_deletion, span_deletions
from rubricate.errors import SettingError
from rubricate.judges import PointwiseJudge
from rubricate.llm.scripted import ScriptedClient
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample


def test_by_hand_with_a_tolerance_and_missing_verdicts():
    found = rationale_deletion(
        [1.0, 0.8, math.nan, 0.2], [0.0, 0.7, 0.0, math.nan], [1.0, 0.3, 0.0, 0.0], tolerance=0.2
    )
    assert found == (0.5, 0.5, 2)
    assert rationale_deletion([math.nan], [1.0], [1.0]).n == 0
    with pytest.raises(SettingError, match="tolerance"):
        rationale_deletion([1.0], [1.0], [1.0], tolerance=-0.1)


@pytest.mark.parametrize("seed", range(50))
def test_spans_have_one_length_and_do_not_overlap(seed):
    rng = np.random.default_rng(seed)
    text = "".join(rng.permutation(list("abcdefghijklmnop")))
    span = text[5:9]
    without, other = span_deletions(text, span, rng)
    assert without == text[:5] + text[9:]
    assert len(other) == len(text) - 4
    assert span in other


@pytest.mark.parametrize(("text", "span"), [("abc", "x"), ("abc", ""), ("abcd", "bc")])
def test_no_span_and_no_room(text, span):
    with pytest.raises(SettingError, match="span"):
        span_deletions(text, span, np.random.default_rng(0))


def test_a_judge_that_reads_the_span_is_told_from_one_that_does_not():
    rubric = Rubric(id="r", criteria=[{"id": "a", "text": "Names the year."}])
    rng = np.random.default_rng(0)

    def verdict(text, honest):
        def reply(request):
            met = "1848" in request.messages[-1].content if honest else True
            return json.dumps({"verdicts": [{"id": "a", "verdict": "met" if met else "not_met"}]})

        sample = Sample("s", (Message("user", "When?"),), text)
        found = asyncio.run(
            PointwiseJudge(reasons=False).verdicts(sample, rubric, rubric.leaves, ScriptedClient(reply))
        )
        return math.nan if found[0].value is None else found[0].value

    text = "The revolution that you ask about began in 1848, in several cities at once."
    texts = [(text, *span_deletions(text, "1848", rng)) for _ in range(5)]
    for honest, expected in ((True, (1.0, 0.0, 5)), (False, (0.0, 0.0, 5))):
        columns = [[verdict(t[k], honest) for t in texts] for k in range(3)]
        assert rationale_deletion(*columns) == expected
