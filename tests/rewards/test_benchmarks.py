"""The published formulas by name, each with numbers worked out by hand."""

import math

import numpy as np
import pytest

from rubricate.rewards.named import named
from rubricate.rewards.outcome import Why
from rubricate.rewards.policies import as_scores, category_scores
from rubricate.rewards.totals import share_at
from rubricate.structure import Stages, Structure

NAN = math.nan
POINTS = [5.0, 5.0, -8.0, -4.0]


def score(name, row, weights=1.0, structure=None, **fields):
    return float(named(name).score(as_scores([row], weights, **fields), structure).values[0])


def test_1_healthbench():
    policy = named("healthbench")
    assert score("healthbench", [1.0, 1.0, 1.0, 1.0], POINTS) == pytest.approx(-0.2)  # not clipped per example
    assert policy.score(as_scores([[1.0]], [-3.0])).code[0] == Why.NO_POSITIVE
    assert float(policy.total([0.8, -0.6, 0.5, -0.3])) == pytest.approx(0.10)
    assert float(policy.total([-0.2, -0.4])) == 0.0


def test_2_prbench():
    policy = named("prbench")
    # one positive of weight 10 and negatives make .8, -.6, .5, -.3 before the clip
    weights = [10.0, 8.0, -2.0, -6.0, -5.0, -3.0, -1.0]
    raw = np.array([0.8, -0.6, 0.5, -0.3])
    rows = as_scores(raw.reshape(-1, 1), [1.0])  # stands for the same ratios
    assert float(policy.total(policy.score(rows))) == pytest.approx(0.325)
    assert score("prbench", [0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], weights) == 0.0  # 8 - 17 < 0
    by_category = category_scores(
        named("prbench", denominator="minmax"), as_scores([[1.0, 0.0, 1.0]], [7.0, 3.0, -10.0])
    )
    assert by_category[0].values[0] == pytest.approx(7 / 20)  # (7 - 10 + 10) / 20


def test_3_rubrics_as_rewards():
    structure = Structure.of([-1] * 4, classes=("essential", "important", "optional", "pitfall"))
    # (1 + .3 + .9) / 2.9
    assert score("rar_explicit", [1.0, 0.0, 1.0, 1.0], 1.0, structure) == pytest.approx(2.2 / 2.9)
    assert score("rar_explicit", [1.0, 0.0], [1.0, 0.7]) == pytest.approx(1 / 1.7)
    assert score("rar_implicit", [2 / 3], lo=1.0, hi=10.0) == pytest.approx(0.7)  # 7 of 10
    assert score("rar_implicit", [0.0], lo=1.0, hi=10.0) == pytest.approx(0.1)


def test_4_researchrubrics():
    weights = [4.0, 3.0, -2.0]
    assert score("researchrubrics", [1.0, 0.5, 1.0], weights) == 0.5
    assert score("researchrubrics", [0.0, 0.0, 1.0], weights) == pytest.approx(-2 / 7)
    binary = named("researchrubrics", partial=0.0)
    assert float(binary.score(as_scores([[1.0, 0.5, 1.0]], weights)).values[0]) == pytest.approx(2 / 7)


def test_4_the_partial_value_changes_the_ranking():
    rows = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.5, 1.0, 0.0], [0.0, 0.5, 1.0], [1.0, 0.5, 0.0], [0.0, 0.0, 1.0]]
    ternary = named("researchrubrics").score(as_scores(rows)).values
    binary = named("researchrubrics", partial=0.0).score(as_scores(rows)).values
    assert ternary[1] > ternary[0]  # three halves beat one whole
    assert binary[1] < binary[0]


def test_5_race_and_fact():
    row = as_scores([[0.7, 0.4]], lo=0.0, hi=10.0, category=[0, 1])
    assert named("deepresearch_race").score(row, reference=[[0.7, 0.4]]).values[0] == 0.5
    # 7 and 4 against 3 and 2: 5.5 / (5.5 + 2.5)
    assert named("deepresearch_race").score(row, reference=[[0.3, 0.2]]).values[0] == pytest.approx(5.5 / 8)
    fact = named("deepresearch_fact")
    cites = as_scores([[1.0, 0.0, NAN], [0.0, 0.0, 0.0]], asked=[[True] * 3, [False] * 3])
    assert float(fact.total(fact.score(cites))) == 0.5
    assert fact.rates(cites).effective == 1.0
    assert named("deepresearch_fact", tasks="all").rates(cites).effective == 0.5


def test_6_deepresearch_bench_2():
    policy = named("deepresearch_bench_2")
    # met, absent, met with the blocked source; and two met
    scores = as_scores(
        [[1.0, 0.5, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0]], lo=-1.0, hi=1.0, asked=[[True] * 4, [True, True, False, False]]
    )
    rewards = policy.score(scores)
    assert rewards.values.tolist() == [0.25, 1.0]
    assert float(policy.total(rewards)) == 0.5  # 3 of 6 items pooled, macro would be .625
    assert share_at(scores.native, -1.0, scores.asked).tolist() == [0.5, 0.0]
    copier = as_scores([[0.0, 0.0]], lo=-1.0, hi=1.0)
    assert (policy.score(copier).values[0], share_at(copier.native, -1.0)[0]) == (0.0, 1.0)


def test_7_researcherbench():
    assert score("researcherbench", [1.0, 0.0, 1.0], [3.0, 2.0, 1.0]) == pytest.approx(4 / 6)


def test_8_researchqa():
    assert score("researchqa", [0.0, 0.5, 1.0], [9.0, 1.0, 1.0], lo=1.0, hi=5.0) == 0.5  # (0 + 2/4 + 4/4) / 3


