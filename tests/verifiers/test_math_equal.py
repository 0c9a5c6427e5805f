"""Right, wrong, or no verdict: sixty pairs, extraction, limits, and answers that attack the reader."""

import pytest

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.math_equal import formula, math_equal
from rubricate.verifiers.numeric_units import numeric_units
from rubricate.verifiers.sandbox.inside.math_forms import decimals, form, number

SAME = [
    (r"\frac{32}{11}", "2.909"),
    (r"\frac{32}{11}", "32/11"),
    (r"\sec^2 x", r"1+\tan^2 x"),
    ("1", r"\sec^2 x - \tan^2 x"),
    ("(x+1)^2", "x^2+2x+1"),
    ("n(n+1)/2", r"\frac{n^2+n}{2}"),
    (r"\{1,2,3\}", "3, 2, 1"),
    ("[0,1)", "[0, 1.0)"),
    (r"\left(1,2\right)", "(1, 2)"),
    (r"(0,1)\cup(2,3)", r"(2,3)\cup(0,1)"),
    ("50%", "0.5"),
    ("1,234", "1234"),
    ("x=3", "3"),
    (r"x=3 \text{ or } x=-2", "-2, 3"),
    (r"\pm 3", "3, -3"),
    ("sqrt(8)", r"2\sqrt{2}"),
    (r"e^{i\pi}", "-1"),
    ("5x<15", "x<3"),
    ("y=2x+1", "2y=4x+2"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{bmatrix}1&2\\3&4\end{bmatrix}"),
]
NEAR = [
    (r"\frac{32}{11}", "2.908"),
    (r"\frac{32}{11}", "2.9"),
    (r"\frac{32}{11}", r"\frac{11}{32}"),
    ("(x+1)^2", "x^2+2x+2"),
    ("n(n+1)/2", "n(n-1)/2"),
    (r"\{1,2,3\}", "1, 2"),
    (r"\{1,2,3\}", r"\{1,2,4\}"),
    ("[0,1)", "[0,1]"),
    ("(1,2)", "(2,1)"),
    ("50%", "5"),
    ("1,234", "1.234"),
    ("x=3", "x=-3"),
    ("3", r"x = 3 \text{ or } x = -2"),
    (r"2\sqrt{2}", r"3\sqrt{2}"),
    (r"2\pi", "3.14"),
    ("x<3", r"x \le 3"),
    (r"\infty", "5"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix}1&2\\3&5\end{pmatrix}"),
    ("B", "(C)"),
    ("2", "2.0000001"),
]
UNITS = [
    ("9.81 m/s^2", "981 cm/s²", 1),
    ("3 km", "3000 m", 1),
    ("1 kWh", "3.6 MJ", 1),
    ("100 km/h", "27.78 m/s", 1),
    ("25 °C", "298.15 K", 1),
    ("4.7 kΩ", "4700 Ω", 1),
    ("1 L", "1000 mL", 1),
    ("3 h", "180 min", 1),
    ("20 dB", "20 dB", 1),
    ("2 N m", "2 J", 1),
    ("9.81 m/s^2", "9.81 m/s", 0),
    ("3 km", "3 kg", 0),
    ("3 km", "3 m", 0),
    ("25 °C", "25 K", 0),
    ("20 dB", "20", 0),
    ("12 V", "12 A", 0),
    ("5 s", "5 min", 0),
    ("1 L", "1 mL", 0),
    ("100 km/h", "100 m/s", 0),
    ("1 kWh", "1 MJ", 0),
]


def run(found, expected, **settings):
    return math_equal(Sample("a", (), rf"So it is \boxed{{{found}}}."), expected, **settings)


@pytest.mark.parametrize(("expected", "found"), SAME)
def test_equal_in_another_form(expected, found):
    assert run(found, expected).value == 1.0
    assert run(expected, found).value == 1.0


@pytest.mark.parametrize(("expected", "found"), NEAR)
def test_near_misses_are_certified_wrong(expected, found):
    assert run(found, expected).value == 0.0
    assert run(expected, found).value == 0.0


@pytest.mark.parametrize(
    ("expected", "found", "units", "value"),
    [
        ("3 kg", "3 kg", "strict", 1.0),
        ("3 kg", "4 kg", "lenient", 0.0),
        (r"12\text{ cm}", "12", "lenient", 1.0),
        (r"12\text{ cm}", "12", "strict", None),
        (r"12\text{ cm}", "12 cm", "strict", 1.0),
        ("2 x", "2*x", "strict", 1.0),
        ("log_2(8)", "3", "strict", 1.0),
        ("log(9)", "2*log(3)", "strict", 1.0),
    ],
)
def test_units_and_logarithms(expected, found, units, value):
    assert run(found, expected, units=units).value == value


def test_sixty_pairs_of_card_16_and_the_comparison_of_texts():
    """Card 16: the cascade gets at least 0.95 of 60 pairs, equality of texts at most 0.45."""
    pairs = [(e, f, 1) for e, f in SAME] + [(e, f, 0) for e, f in NEAR]
    ours = [run(f, e).value == v for e, f, v in pairs]
    ours += [numeric_units(Sample("a", (), f), e).value == v for e, f, v in UNITS]
    texts = [(e == f) == bool(v) for e, f, v in pairs + UNITS]
    assert len(ours) == 60
    assert sum(ours) / 60 >= 0.95
    assert sum(e == f for e, f, v in pairs + UNITS if v) / 30 <= 0.45
    assert sum(texts) / 60 <= 0.55  # half of the pairs differ in truth, and texts that differ get those


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("x", "y"),
        (r"\sqrt{x^2}", "x"),
        (r"\log x^2", r"2\log x"),
        (r"12\text{ cm}", r"12\text{ m}"),
        ("(1,2)", "[1,2]"),
        ("5", r"\mathcal{Q}"),
        ("the empty set", "nothing"),
        ("{{{", "5"),
        ("3 kg", "3 g"),
        ("250 cm", "2.5 m"),
        ("2 m", "2 s"),
        ("3ab", "3"),
        ("exp(log(5))", "5"),
        (r"\log 100", "2"),
    ],
)
def test_what_cannot_be_told_gets_no_verdict(expected, found):
    outcome = run(found, expected)
    assert outcome.value is None
    assert "cannot tell" in outcome.reason or "no final answer" in outcome.reason


