"""The game between a writer that hides flaws and a judge with rules, with scripted players."""

import numpy as np
import pytest

from rubricate.errors import SettingError
from rubricate.refine import Case, Finding, RuleGame


class Script:
    """Plays back texts; the judge finds a text bad when a rule is a word of it."""

    def __init__(self, *texts):
        self.texts = list(texts)
        self.seen = []

    def write(self, attack, rng):
        self.seen.append(attack)
        text = self.texts.pop(0)
        return Case(text, "ok" in text)

    def judge(self, rules, text):
        caught = [w for w in text.split() if w in rules]
        return Finding(not caught, "rules", f"hide {caught[0]}" if caught else "")

    def reflect(self, rules, case, finding):
        return "" if case.good else case.text.split()[0]

    def merge(self, rules, hint, limit):
        return [*rules, hint]


RNG = np.random.default_rng(0)


def test_the_judge_learns_from_misses_and_the_writer_from_being_caught():
    script = Script("dull end", "ok", "dull again", "stale end", "ok", "ok")
    played = RuleGame(rounds=3, batch=2).play(script, RNG)
    assert played.rules == ("dull", "stale")
    assert played.attack == ("hide dull",)
    assert played.right == (0.5, 0.5, 1.0)
    assert script.seen == [()] * 4 + [("hide dull",)] * 2
    assert not played.warnings


def test_without_the_reflector_nothing_is_learned():
    played = RuleGame(rounds=1, batch=2, reflect=False).play(Script("dull", "dull"), RNG)
    assert played.rules == ()
    assert played.right == (0.0,)


def test_known_cases_teach_the_judge_and_not_the_writer():
    cases = [Case("dull a", False), Case("dull b", False), Case("ok", True)]
    played = RuleGame(rounds=1, batch=2).play(Script("ok", "ok"), RNG, cases=cases)
    assert played.rules == ("dull",)
    assert played.attack == ()
    assert played.right == (1.0, 0.5, 1.0)


@pytest.mark.parametrize(
    ("merged", "rules", "warning"),
    [
        ([" ", ""], ("a", "b", "c"), "a merge to 0 rules was refused (1 to 3 are allowed)"),
        (list("wxyz"), ("a", "b", "c"), "a merge to 4 rules was refused (1 to 3 are allowed)"),
        (["one ", "one"], ("one",), "a merge cut 3 rules to 1"),
    ],
)
def test_a_merge_that_empties_or_overfills_is_refused_and_one_that_halves_is_reported(merged, rules, warning):
    script = Script("dull")
    script.merge = lambda *_: merged
    played = RuleGame(rounds=1, batch=1, max_rules=3).play(script, RNG, rules=["a", "b", "c"])
    assert played.rules == rules
    assert played.warnings == (warning,)


def test_settings_are_checked():
    with pytest.raises(SettingError, match="batch=0"):
        RuleGame(batch=0)