def test_9_proimage():
    structure = Structure.of([-1, 0, 0, 0, -1, 4])
    assert score("proimage", [0.0, 0.0, 1.0, 1.0], 1.0, structure) == pytest.approx((0.25 + 1) / 2)


def test_10_mind2web2():
    structure = Structure.of([-1, 0, 0, 0, 0], critical=[False, True, False, False, False])
    assert score("mind2web2", [1.0, 1.0, 0.0, 1.0], 1.0, structure) == pytest.approx(2 / 3)
    assert score("mind2web2", [0.0, 1.0, 1.0, 1.0], 1.0, structure) == 0.0
    sequence = Structure.of([-1, 0, 0, 0], sequential=[True, False, False, False])
    assert score("mind2web2", [1.0, 0.0, 1.0], 1.0, sequence) == pytest.approx(1 / 3)


def test_11_sedareval():
    structure = Structure.of([-1, -1, -1], weight=[2.0, 3.0, 1.0], deduction=[0.0, 0.0, 1.0], max_total=5.0)
    assert score("sedareval", [1.0, 1.0, 1.0], [2.0, 3.0, 1.0], structure) == 4.0


def test_12_quarkmed():
    names = ("essential",) * 3 + ("highlight",) * 3 + ("pitfall",)
    tags = ((),) * 3 + (("care",), ("safety",), ("evidence",)) + ((),)
    structure = Structure.of([-1] * 7, classes=names, tags=tags)
    weights = [1.0, 1.0, 1.0, 2.0, 3.0, 3.0, -3.0]
    padded, sound = [1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 0.25, 1 / 6, 1 / 6, 0.0]
    assert score("quarkmed", padded, weights, structure) == pytest.approx(0.40)
    assert score("quarkmed", sound, weights, structure) == pytest.approx(0.675)


def test_13_openrs():
    structure = Structure.of([-1] * 4, classes=("core", "core", "core", "fatal"))
    assert score("openrs", [1.0, 1.0, 1.0, 0.25], 1.0, structure, lo=-2.0, hi=2.0) == -1.0
    assert float(named("openrs").total([1.0] * 10 + [-1.0] * 5 + [0.0] * 85)) == pytest.approx(2 / 3)
    assert float(named("openrs", ties="half").total([1.0] * 10 + [-1.0] * 5 + [0.0] * 85)) == pytest.approx(0.525)


@pytest.mark.parametrize("name", ["orbit", "automed"])
def test_14_points_with_signed_fallback(name):
    assert score(name, [1.0] * 4, POINTS) == pytest.approx(-0.2)
    assert score(name, [1.0, 0.0], [-3.0, -1.0]) == -0.75


def test_15_arcane():
    stages = Stages.of(
        [
            {"id": "gate", "required": True, "min_score": 1.0, "max_points": 1.0, "on_failure": "stop"},
            {"id": "quality", "max_points": 5.0},
        ]
    )
    structure = Structure.of([-1] * 3, stage=[0, 1, 1], stages=stages, max_total=5.5)
    weights = [1.0, 3.0, 4.0]
    assert score("arcane_staged", [1.0, 1.0, 1.0], weights, structure) == 5.5  # 1 + min(7, 5), capped
    assert score("arcane_staged", [0.5, 1.0, 1.0], weights, structure) == 0.0
    assert score("arcane_flat", [0.9, 0.47, 0.51], [0.6, 0.2, 0.2]) == pytest.approx(0.54 + 0.094 + 0.102)


def test_16_writingbench():
    policy = named("writingbench")
    scores = as_scores([[1.0, 0.0], [1 / 3, 0.0]], lo=1.0, hi=10.0, asked=[[True, True], [True, False]])
    rewards = policy.score(scores)
    assert rewards.values.tolist() == [5.5, 4.0]
    assert float(policy.total(rewards)) == 5.0  # (10 + 1 + 4) / 3


def test_17_rubric_library():
    assert score("rubric_lib", [0.0, 1.0], [5.0, -3.0]) == 0.0
    assert score("rubric_lib", [1.0, 1.0], [5.0, -3.0]) == 0.4
    assert score("rubric_lib", [1.0, 0.0], [-3.0, -1.0]) == 0.25
    assert score("rubric_lib_raw", [1.0, 1.0], [5.0, -3.0]) == 2.0


def test_18_search_gen_v():
    assert score("search_gen_v", [1.0, 0.5, 0.0, 0.0]) == 0.375


def test_19_draco():
    assert score("draco", [1.0, 1.0], [4.0, -2.0]) == 0.5
    assert score("draco", [0.0, 1.0], [4.0, -2.0]) == 0.0


def test_20_margins():
    assert score("c2_margin", [0.75]) == pytest.approx(math.log(3))
    assert score("rlbff", [0.25]) == pytest.approx(-math.log(3))
    assert score("log_margin", [0.5]) == 0.0
    assert score("autorubric_t2i", [0.9, 0.2], [2.0, 0.5]) == pytest.approx(1.9)


@pytest.mark.parametrize(
    "name", ["healthbench", "prbench", "orbit", "automed", "researchrubrics", "rubric_lib", "draco"]
)
@pytest.mark.parametrize("missing", ["drop_sample", "worst_case"])
def test_lost_negative_verdicts_never_pay(name, missing):
    found = named(name, missing=missing).score(as_scores([[1.0, 1.0, NAN, NAN]], POINTS)).values[0]
    assert math.isnan(found) or found <= 0.0
