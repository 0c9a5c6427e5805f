import pytest

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.code_output import code_output, same_output

DOUBLE = "print(int(input()) * 2)"
CASES = [{"stdin": "3\n", "stdout": "6\n"}, {"stdin": "-1", "stdout": "-2"}, {"stdin": "x", "stdout": "0"}]


def run(code, cases, **settings):
    return code_output(Sample("a", (), f"```py\n{code}\n```"), cases, **settings)


def test_the_share_of_cases():
    outcome = run(DOUBLE, CASES)
    assert outcome.value == pytest.approx(2 / 3)
    assert "case 3: error ValueError" in outcome.reason
    assert run("print(6)", CASES[:2]).value == 0.5
    assert run("", CASES).value == 0.0
    assert run("while True: pass", CASES[:1], seconds=1.0).reason == "0 of 1 cases passed. case 1: timed_out"


def test_a_right_output_with_a_wrong_end_does_not_pass():
    assert run("print(6)\nraise SystemExit(1)", CASES[:1]).value == 0.0
    assert run("print(6)\nimport os, sys\nsys.stdout.flush()\nos._exit(0)", CASES[:1]).value == 1.0


@pytest.mark.parametrize(
    ("found", "expected", "compare", "tolerance", "same"),
    [
        ("a \nb\n\n", "a\nb", "lines", 0, True),
        ("a\n\nb", "a\nb", "lines", 0, False),
        (" a", "a", "lines", 0, False),
        ("a\n", "a", "exact", 0, False),
        ("a  b\nc", "a b c", "tokens", 0, True),
        ("a b", "a b c", "tokens", 0, False),
        ("1.0", "1", "tokens", 0, False),
        ("1.0", "1", "tokens", 1e-9, True),
        ("nan", "1", "tokens", 0.5, False),
        ("1.2", "1", "tokens", 0.1, False),
        ("x", "1", "tokens", 0.1, False),
    ],
)
def test_comparisons(found, expected, compare, tolerance, same):
    assert same_output(found, expected, compare, tolerance) is same


@pytest.mark.parametrize(
    "bad", [{"compare": "words"}, {"tolerance": -1}, {"tolerance": 0.1}, {"cases": []}, {"cases": [{"stdin": "x"}]}, {"cases": "x"}]
)  # fmt: skip
def test_bad_settings_are_refused(bad):
    with pytest.raises(SettingError):
        run(DOUBLE, **{"cases": CASES} | bad)