def test_a_time_limit_is_no_verdict():
    outcome = run("9^{9^{9^9}}", "5", seconds=1.0)
    assert outcome.value is None
    assert "timed_out" in outcome.reason or "cannot tell" in outcome.reason


@pytest.mark.parametrize(
    "hostile",
    [
        "__import__('os').write(3, b'\"right\"')",
        r"\text{__import__('os').write(3, b'right')}",
        '"right"',
        "(lambda: 1)()",
        r"\frac{" * 100,
        "9" * 399,
        r"\sqrt" * 79,
        "x" * 399,
        "(" * 399,
        "1/0",
    ],
)
def test_no_answer_makes_itself_right(hostile):
    assert run(hostile, "5", seconds=2.0).value in (0.0, None)


def test_settings():
    assert run("2.91", r"\frac{32}{11}", significant=0).value == 0.0
    assert run("2.91", r"\frac{32}{11}", rel_tol=0.01).value == 1.0
    assert run("2, 1", "1, 2").value == 1.0
    assert run("2, 1", "1, 2", ordered=True).value == 0.0
    assert math_equal(Sample("a", (), "#### 42", reference="6 x 7 = 42\n#### 42")).value == 1.0
    assert math_equal(Sample("a", (), "42")).value is None
    assert math_equal(Sample("a", (), ""), "42").value == 0.0
    for bad in ({"rel_tol": 1}, {"rel_tol": -1}, {"significant": -1}, {"seconds": 0}):
        with pytest.raises(SettingError):
            run("1", "1", **bad)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"First \boxed{1}, at last \boxed{\frac{1}{\sqrt{2}}}.", r"\frac{1}{\sqrt{2}}"),
        ("It costs $5 and $6", "It costs $5 and $6"),
        ("work\n#### 1,234\n", "1,234"),
        ("The answer is $x = 3$.", "x = 3"),
        ("Final answer: **B**", "B"),
        ("We get $a$ and then $$b + c$$ there", "b + c"),
        ("one\n\n 42. \n", "42"),
        ("", ""),
    ],
)
def test_what_is_compared(text, answer):
    assert formula(text) == answer


def test_forms_and_numbers():
    assert form(r"\{\}").parts == ()
    assert form("[1, (2, 3)]").parts == ("1", "(2, 3)")
    assert form("f(1, 2)").parts == ("f(1, 2)",)
    assert form("(1)(2)").brackets == ""
    assert form("1,234,567.5").parts == ("1234567.5",)
    assert form("1,23").parts == ("1", "23")
    assert form(r"50\%").percent
    assert number("1/0") is None
    assert number("1" * 61) is None
    assert number(".") is None
    assert decimals("-0.0050") == (4, 2)
