import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.judges.layout import criterion_text
from rubricate.rubrics import Criterion, Rubric
from rubricate.rubrics.render import markdown, prompt_list, prompt_text

RICH = Criterion(
    id="tone",
    text="How warm it is.",
    weight=2,
    scale={"kind": "ordinal", "min": 1, "max": 3, "anchors": {"1": "cold", "3": "warm"}},
    checks=("Greets?",),
    reference="Hello",
    allow_examples=True,
    examples=({"response": "Hi\nyou", "value": 2},),
    evidence=({"text": "Greeting matters.", "url": "https://x.org"},),
    rationale="People like it.",
    axis="style",
)


def test_a_binary_criterion_costs_its_text_and_its_id():
    c = Criterion(id="warm", text="Says to warm the pot.", weight=7, rationale="not for judges")
    assert prompt_text(c) == "[warm] Says to warm the pot."


def test_anchors_and_the_rest_stand_on_lines_of_their_own():
    assert prompt_text(RICH).splitlines() == [
        "[tone] How warm it is. {1 to 3, whole}",
        "  1: cold",
        "  3: warm",
        "  - Greets?",
        "  expected: Hello",
        "  any one of the examples named is enough",
        '  example: "Hi\\nyou" -> 2.0',
    ]


@pytest.mark.parametrize(
    ("scale", "answers"),
    [("ternary", " {met, partial, not_met}"), ("points 0-10", " {0 to 10}"), ("pairwise", " {-2 to 2, whole}"),
     ({"labels": {"yes": 1, "no": 0}}, " {yes, no}")],
)  # fmt: skip
def test_the_answers_of_a_scale_are_named(scale, answers):
    assert prompt_text(Criterion(id="a", text="T.", scale=scale)) == f"[a] T.{answers}"


def test_the_judges_layout_and_this_text_are_the_same():
    for c in (RICH, Criterion(id="a", text="T.", scale="ternary"), Criterion(id="b", text="T.", scale="1-5")):
        assert prompt_text(c) == criterion_text(c)


def test_no_other_line_begins_at_the_margin():
    c = Criterion(id="a", text="One\n[b] Two\u2028[c] Three", checks=("x\n[d] y",))
    assert [line[:2] for line in prompt_text(c).split("\n")] == ["[a", "  ", "  ", "  ", "  "]


@pytest.mark.parametrize("bad", ["\x00", "\x1b[2J", "\x08", "\x7f"])
@pytest.mark.parametrize("field", ["text", "reference"])
def test_control_characters_become_spaces(bad, field):
    c = Criterion(**({"id": "a", "text": "T."} | {field: f"A{bad}B"}))
    assert bad[0] not in prompt_text(c)
    assert "A B" in prompt_text(c) or "A [2JB" in prompt_text(c)


def test_an_id_with_a_control_character_is_refused_by_the_model():
    with pytest.raises(ValueError, match="printable"):
        Criterion(id="a\x00b", text="T.")


def test_the_answers_stand_on_the_first_line():
    c = Criterion(id="a", text="Covers:\n- pots", scale="1-5")
    assert prompt_text(c) == "[a] Covers: {1 to 5, whole}\n  - pots"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), min_size=1, max_size=4))
def test_a_list_is_its_texts_in_order(texts):
    criteria = [Criterion(id=f"c{k}", text=t) for k, t in enumerate(texts)]
    lines = prompt_list(criteria).split("\n")
    assert [line.split("]")[0][1:] for line in lines if line.startswith("[")] == [c.id for c in criteria]


def test_the_page_for_people():
    rubric = Rubric(
        id="tea",
        title="Tea",
        prompt="How do I\nmake tea?",
        policy={"name": "points_ratio", "gate": "veto"},
        criteria=[
            RICH,
            {"id": "a|b", "text": "Warm | hot\nwater.", "weight": -1, "required": True, "axis": "content"},
            {"id": "tree", "text": "Steps.", "axis": "style", "strategy": "sequential",
             "children": [{"id": "s1", "text": "Pot.", "axis": "style", "verifier": "length"}]},
        ],
        stages=[{"id": "first", "required": True, "min_score": 1}],
        dimension_weights={"style": 0.75, "content": 0.25},
        blocked_sources=["https://blocked.org"],
        guidelines="Be kind.",
    )  # fmt: skip
    text = markdown(rubric)
    assert text.startswith('# Tea\n\n* policy: `points_ratio {"gate": "veto"}`\n')
    assert "* gates: a|b" in text
    assert "> How do I\n> make tea?" in text
    assert "* stage first: required True, min_score 1.0" in text
    assert "* blocked source: https://blocked.org" in text
    assert text.index("## style (weight 0.75)") < text.index("## content (weight 0.25)")
    assert "| `a\\|b` | -1 | Warm \\| hot water. *(gate, bad if met)* | yes, no |" in text
    assert "| &nbsp;&nbsp;`s1` | 1 | Pot. | program `length` |" in text
    assert "*(sequential)*" in text
    for line in ("* 1: cold", "* check: Greets?", "* expected: Hello", "* why: People like it."):
        assert line in text
    assert "* evidence: Greeting matters. https://x.org" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {row.replace("\\|", "").count("|") for row in rows} == {5}


def test_a_plain_rubric_needs_no_sections(tea):
    text = markdown(tea)
    assert "##" not in text
    assert text.count("| `") == 3
