import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import RubricError
from rubricate.rubrics import Rubric
from rubricate.rubrics.merge import merge


def rubric(name, *criteria, **fields):
    return Rubric(id=name, criteria=[{"text": f"Text of {c['id']}."} | c for c in criteria], **fields)


def test_equal_texts_become_one_and_the_map_says_so():
    a = rubric("a", {"id": "x", "text": "Warm the pot."}, {"id": "y", "text": "Name a time."})
    b = rubric("b", {"id": "p", "text": "name  a TIME"}, {"id": "q", "text": "Mention milk."})
    merged = merge(a, b, id="ab")
    assert [c.id for c in merged.rubric.criteria] == ["x", "y", "q"]
    assert merged.ids == {("a", "x"): "x", ("a", "y"): "y", ("b", "p"): "y", ("b", "q"): "q"}
    assert merged.rubric.provenance.source == "a, b"
    assert merged.rubric.locked is None


def test_axes_stand_together_in_order_of_appearance():
    a = rubric("a", {"id": "1", "axis": "style"}, {"id": "2", "axis": "content"})
    b = rubric("b", {"id": "3", "axis": "style"}, {"id": "4", "axis": "safety"})
    assert [c.id for c in merge(a, b, id="ab").rubric.criteria] == ["1", "3", "2", "4"]


def test_provenance_and_evidence_are_kept():
    a = rubric("a", {"id": "x", "text": "T.", "evidence": [{"text": "one"}]})
    b = rubric(
        "b",
        {"id": "y", "text": "t", "evidence": [{"text": "one"}, {"text": "two"}]},
        {"id": "z", "provenance": {"generator": "m", "source": "paper"}},
    )
    one, two = merge(a, b, id="ab").rubric.criteria
    assert [e.text for e in one.evidence] == ["one", "two"]
    assert one.provenance.source == "a"
    assert (two.provenance.generator, two.provenance.source) == ("m", "paper")


ONE_TEXT = (rubric("a", {"id": "x", "text": "T.", "weight": 1}), rubric("b", {"id": "y", "text": "T.", "weight": 2}))
ONE_ID = (rubric("a", {"id": "x", "text": "T."}), rubric("b", {"id": "x", "text": "U."}))


@pytest.mark.parametrize(("pair", "said"), [(ONE_TEXT, "differ in weight"), (ONE_ID, "have the id 'x'")])
def test_a_conflict_is_an_error_unless_said_otherwise(pair, said):
    with pytest.raises(RubricError, match=said):
        merge(*pair, id="ab")


def test_first_keeps_the_first():
    merged = merge(*ONE_TEXT, id="ab", on_conflict="first")
    assert [(c.id, c.weight) for c in merged.rubric.criteria] == [("x", 1)]
    assert merged.ids["b", "y"] == "x"
    merged = merge(*ONE_ID, id="ab", on_conflict="first")
    assert [c.text for c in merged.rubric.criteria] == ["T."]
    assert ("b", "x") not in merged.ids


def test_rename_keeps_both():
    assert [(c.id, c.weight) for c in merge(*ONE_TEXT, id="ab", on_conflict="rename").rubric.criteria] == [
        ("x", 1),
        ("y", 2),
    ]
    merged = merge(*ONE_ID, id="ab", on_conflict="rename")
    assert [(c.id, c.text) for c in merged.rubric.criteria] == [("x", "T."), ("b.x", "U.")]
    assert merged.ids["b", "x"] == "b.x"


def test_renaming_avoids_names_that_are_taken():
    a = rubric("a", {"id": "x", "text": "T."}, {"id": "b.x", "text": "V."})
    b = rubric("b", {"id": "x", "text": "U."})
    assert merge(a, b, id="ab", on_conflict="rename").ids["b", "x"] == "b.x-2"


def test_trees_are_compared_and_renamed_whole():
    tree = {"id": "t", "text": "Tree.", "children": [{"id": "l", "text": "Leaf."}]}
    equal = {"id": "u", "text": "tree", "children": [{"id": "m", "text": "LEAF"}]}
    other = {"id": "v", "text": "Other.", "children": [{"id": "l", "text": "Else."}]}
    merged = merge(rubric("a", tree), rubric("b", equal), rubric("c", other), id="abc", on_conflict="rename")
    assert [c.id for c in merged.rubric.walk()] == ["t", "l", "v", "c.l"]
    assert merged.ids["b", "m"] == "l"
    differing = equal | {"children": [{"id": "m", "text": "Leaf.", "weight": 3}]}
    with pytest.raises(RubricError, match="differ in children"):
        merge(rubric("a", tree), rubric("b", differing), id="ab")


def test_a_similarity_may_be_passed_in():
    a, b = rubric("a", {"id": "x", "text": "Warm the pot."}), rubric("b", {"id": "y", "text": "Heat the pot."})
    assert len(merge(a, b, id="ab").rubric.criteria) == 2
    alike = merge(a, b, id="ab", same=lambda one, two: one.split()[1:] == two.split()[1:])
    assert [c.text for c in alike.rubric.criteria] == ["Warm the pot."]
    assert alike.ids["b", "y"] == "x"


def test_settings_must_agree_and_lists_are_joined():
    a = rubric("a", {"id": "x"}, policy="prbench", blocked_sources=["s1"], domain="law", prompt_id="p")
    b = rubric("b", {"id": "y"}, policy="orbit", blocked_sources=["s2", "s1"], domain="health", prompt_id="p")
    with pytest.raises(RubricError, match="differ in policy"):
        merge(a, b, id="ab")
    merged = merge(a, b, id="ab", on_conflict="first").rubric
    assert merged.policy.name == "prbench"
    assert merged.blocked_sources == ("s1", "s2")
    assert (merged.domain, merged.prompt_id) == ("", "p")


def test_wrong_calls_are_refused():
    a = rubric("a", {"id": "x"})
    with pytest.raises(RubricError, match="ids of their own"):
        merge(a, a, id="aa")
    with pytest.raises(RubricError, match="one rubric or more"):
        merge(id="none")
    with pytest.raises(RubricError, match="on_conflict='last'"):
        merge(a, id="b", on_conflict="last")


TEXTS = st.lists(st.sampled_from(["One.", "two", "Two.", "Three", "THREE."]), min_size=1, max_size=5, unique=True)


@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_every_criterion_has_a_place_and_every_text_stands_once(lists):
    rubrics = [
        Rubric(id=f"r{k}", criteria=[{"id": f"c{i}", "text": t} for i, t in enumerate(texts)])
        for k, texts in enumerate(lists)
    ]
    merged = merge(*rubrics, id="all", on_conflict="rename")
    kept = {c.id: c.text for c in merged.rubric.criteria}
    folded = [t.lower().rstrip(".") for t in kept.values()]
    assert len(set(folded)) == len(folded)
    assert {t.lower().rstrip(".") for texts in lists for t in texts} == set(folded)
    for r in rubrics:
        for c in r.criteria:
            assert kept[merged.ids[r.id, c.id]].lower().rstrip(".") == c.text.lower().rstrip(".")
