import pytest

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.final_answer import final_answer, has_final_answer, says_something
from rubricate.verifiers.same_answer import same_answer
from rubricate.verifiers.segments import sentence_spans, sentences


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"\boxed{1} or \boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{1", r"\boxed{1"),
        ("<answer>a</answer> then <answer>b</answer>", "b"),
        ("The answer is 42.", "42"),
        ("**Final Answer:** 3/4", "3/4"),
        ("#### 18", "18"),
        ("答案是 7", "7"),
        ("first line\n\nthe last line.", "the last line"),
        ("Yes", "Yes"),
        ("No.", "No"),
        ("We can use a hash map", "We can use a hash map"),
        ("Let's see. It is Paris.", "Let's see. It is Paris"),
        ("Let's compute: 6 x 7 = 42", "Let's compute: 6 x 7 = 42"),
        ("The answer is", None),
        ("<answer> </answer>", None),
        ("Let us compute the sum of the two given numbers.", None),
        ("Okay. Let me think step by step.", None),
        ("Step 3:", None),
    ],
)
def test_the_final_answer(text, answer):
    assert final_answer(text) == answer


def test_says_something():
    assert says_something("x = 3")
    assert not says_something("Solution: ")
    assert not says_something("......")


def test_the_gate_as_a_verifier():
    assert has_final_answer(Sample("s", (), "Solution")).value == 0.0
    assert has_final_answer(Sample("s", (), "It is 7.")).value == 1.0
    assert has_final_answer(Sample("s", (), "7"), min_chars=2).value == 0.0
    assert has_final_answer(Sample("s", (), "<think>7 it is</think>")).value == 0.0
    with pytest.raises(SettingError):
        has_final_answer(Sample("s", (), "7"), min_chars=0)


@pytest.mark.parametrize(
    ("response", "reference", "value"),
    [
        ("42", "42", 1.0),
        ("The answer is 42", "42.0", 1.0),
        ("41", "42", 0.0),
        ("12 m", "12", None),
        ("3x", "3", None),
        ("1/2", r"\frac{1}{2}", 1.0),
        ("Paris", "paris", 1.0),
        ("Paris", "Lyon", None),
        ("45%", "0.45", None),
        ("2.909", "32/11", None),  # it may be rounded
        ("2.5", "32/11", 0.0),
        ("Solution", "3", 0.0),
        ("1,200", "1200", 1.0),
        ("−3", "3", 0.0),
        ("$x+1$", "x + 1", 1.0),
    ],
)
def test_the_rule_certifies_both_sides_or_nothing(response, reference, value):
    assert same_answer(Sample("s", (), response, reference=reference)).value == value


def test_rule_settings():
    sample = Sample("s", (), "41", reference="42")
    assert same_answer(sample, certify_wrong=False).value is None
    assert same_answer(sample, expected=["40", "41"]).value == 1.0
    assert same_answer(Sample("s", (), "41")).value is None
    with pytest.raises(SettingError, match="near"):
        same_answer(sample, rel_tol=0.1, near=0.01)


TRICKY = [
    'He said "Stop." Then he left. Dr. Wu stayed…',
    "“Ça va?” dit-elle. 我爱茶。你呢?好!",
    "1. First item\n2. Second item\n\n- a dash 😀 done. Ünï cödé e\u0301nd!",
    "",
    "   ",
    "no stop at all",
]


@pytest.mark.parametrize("text", TRICKY)
def test_spans_cut_what_sentences_says(text):
    spans = sentence_spans(text)
    assert [text[a:b] for a, b in spans] == sentences(text)
    flat = [k for span in spans for k in span]
    assert flat == sorted(flat)
    covered = set().union(*(range(a, b) for a, b in spans))
    assert all(text[k].isspace() for k in range(len(text)) if k not in covered)
