import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError
from rubricate.rewards.sets import f_beta
from rubricate.types import Sample
from rubricate.verifiers.sets import set_f1

GOLD = ["joy", ["sadness", "sorrow"], "anger"]


def say(text):
    return Sample("s", (), text)


def test_by_hand():
    found = set_f1(say("Joy; Sorrow!, fear"), GOLD)  # 2 hits of 3 named, 3 gold
    assert found.value == pytest.approx(2 * 2 / 6)
    assert found.reason == '3 items named, 2 of 3 right; missing "anger"'
    assert set_f1(say("joy, sadness, anger"), GOLD).value == 1
    assert set_f1(say(""), GOLD).value == 0


def test_repeats_and_second_names_cost_precision():
    assert set_f1(say("joy, joy, joy"), GOLD).value == pytest.approx(2 / 6)
    assert set_f1(say("sadness, sorrow"), GOLD).value == pytest.approx(2 / 5)


def test_a_list_of_everything_is_cut_off():
    everything = "joy, sadness, anger, " + ", ".join(f"x{k}" for k in range(9))
    assert set_f1(say(everything), GOLD, beta=2).value == pytest.approx(5 * 3 / (4 * 3 + 12))
    assert set_f1(say(everything), GOLD, max_items=5).value == 0


@given(
    st.lists(st.sampled_from("abcde")), st.sets(st.sampled_from("abcd"), min_size=1), st.sampled_from([0.5, 1.0, 2.0])
)
def test_it_is_the_measure_of_rewards(named, gold, beta):
    counts = [[float(named.count(x)) for x in "abcde"]]
    wanted = f_beta(counts, [float(x in gold) for x in "abcde"], beta=beta)[0]
    assert set_f1(say(", ".join(named)), sorted(gold), beta=beta).value == pytest.approx(wanted)


@pytest.mark.parametrize("wrong", [{"expected": "joy"}, {"expected": [[]]}, {"expected": ["a", "A!"]}, {"beta": 0}])
def test_wrong_settings(wrong):
    with pytest.raises(SettingError):
        set_f1(say("joy"), **{"expected": GOLD} | wrong)
